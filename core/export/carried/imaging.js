// From a picture file to the input of the network, as Pillow and libjpeg do it in the training.

// The EXIF orientation of a JPEG (1..8) and where it stands, or null.
function orientationIn(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 2; at + 4 < view.byteLength && view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1), length = view.getUint16(at + 2)
    if (marker === 0xda) return null
    if (marker === 0xe1 && length > 16 && view.getUint32(at + 4) === 0x45786966) {
      const tiff = at + 10, little = view.getUint16(tiff) === 0x4949
      const first = tiff + view.getUint32(tiff + 4, little)
      const entries = view.getUint16(first, little)
      for (let entry = 0; entry < entries; entry += 1) {
        const place = first + 2 + 12 * entry
        if (view.getUint16(place, little) === 0x0112) {
          return { value: view.getUint16(place + 8, little), place: place + 8, little }
        }
      }
      return null
    }
    at += 2 + length
  }
  return null
}

// RGB of a picture as it is stored, not turned, transparent parts on white; `turn` is its EXIF orientation.
async function decoded(blob, background) {
  let bytes = new Uint8Array(await blob.arrayBuffer()), turn = 1
  const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff
  if (jpeg) {
    let found = null
    try {
      found = orientationIn(bytes)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error // a damaged EXIF block is no reason to refuse the picture
    }
    if (found !== null && found.value > 1 && found.value < 9) {
      turn = found.value
      bytes = bytes.slice()
      new DataView(bytes.buffer).setUint16(found.place, 1, found.little)
    }
  }
  const bitmap = await createImageBitmap(new Blob([bytes], { type: blob.type }), { colorSpaceConversion: "none" })
  const pixels = pixelsOf(bitmap, bitmap.width, bitmap.height, background)
  bitmap.close()
  return { ...pixels, turn, jpeg }
}

// RGB of anything that a canvas can draw.
function pixelsOf(source, width, height, background) {
  const canvas = document.createElement("canvas")
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext("2d", { willReadFrequently: true })
  context.fillStyle = background
  context.fillRect(0, 0, width, height)
  context.drawImage(source, 0, 0)
  const rgba = context.getImageData(0, 0, width, height).data
  const data = new Uint8ClampedArray(width * height * 3)
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    data[to] = rgba[from]
    data[to + 1] = rgba[from + 1]
    data[to + 2] = rgba[from + 2]
  }
  return { data, width, height }
}

// The mean of blocks of `across` x `down` pixels, from `left`, `top` to `right`, `bottom`; those at the edge are smaller.
function reduced(image, across, down, left = 0, top = 0, right = image.width, bottom = image.height) {
  const width = Math.ceil((right - left) / across), height = Math.ceil((bottom - top) / down)
  const data = new Uint8ClampedArray(width * height * 3)
  for (let y = 0; y < height; y += 1) {
    const y0 = top + y * down, y1 = Math.min(y0 + down, bottom)
    for (let x = 0; x < width; x += 1) {
      const x0 = left + x * across, x1 = Math.min(x0 + across, right)
      let red = 0, green = 0, blue = 0
      for (let row = y0; row < y1; row += 1) {
        for (let at = 3 * (row * image.width + x0), end = at + 3 * (x1 - x0); at < end; at += 3) {
          red += image.data[at]
          green += image.data[at + 1]
          blue += image.data[at + 2]
        }
      }
      const count = (y1 - y0) * (x1 - x0), to = 3 * (y * width + x)
      data[to] = Math.floor(red / count + 0.5)
      data[to + 1] = Math.floor(green / count + 0.5)
      data[to + 2] = Math.floor(blue / count + 0.5)
    }
  }
  return { ...image, data, width, height }
}

// A JPEG as libjpeg decodes it at the smallest of 1/1, 1/2, 1/4, 1/8 that is not below `size`: means of blocks.
function drafted(image, size) {
  const most = Math.min(Math.floor(image.width / size), Math.floor(image.height / size))
  const scale = [8, 4, 2, 1].find(each => most >= each) ?? 1
  return image.jpeg && scale > 1 ? reduced(image, scale, scale) : image
}

const SUPPORT = 2
function bicubic(x) {
  const a = -0.5, d = Math.abs(x)
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0
}

// For each of `count` outputs over from..to of a line of `length`: the first pixel, and the weights of it and the next.
function weightsOf(length, from, to, count) {
  const scale = (to - from) / count, wide = Math.max(1, scale), reach = SUPPORT * wide
  return Array.from({ length: count }, (_, place) => {
    const centre = from + (place + 0.5) * scale
    const first = Math.max(0, Math.trunc(centre - reach + 0.5))
    const last = Math.min(length, Math.trunc(centre + reach + 0.5))
    const found = Array.from({ length: last - first }, (_, i) => bicubic((i + first - centre + 0.5) / wide))
    const sum = found.reduce((total, weight) => total + weight, 0)
    return { first, found: found.map(weight => weight / sum) }
  })
}

