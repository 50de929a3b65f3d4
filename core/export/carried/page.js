const said = JSON.parse(document.getElementById("description").textContent)
const how = said.preprocessing, TOP = 5

async function inflated(id) {
  const packed = await bytesOf(id)
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

function bytesOf(id) {
  const element = document.getElementById(id), text = atob(element.textContent.trim())
  element.remove()
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at)
  return bytes
}

async function loaded() {
  const program = new Blob([document.getElementById("runtime").textContent], { type: "text/javascript" })
  const address = URL.createObjectURL(program)
  const ort = await import(address)
  URL.revokeObjectURL(address)
  ort.env.wasm.numThreads = 1
  ort.env.wasm.wasmBinary = (await inflated("wasm")).buffer
  const session = await ort.InferenceSession.create(await inflated("model"), { executionProviders: ["wasm"] })
  return async pixels => {
    const input = new ort.Tensor("uint8", pixels, [1, how.size, how.size, 3])
    return Array.from((await session.run({ pixels: input })).probabilities.data)
  }
}

const ready = loaded()
let turn = ready // one picture at a time: the runtime takes no second call while it is at work

function run(pixels) {
  const mine = turn.then(() => ready).then(network => network(pixels))
  turn = mine.catch(() => null)
  return mine
}

const pixelsOfFile = async blob => prepared(await decoded(blob, how.background), how)
const predict = async blob => run(await pixelsOfFile(blob))
window.anneal = { said, ready, pixels: pixelsOfFile, predict }

const element = (name, kind, text) => {
  const made = document.createElement(name)
  if (kind) made.className = kind
  if (text !== undefined) made.textContent = text
  return made
}
const percent = share => `${(100 * share).toFixed(1)}%`
const status = document.getElementById("status"), results = document.getElementById("results")
const say = text => (status.textContent = text)

// The most probable classes as bars; first what is answered, or that it is not sure.
function answer(probabilities) {
  const order = probabilities.map((_, place) => place).sort((a, b) => probabilities[b] - probabilities[a])
  const sure = probabilities[order[0]] >= said.threshold, list = element("div", "answer")
  list.append(element("h2", sure ? "" : "unsure", sure ? said.classes[order[0]] : said.below_threshold))
  for (const place of order.slice(0, TOP)) {
    const row = element("div", "row"), bar = element("div", "bar"), full = element("span")
    full.style.width = percent(probabilities[place])
    bar.append(full)
    row.append(element("span", "name", said.classes[place]), bar, element("span", "share", percent(probabilities[place])))
    list.append(row)
  }
  return list
}

async function show(files) {
  for (const file of files) {
    say(`Looking at ${file.name}`)
    const card = element("article"), picture = element("img")
    picture.alt = ""
    try {
      const found = await predict(file)
      picture.src = URL.createObjectURL(file)
      card.append(picture, answer(found), element("p", "file", file.name))
    } catch (error) {
      console.warn(error)
      card.append(element("p", "wrong", `${file.name} is no picture that this browser can read.`))
    }
    results.prepend(card)
  }
  say("")
}

const picker = document.getElementById("picker"), zone = document.getElementById("zone")
picker.addEventListener("change", () => show([...picker.files]).then(() => (picker.value = "")))
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, event => {
    event.preventDefault()
    zone.classList.toggle("over", kind === "dragover")
    if (kind === "drop") show([...event.dataTransfer.files])
  })
}
document.addEventListener("paste", event => show([...event.clipboardData.files]))

const camera = document.getElementById("camera"), live = document.getElementById("live")
let stream = null

function stop() {
  stream?.getTracks().forEach(track => track.stop())
  stream = null
  live.replaceChildren()
  camera.textContent = "Use the camera"
}

async function start() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } })
  } catch (error) {
    const refused = error instanceof DOMException && error.name === "NotAllowedError"
    say(refused ? "The browser may not use the camera. Allow it in the browser's settings of this page, or choose a file."
      : "There is no camera that this page can use. Choose a file instead.")
    return
  }
  say("")
  camera.textContent = "Stop the camera"
  const video = element("video"), place = element("div")
  video.muted = video.playsInline = true
  video.srcObject = stream
  live.append(video, place)
  await video.play()
  while (stream) {
    const frame = pixelsOf(video, video.videoWidth, video.videoHeight, how.background)
    place.replaceChildren(answer(await run(prepared(frame, how))))
    await new Promise(requestAnimationFrame)
  }
}
camera.addEventListener("click", () => (stream ? stop() : start()))

say("Getting ready")
ready.then(() => {
  say("")
  document.body.dataset.ready = "yes"
}, error => {
  console.warn(error)
  say("This browser cannot run the model. A browser of 2023 or later can: Chrome, Edge, Firefox, Safari 16.4.")
})
