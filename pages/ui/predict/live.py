"""The camera live: a frame is answered, then the next one is sent."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.top_classes import top_classes
from core.errors import DataError
from core.runs.folder import RunFolder
from core.runs.threshold import threshold_of
from pages.ui.predict.ready import Ready
from pages.ui.text import literal, percent

TOP = 5
PAUSE_MS = 300
"""Milliseconds between an answer and the next frame."""

MOST_FRAME = 600_000
"""Characters of a frame that are read: about 450 kB; the browser sends about 30 kB."""

KEY, SAID = "predict-live", "predict-live-said"

_HTML = """
<div class="live">
  <video muted playsinline aria-label="What the camera sees"></video>
  <div><button type="button">Start the camera</button> <span role="status"></span></div>
</div>
"""

_CSS = """
.live { display: flex; flex-direction: column; gap: 0.75rem; font-family: var(--st-font); color: var(--st-text-color); }
.live video {
  width: 100%; max-width: 420px; aspect-ratio: 4 / 3; object-fit: cover;
  background: var(--st-secondary-background-color); border-radius: var(--st-base-radius);
}
.live button {
  padding: 0.35rem 0.9rem; cursor: pointer; font: inherit; font-size: 0.9rem; color: inherit;
  background: transparent; border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius);
}
.live button:hover, .live button:focus-visible { border-color: var(--st-primary-color); }
.live button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
.live span { font-size: 0.875rem; }
"""

_JS = """
const cameras = new WeakMap()
const REFUSED = "The browser does not allow the camera. Allow it in the address bar, and start again."
const NONE = "There is no camera on this device."
const INSECURE = "The browser gives the camera only to pages at https:// or on this very machine."

class Camera {
  constructor(root) {
    this.video = root.querySelector("video")
    this.button = root.querySelector("button")
    this.said = root.querySelector("span")
    this.button.onclick = () => (this.stream ? this.stop("") : this.start())
    this.sent = 0
  }

  take({ answered, pause }, send) {
    this.send = send
    if (this.stream && answered === this.sent) {
      clearTimeout(this.timer)
      this.timer = setTimeout(() => this.frame(), pause)
    }
  }

  async start() {
    if (!navigator.mediaDevices) { this.said.textContent = INSECURE; return }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: 640 } })
    } catch (error) {
      this.said.textContent = error.name === "NotFoundError" ? NONE : REFUSED
      return
    }
    this.said.textContent = ""
    this.button.textContent = "Stop the camera"
    this.video.srcObject = this.stream
    await this.video.play()
    this.frame()
  }

  frame() {
    if (!this.stream || document.hidden || !this.video.videoWidth) {
      if (this.stream) this.timer = setTimeout(() => this.frame(), 500)
      return
    }
    const scale = Math.min(1, 480 / Math.max(this.video.videoWidth, this.video.videoHeight))
    const canvas = document.createElement("canvas")
    canvas.width = Math.round(this.video.videoWidth * scale)
    canvas.height = Math.round(this.video.videoHeight * scale)
    canvas.getContext("2d").drawImage(this.video, 0, 0, canvas.width, canvas.height)
    this.sent += 1
    this.send("frame", { number: this.sent, jpeg: canvas.toDataURL("image/jpeg", 0.85).split(",")[1] })
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.frame(), 5000) // an answer that never came
  }

  stop(words) {
    clearTimeout(this.timer)
    for (const track of this.stream?.getTracks() || []) track.stop()
    this.stream = null
    this.video.srcObject = null
    this.button.textContent = "Start the camera"
    this.said.textContent = words
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  if (!cameras.has(parentElement)) cameras.set(parentElement, new Camera(parentElement))
  cameras.get(parentElement).take(data, setTriggerValue)
  return () => {
    cameras.get(parentElement)?.stop("")
    cameras.delete(parentElement)
  }
}
"""

_camera = st.components.v2.component("anneal_live_camera", html=_HTML, css=_CSS, js=_JS)


@st.fragment
def live_view(run: RunFolder, ready: Ready) -> None:
    """The camera beside what the network says of its last frame. Nothing of a frame is kept but that."""
    seen, said = st.columns([3, 2], gap="medium")
    found: Mapping[str, Any] = st.session_state.get(SAID) or {}
    with seen:
        data = {"answered": found.get("number", 0), "pause": PAUSE_MS}
        _camera(data=data, key=KEY, on_frame_change=lambda: _answer(ready))
        st.caption("Frames go to the machine that runs Anneal, are answered, and are forgotten.")
    with said:
        _say(run, ready, found)


def _answer(ready: Ready) -> None:
    """Answer the frame that has just come, before the page is drawn: the next is not sent until it is."""
    frame = st.session_state[KEY].get("frame")
    if not isinstance(frame, Mapping) or not isinstance(frame.get("number"), int):
        return
    said: dict[str, Any] = {"number": frame["number"]}
    try:
        jpeg = str(frame.get("jpeg", ""))
        if len(jpeg) > MOST_FRAME:
            raise DataError("The frame is too large.")
        seen = ready.predictor.see(base64.b64decode(jpeg, validate=True), ".jpg")
        said["probabilities"] = seen.probabilities.tolist()
        said["weights"] = ready.weights
    except (DataError, binascii.Error) as error:
        said["error"] = str(error)
    st.session_state[SAID] = said


def _say(run: RunFolder, ready: Ready, found: Mapping[str, Any]) -> None:
    if "error" in found:
        st.caption(f"A frame could not be read. {literal(found['error'], None)}")
        return
    if found.get("weights") != ready.weights:
        st.caption("Start the camera, and hold something in front of it.")
        return
    classes, least = ready.predictor.classes, threshold_of(run)
    probabilities = np.array(found["probabilities"])
    order = np.argsort(-probabilities, kind="stable")[:TOP]
    name, highest = literal(classes[order[0]], 40), float(probabilities[order[0]])
    st.markdown(f"#### {name}" if highest >= least else f"#### Not sure: perhaps {name}")
    table = pd.DataFrame({"class": [classes[i] for i in order], "probability": probabilities[order]})
    alt = f"The most probable class of this frame has {percent(highest)}"
    st.altair_chart(top_classes(table, least), key="predict-live-classes", alt=alt)
    st.caption(f"Frame {found['number']:,}")
