/**
 * Parity of vision models with Python: `node scripts/parity/vision.mjs`. Pictures are preprocessed as transformers' image
 * processors do it (Pillow), and random tiny models (CLIP, SigLIP, DINOv2), exported to ONNX in every layout of files, give
 * the vectors and cosines that torch gives. The table shows the largest errors; exit code 1 where one is out of tolerance.
 * Without a Python that has torch, transformers, Pillow and onnx it says so and exits with 0. `--keep` leaves the files.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cosine, openVisionModel } from '@touchstone/verify/svg';
import { pixelValues, readPixelRules } from '../../packages/verify/dist/svg/vision/pixels.js';
import { findPython } from '../lib/python.mjs';
import { table } from '../lib/table.mjs';

const CAPTIONS = [
  'a red circle',
  'Two  BLUE squares!',
  'é 3 green lines, one under the other '.repeat(12),
  '',
  'zebra',
];

function reference(python, command, folder) {
  mkdirSync(folder);
  const script = fileURLToPath(new URL('./vision.py', import.meta.url));
  const run = spawnSync(python, [script, command, folder], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (run.status !== 0) throw new Error(`parity: ${python} vision.py ${command} failed\n${run.stderr}`);
}

/** The picture that vision.py makes of the same numbers, as a drawing without anything transparent. */
function picture(size, seed) {
  const pixels = new Uint8Array(4 * size * size).fill(255);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      for (let c = 0; c < 3; c += 1) {
        const wave = (x * (seed + 3) * 7 + y * (c + 2) * 11 + ((x * y * (c + seed + 1)) % 97)) % 256;
        const edge = (Math.floor(x / 3) + Math.floor(y / 5) + c + seed) % 3 === 0 ? 255 : 0;
        const half = Math.floor(size / 2);
        pixels[4 * (y * size + x) + c] = (x + y) % half < Math.floor(size / 4) ? wave : edge;
      }
    }
  }
  return { size, pixels };
}

const largest = (a, b) =>
  a.length === b.length ? a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at])), 0) : Infinity;

/** Largest difference of each kind of preprocessing, over all its pictures. */
function pixelRows(folder) {
  const cases = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'));
  const bytes = readFileSync(join(folder, 'values.bin'));
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const errors = new Map();
  let at = 0;
  for (const { name, config, size, seed, shape } of cases) {
    const [, height, width] = shape;
    const made = pixelValues(picture(size, seed), readPixelRules(config, name));
    const same = made.width === width && made.height === height;
    const error = same ? largest(made.data, values.subarray(at, at + 3 * height * width)) : Infinity;
    errors.set(name, [...(errors.get(name) ?? []), error]);
    at += 3 * height * width;
  }
  return [...errors].map(([name, all]) => {
    const error = Math.max(...all);
    // Values that are not rescaled reach a thousand.
    const scale = name === 'no rescale' ? 1000 : 1;
    return { what: `pixels: ${name}`, cases: all.length, error, tolerance: 1e-6 * scale };
  });
}

/** Largest differences of vectors, and of the cosines between them, for one exported model. */
async function modelRows(folder, name) {
  const { images, texts } = JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8'));
  const model = await openVisionModel(join(folder, name), { threads: 2 });
  try {
    const seen = [];
    for (const seed of images.keys()) seen.push(await model.image(picture(48, seed)));
    const read = [];
    for (const caption of texts === null ? [] : CAPTIONS) read.push(await model.text(caption));
    const vectors = Math.max(...[...images, ...(texts ?? [])].map((each, at) => largest([...seen, ...read][at], each)));
    const pairs = images.flatMap((image, i) =>
      [...images, ...(texts ?? [])].map((other, j) =>
        Math.abs(cosine(image, other) - cosine(seen[i], [...seen, ...read][j])),
      ),
    );
    return [
      { what: `${name}: vectors`, cases: seen.length + read.length, error: vectors, tolerance: 1e-4 },
      { what: `${name}: cosines`, cases: pairs.length, error: Math.max(...pairs), tolerance: 1e-4 },
    ];
  } finally {
    await model.close();
  }
}

async function main() {
  const found = findPython(['torch', 'transformers', 'PIL', 'onnx']);
  if ('missing' in found) {
    console.log(`parity of vision models: skipped: ${found.missing}`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-vision-'));
  try {
    reference(found.python, 'pixels', join(folder, 'pixels'));
    reference(found.python, 'models', join(folder, 'models'));
    const rows = pixelRows(join(folder, 'pixels'));
    const names = readdirSync(join(folder, 'models')).filter((name) => name !== 'probe');
    for (const name of names) rows.push(...(await modelRows(join(folder, 'models'), name)));
    const shown = rows.map(({ what, cases, error, tolerance }) => [
      what,
      String(cases),
      error === 0 ? '0' : error.toExponential(1),
      `${tolerance.toExponential(0)}${error <= tolerance ? '' : ' !'}`,
    ]);
    console.log(table(['check', 'cases', 'largest error', 'tolerance'], shown));
    return rows.every(({ error, tolerance }) => error <= tolerance) ? 0 : 1;
  } finally {
    if (process.argv.includes('--keep')) console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
