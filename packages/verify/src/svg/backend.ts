/**
 * The renderer resvg as a backend of a sandbox. It is native code, so its process may load addons, and what Node's
 * permission model forbids to JavaScript it does not forbid to resvg: left to itself, resvg reads the files that an image
 * names. Therefore it never sees a text that was written by a model: `readSvg` refuses every reference out of the picture,
 * and resvg gets what `writeSvg` makes of the rest. No fonts are loaded: text is not drawn, on any machine.
 *
 * What holds a fault in resvg itself is the process: it is killed at its limits and has an empty environment, and otherwise
 * the rights of the user.
 */
import { Resvg, type ResvgRenderOptions } from '@resvg/resvg-js';
import { readSvg, type SvgLimits } from './document.js';
import { expandedElements } from './expand.js';
import type { Drawing, DrawingJob, DrawingValue, Picture, Raster } from './job.js';
import { writeSvg } from './write.js';

/** How much longer than wide, or wider than long, a picture may be. */
const MAX_ASPECT = 100;

/** Pixels of a PNG. */
const MAX_PIXELS = 1 << 24;

const base: ResvgRenderOptions = { font: { loadSystemFonts: false }, logLevel: 'off' };

export function prepare(): Promise<void> {
  // The first drawing is slower than the others.
  fit(writeSvg({ name: 'svg', attributes: { width: '1', height: '1' }, children: [] }), 1);
  return Promise.resolve();
}

export function run({ pictures, size, limits }: DrawingJob): DrawingValue {
  return pictures.map((picture) => draw(picture, size, limits));
}

function draw(picture: Picture, size: number, limits: SvgLimits): Drawing {
  if (picture.kind === 'png') return drawPng(picture.bytes, size);
  const reading = readSvg(picture.text, limits);
  if (!reading.ok) return { kind: 'refused', refusal: reading.refusal };
  const { root, elements } = reading;
  if (expandedElements(root, limits.maxExpanded) > limits.maxExpanded) {
    const message = `at most ${limits.maxExpanded} elements once every reference is followed`;
    return { kind: 'refused', refusal: { code: 'too-large', message } };
  }
  return rasterize(writeSvg(root), size, elements);
}

function drawPng(bytes: Uint8Array, size: number): Drawing {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isPng = file.length > 24 && file.readUInt32BE(0) === 0x89504e47;
  const [width, height] = isPng ? [file.readUInt32BE(16), file.readUInt32BE(20)] : [0, 0];
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) {
    const message = `the bytes must be a PNG of at most ${MAX_PIXELS} pixels`;
    return { kind: 'refused', refusal: { code: isPng ? 'too-large' : 'malformed', message } };
  }
  const frame = `width="${width}" height="${height}"`;
  const image = `<image ${frame} href="data:image/png;base64,${file.toString('base64')}"/>`;
  return rasterize(`<svg xmlns="http://www.w3.org/2000/svg" ${frame}>${image}</svg>`, size, 1);
}

function rasterize(text: string, size: number, elements: number): Drawing {
  try {
    return { kind: 'raster', raster: fit(text, size), elements };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof AspectError ? 'too-large' : 'malformed';
    return { kind: 'refused', refusal: { code, message: message.slice(0, 300) } };
  }
}

class AspectError extends Error {
  override readonly name = 'AspectError';
}

/** Draws a picture so that its longer side fills the square, and centres it there. */
function fit(text: string, size: number): Raster {
  const { width, height } = new Resvg(text, base);
  const aspect = Math.max(width / height, height / width);
  if (!(aspect <= MAX_ASPECT))
    throw new AspectError(`the sides must be as 1 to ${MAX_ASPECT} at most, got ${width} x ${height}`);
  const drawn = new Resvg(text, {
    ...base,
    fitTo: { mode: width >= height ? 'width' : 'height', value: size },
  }).render();
  const own = drawn.pixels;
  const [columns, rows] = [Math.min(size, drawn.width), Math.min(size, drawn.height)];
  const [left, top] = [Math.floor((size - columns) / 2), Math.floor((size - rows) / 2)];
  const pixels = new Uint8Array(4 * size * size);
  for (let row = 0; row < rows; row += 1) {
    const from = 4 * row * drawn.width;
    pixels.set(own.subarray(from, from + 4 * columns), 4 * ((top + row) * size + left));
  }
  return { size, pixels };
}