// Pillow's bicubic resampling of a box of the picture, antialiased: first across, then down, each rounded to bytes.
function resampled(image, [left, top, right, bottom], across, down) {
  const columns = weightsOf(image.width, left, right, across), rows = weightsOf(image.height, top, bottom, down)
  const middle = new Uint8ClampedArray(across * image.height * 3)
  for (let y = 0; y < image.height; y += 1) {
    columns.forEach(({ first, found }, x) => {
      for (let channel = 0; channel < 3; channel += 1) {
        let sum = 0, at = 3 * (y * image.width + first) + channel
        for (const weight of found) {
          sum += weight * image.data[at]
          at += 3
        }
        middle[3 * (y * across + x) + channel] = Math.floor(sum + 0.5)
      }
    })
  }
  const data = new Uint8ClampedArray(across * down * 3)
  rows.forEach(({ first, found }, y) => {
    for (let x = 0; x < 3 * across; x += 1) {
      let sum = 0
      found.forEach((weight, i) => (sum += weight * middle[3 * across * (first + i) + x]))
      data[3 * across * y + x] = Math.floor(sum + 0.5)
    }
  })
  return { data, width: across, height: down }
}

// `Image.resize` with its `reducing_gap`: whole blocks are averaged first where much is taken away.
function resized(image, box, across, down, gap) {
  const [left, top, right, bottom] = box
  const scaleX = (right - left) / across, scaleY = (bottom - top) / down
  const factorX = Math.trunc(scaleX / gap) || 1, factorY = Math.trunc(scaleY / gap) || 1
  if (factorX === 1 && factorY === 1) return resampled(image, box, across, down)
  const marginX = (SUPPORT - 0.5) * scaleX, marginY = (SUPPORT - 0.5) * scaleY
  const safe = [
    Math.max(0, Math.trunc(left - marginX)), Math.max(0, Math.trunc(top - marginY)),
    Math.min(image.width, Math.ceil(right + marginX)), Math.min(image.height, Math.ceil(bottom + marginY)),
  ]
  const small = reduced(image, factorX, factorY, ...safe)
  const inside = [
    (left - safe[0]) / factorX, (top - safe[1]) / factorY, (right - safe[0]) / factorX, (bottom - safe[1]) / factorY,
  ]
  return resampled(small, inside, across, down)
}

// Python's round: halves to the even number.
function rounded(value) {
  const whole = Math.round(value)
  return Math.abs(value % 1) === 0.5 && whole % 2 ? whole - 1 : whole
}

// What of a picture is scaled, and to how many pixels across and down.
function scaled(width, height, size, fit) {
  if (fit === "crop") {
    const side = Math.min(width, height), left = (width - side) >> 1, top = (height - side) >> 1
    return { across: size, down: size, box: [left, top, left + side, top + side] }
  }
  const box = [0, 0, width, height]
  if (fit === "squash") return { across: size, down: size, box }
  const scale = size / Math.max(width, height)
  return { across: Math.max(1, rounded(width * scale)), down: Math.max(1, rounded(height * scale)), box }
}

// A square of bytes turned upright.
function upright(square, size, turn) {
  if (turn < 2 || turn > 8) return square
  const found = new Uint8Array(square.length), end = size - 1
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const [fromX, fromY] = {
        2: [end - x, y], 3: [end - x, end - y], 4: [x, end - y], 5: [y, x],
        6: [y, end - x], 7: [end - y, end - x], 8: [end - y, x],
      }[turn]
      for (let channel = 0; channel < 3; channel += 1) {
        found[3 * (y * size + x) + channel] = square[3 * (fromY * size + fromX) + channel]
      }
    }
  }
  return found
}

// The input for decoded pixels: size x size x 3 bytes.
function prepared(image, how) {
  const size = how.size, small = drafted(image, size)
  const { across, down, box } = scaled(small.width, small.height, size, how.fit)
  const part = resized(small, box, across, down, how.reducing_gap)
  const square = new Uint8Array(size * size * 3)
  const left = (size - across) >> 1, top = (size - down) >> 1
  for (let at = 0; at < square.length; at += 3) square.set(how.filled, at)
  for (let y = 0; y < down; y += 1) {
    square.set(part.data.subarray(3 * across * y, 3 * across * (y + 1)), 3 * ((top + y) * size + left))
  }
  return upright(square, size, image.turn ?? 1)
}
