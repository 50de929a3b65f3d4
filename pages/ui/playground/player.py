"""A Play button and slider that turn the `step` sliders of the charts on the page, in the browser alone."""

import streamlit as st

_HTML = """
<div class="player">
  <button type="button" aria-label="Play"></button>
  <input type="range" min="0" step="1" aria-label="Step">
  <output></output>
</div>
"""

_CSS = """
.player { display: flex; align-items: center; gap: 0.75rem; font-family: var(--st-font); color: var(--st-text-color); }
.player button {
  min-width: 6.5rem; padding: 0.4rem 0.9rem; cursor: pointer; font: inherit; color: inherit;
  background: transparent; border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius);
}
.player button:hover, .player button:focus-visible { border-color: var(--st-primary-color); }
.player input { flex: 1; min-width: 4rem; accent-color: var(--st-primary-color); }
.player output { min-width: 6.5rem; text-align: right; font-variant-numeric: tabular-nums; }
"""

_JS = """
const players = new WeakMap()

function sliders(container) {
  return document.querySelectorAll(`.st-key-${container} .vega-bind input[name=step]`)
}

class Player {
  constructor(root) {
    this.button = root.querySelector("button")
    this.slider = root.querySelector("input")
    this.output = root.querySelector("output")
    this.button.onclick = () => (this.started === null ? this.play() : this.pause())
    this.slider.oninput = () => { this.pause(); this.show(Number(this.slider.value)) }
    this.started = null
    this.step = 0
    this.timer = setInterval(() => this.tend(), 150)
  }

  take({ container, steps, seconds, token }) {
    const changed = token !== this.token
    Object.assign(this, { container, steps, seconds, token })
    this.slider.max = steps
    if (!changed) return
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.show(steps)
      this.label()
    } else this.play()
  }

  play() {
    const from = this.step < this.steps && this.started === null && this.paused ? this.step : 0
    this.started = performance.now() - (from / this.steps) * this.seconds * 1000
    this.paused = false
    this.label()
    const run = this.started
    const frame = (now) => {
      if (this.started !== run) return
      const step = Math.min(this.steps, Math.floor(((now - run) / (this.seconds * 1000)) * this.steps))
      this.show(Math.max(0, step))
      if (step >= this.steps) { this.started = null; this.label() } else requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  }

  pause() {
    this.paused = this.started !== null && this.step < this.steps
    this.started = null
    this.label()
  }

  show(step) {
    this.step = step
    this.slider.value = step
    this.output.textContent = `step ${step} of ${this.steps}`
    this.tend()
  }

  // Charts come, go and are drawn anew: bring each to the present step, and put its own slider away.
  tend() {
    for (const slider of sliders(this.container)) {
      slider.closest(".vega-bindings").style.display = "none"
      if (Number(slider.value) === this.step) continue
      slider.value = this.step
      slider.dispatchEvent(new Event("input", { bubbles: true }))
      slider.dispatchEvent(new Event("change", { bubbles: true }))
    }
  }

  label() {
    const text = this.started !== null ? "❚❚ Pause" : this.paused ? "▶ Go on" : "▶ Play"
    this.button.textContent = text
    this.button.setAttribute("aria-label", text.slice(2).trim())
  }

  end() {
    this.started = null
    clearInterval(this.timer)
  }
}

export default function ({ data, parentElement }) {
  if (!players.has(parentElement)) players.set(parentElement, new Player(parentElement))
  players.get(parentElement).take(data)
  return () => {
    players.get(parentElement)?.end()
    players.delete(parentElement)
  }
}
"""

_player = st.components.v2.component("anneal_player", html=_HTML, css=_CSS, js=_JS)


def player(container: str, *, steps: int, seconds: float, token: str) -> None:
    """Play the charts in the `st.container` with this key from step 0 to `steps` in `seconds`.

    It plays again whenever `token` changes. Each chart has a slider bound to a parameter named `step`
    (`core.charts.playground`); without scripts the charts keep those sliders and show the whole path. A reader
    who asked for less motion sees the end at once.
    """
    data = {"container": container, "steps": steps, "seconds": seconds, "token": token}
    _player(data=data, key=f"{container}_player")
