"""Pasting into an uploader: Ctrl+V anywhere on the page, or a button, gives it the image in the clipboard."""

import streamlit as st

_HTML = """
<div class="paste">
  <button type="button">Paste an image</button>
  <span role="status">or press Ctrl+V (Cmd+V on a Mac)</span>
</div>
"""

_CSS = """
.paste { display: flex; align-items: center; flex-wrap: wrap; gap: 0.75rem; font-family: var(--st-font); color: var(--st-text-color); }
.paste button {
  padding: 0.35rem 0.9rem; cursor: pointer; font: inherit; font-size: 0.9rem; color: inherit;
  background: transparent; border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius);
}
.paste button:hover, .paste button:focus-visible { border-color: var(--st-primary-color); }
.paste button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
.paste span { font-size: 0.875rem; }
"""  # noqa: E501

_JS = """
const listeners = new WeakMap()
let pasted = 0

function give(container, blobs, said) {
  const input = document.querySelector(`.st-key-${container} input[type=file]`)
  if (!input || !blobs.length) return
  const carrier = new DataTransfer()
  for (const blob of blobs) {
    pasted += 1
    const ending = (blob.type.split("/")[1] || "png").replace("jpeg", "jpg").replace(/[^a-z0-9]/g, "")
    const named = blob.name && blob.name !== "image.png" ? blob.name : `pasted ${pasted}.${ending}`
    carrier.items.add(new File([blob], named, { type: blob.type }))
  }
  input.files = carrier.files
  input.dispatchEvent(new Event("change", { bubbles: true }))
  said.textContent = blobs.length === 1 ? "1 image pasted" : `${blobs.length} images pasted`
}

export default function ({ data, parentElement }) {
  const said = parentElement.querySelector("span")
  const onPaste = (event) => {
    const at = event.composedPath()[0]
    if (at instanceof Element && at.closest("input:not([type=file]), textarea, [contenteditable=true]")) return
    const files = [...(event.clipboardData?.files || [])]
    if (!files.length) { said.textContent = "There is no image in the clipboard."; return }
    event.preventDefault()
    give(data.container, files, said)
  }
  document.removeEventListener("paste", listeners.get(parentElement)) // this runs again when the theme changes
  document.addEventListener("paste", onPaste)
  listeners.set(parentElement, onPaste)
  parentElement.querySelector("button").onclick = async () => {
    try {
      const blobs = []
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((type) => type.startsWith("image/"))
        if (type) blobs.push(await item.getType(type))
      }
      if (blobs.length) give(data.container, blobs, said)
      else said.textContent = "There is no image in the clipboard."
    } catch {
      said.textContent = "The browser does not let a button read the clipboard. Press Ctrl+V (Cmd+V on a Mac) instead."
    }
  }
  return () => document.removeEventListener("paste", onPaste)
}
"""

_paste = st.components.v2.component("anneal_paste", html=_HTML, css=_CSS, js=_JS)


def paste_into(container: str) -> None:
    """Let images be pasted into the `st.file_uploader` in the `st.container` with this key."""
    _paste(data={"container": container}, key=f"{container}_paste")
