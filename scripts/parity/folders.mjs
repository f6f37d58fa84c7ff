/**
 * Parity of files with Python: `node scripts/parity/folders.mjs`. Model folders in every storage that transformers
 * writes are read here, and what is written here is read there; tokenizers and chat templates give equal tokens and
 * texts. Everything is exact. Exit code 1 where something differs; without a Python that has torch and transformers it
 * says so and exits with 0. `--keep` leaves the working folder in place.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChatTemplate, loadModelFolder, saveModelFolder, Tokenizer, weightView } from '@touchstone/engine';
import { findPython } from '../lib/python.mjs';
import { table } from '../lib/table.mjs';

const STORAGES = ['f32', 'bf16', 'f16'];

function reference(python, command, folder) {
  const script = fileURLToPath(new URL('./folders.py', import.meta.url));
  const run = spawnSync(python, [script, command, folder], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (run.status !== 0) throw new Error(`parity: ${python} folders.py ${command} failed\n${run.stderr}`);
  return run.stdout;
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Number of weights whose bits differ from what torch holds; also saves the model in every storage for `verify`. */
async function differingWeights(folder) {
  const model = await loadModelFolder(join(folder, 'model'));
  const expected = readFileSync(join(folder, 'expected.bin'));
  const names = readJson(join(folder, 'expected.json'));
  const found = Buffer.concat(
    names.map((name) => Buffer.from(Float32Array.from(weightView(model.weights, name)).buffer)),
  );
  for (const storage of STORAGES) await saveModelFolder(join(folder, `saved-${storage}`), model, storage);
  if (found.length !== expected.length || names.length !== model.weights.layout.slices.size) return Infinity;
  let differing = 0;
  for (let i = 0; i < found.length; i += 4) if (found.readUInt32LE(i) !== expected.readUInt32LE(i)) differing += 1;
  return differing;
}

async function modelRows(python, folder) {
  const names = readdirSync(join(folder, 'models'));
  const loaded = [];
  for (const name of names) loaded.push(await differingWeights(join(folder, 'models', name)));
  const verified = JSON.parse(reference(python, 'verify', folder));
  return names.map((name, i) => ({
    what: name,
    cells: [loaded[i], ...STORAGES.map((storage) => verified[name][storage])],
  }));
}

const differing = (pairs) => pairs.filter(([found, expected]) => String(found) !== String(expected)).length;

async function tokenizerRow(folder, name) {
  const { texts, ids, withSpecial, decoded } = readJson(join(folder, name, 'expected.json'));
  const tokenizer = await Tokenizer.load(join(folder, name));
  const streamed = (tokens) => {
    const stream = tokenizer.decodeStream();
    return tokens.map((id) => stream.push(id)).join('') + stream.flush();
  };
  const cells = [
    differing(texts.map((text, i) => [tokenizer.encode(text), ids[i]])),
    differing(texts.map((text, i) => [tokenizer.encode(text, { addSpecialTokens: true }), withSpecial[i]])),
    differing(decoded.map(([tokens, text]) => [tokenizer.decode(tokens), text])) +
      differing(decoded.map(([tokens, , whole]) => [tokenizer.decode(tokens, { skipSpecialTokens: false }), whole])),
    differing(decoded.map(([tokens, text]) => [streamed(tokens), text])),
  ];
  return { what: `${name} (${texts.length} texts)`, cells };
}

function differingTemplates(file) {
  const rows = readJson(file);
  const rendered = rows.map(({ template, messages, generation, tools, variables }) =>
    new ChatTemplate(template, { bos_token: '<s>' }).render(messages, {
      addGenerationPrompt: generation,
      variables,
      ...(tools === null ? {} : { tools }),
    }),
  );
  return { of: rows.length, differing: differing(rows.map((row, i) => [rendered[i], row.rendered])) };
}

function print(head, rows) {
  console.log(table(head, rows.map(({ what, cells }) => [what, ...cells.map(String)]))); // prettier-ignore
  console.log();
}

async function main() {
  const found = findPython(['torch', 'transformers', 'safetensors', 'tokenizers']);
  if ('missing' in found) {
    console.log(`parity of folders: skipped: ${found.missing}`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-folders-'));
  try {
    reference(found.python, 'make', folder);
    const models = await modelRows(found.python, folder);
    print(['largest error', 'weights that differ', ...STORAGES.map((storage) => `saved ${storage}`)], models);
    const tokenizers = [];
    for (const name of readdirSync(join(folder, 'tokenizers'))) {
      tokenizers.push(await tokenizerRow(join(folder, 'tokenizers'), name));
    }
    print(['texts that differ', 'encode', 'with special tokens', 'decode', 'decode stream'], tokenizers);
    const templates = differingTemplates(join(folder, 'templates.json'));
    console.log(`chat templates: ${templates.differing} of ${templates.of} renderings differ`);
    const exact = [...models, ...tokenizers].every(({ cells }) => cells.every((cell) => cell === 0));
    return exact && templates.differing === 0 ? 0 : 1;
  } finally {
    if (process.argv.includes('--keep')) console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
