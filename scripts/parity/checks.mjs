import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalEngine } from '@touchstone/engine';
import { readSafetensors } from '../lib/safetensors.mjs';

/**
 * One comparison: `error` must not exceed `tolerance`.
 * @typedef {{ check: string, error: number, tolerance: number }} Result
 */

/** Largest |a - b|; Infinity where the lengths differ or a value is not finite. */
export function maxDifference(a, b) {
  if (a?.length !== b?.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i += 1) worst = Math.max(worst, Math.abs(a[i] - b[i]));
  return Number.isNaN(worst) ? Infinity : worst;
}

/** Largest |a - b| over the largest |b|. */
export function relativeDifference(a, b) {
  const scale = b?.reduce((top, value) => Math.max(top, Math.abs(value)), 0) ?? 0;
  return scale === 0 ? maxDifference(a, b) : maxDifference(a, b) / scale;
}

function readInputs(folder) {
  const inputs = readSafetensors(join(folder, 'inputs.safetensors'));
  const batch = { tokens: inputs.get('tokens'), offsets: inputs.get('offsets') };
  return { inputs, batch, scored: inputs.get('scored') };
}

function weightNames(expected) {
  return [...expected.keys()].filter((name) => name.startsWith('adam.')).map((name) => name.slice('adam.'.length));
}

/** Log-probs of the whole vocabulary at every token but the first of a sequence: [tokens, vocabulary]. */
export async function vocabularyRows(engine, batch) {
  const width = engine.model.vocabSize;
  const ids = Int32Array.from({ length: batch.tokens.length * width }, (_, i) => i % width);
  return (await engine.forward(batch, { tokenIds: { ids, width } })).tokenIdsLogProb;
}

/** `rows` with the rows of sequence starts, which have no distribution, set to 0. */
export function withoutStarts(rows, batch) {
  const width = rows.length / batch.tokens.length;
  const copy = Float32Array.from(rows);
  for (const start of batch.offsets.slice(0, -1)) copy.fill(0, start * width, (start + 1) * width);
  return copy;
}

/** Logits, less their logsumexp (what a softmax does not see), over the whole vocabulary, and every token column. */
export async function checkForward(engine, folder, { topK }) {
  const { batch, scored } = readInputs(folder);
  const expected = readSafetensors(join(folder, 'expected.safetensors'));
  const rows = withoutStarts(expected.get('rows'), batch);
  const found = await engine.forward(
    { ...batch, scored },
    { entropy: true, meanLogProb: true, topLogProb: true, topK },
  );
  const errors = ['logProb', 'entropy', 'meanLogProb', 'topLogProb'].map((name) =>
    maxDifference(found[name], expected.get(name)),
  );
  return [
    { check: 'logits - logsumexp', error: maxDifference(await vocabularyRows(engine, batch), rows), tolerance: 1e-4 },
    { check: 'columns', error: Math.max(...errors), tolerance: 1e-4 },
    { check: 'top-k', error: topKError(found, rows, scored, topK), tolerance: 1e-4 },
  ];
}

/** Each of the k log-probs against the k-th largest of the true row and against the true log-prob of its token. */
function topKError(found, rows, scored, k) {
  const width = rows.length / scored.length;
  let worst = 0;
  for (let t = 0; t < scored.length; t += 1) {
    if (scored[t] === 0) continue;
    const row = rows.subarray(t * width, (t + 1) * width);
    const best = Float32Array.from(row).sort().reverse();
    for (let i = 0; i < k; i += 1) {
      const logProb = found.topKLogProb[t * k + i];
      worst = Math.max(worst, Math.abs(logProb - best[i]), Math.abs(logProb - row[found.topKIds[t * k + i]]));
    }
  }
  return Number.isNaN(worst) ? Infinity : worst;
}

/**
 * Gradients through the public verbs alone: with both moments switched off and an eps far above every gradient, one
 * AdamW step moves a weight by learningRate / eps times its gradient, read from the saved folder. The factor of 1000
 * puts the movement far above the rounding of the weight.
 */
const FACTOR = 1000;
const READ_GRADIENT = { learningRate: FACTOR * 1e9, beta1: 0, beta2: 0, eps: 1e9, weightDecay: 0 };

export async function checkGradients(folder, engineOptions) {
  const { inputs, batch, scored } = readInputs(folder);
  const expected = readSafetensors(join(folder, 'expected.safetensors'));
  const weight = (name) => inputs.get(`weights.${name}`);
  const topK = { ids: inputs.get('topKIds'), weights: weight('topK') };
  const passes = [
    { name: 'logProb', batch: { ...batch, scored }, gradients: { logProb: weight('logProb') } },
    {
      name: 'all',
      batch: { ...batch, scored, temperature: inputs.get('temperature') },
      gradients: {
        logProb: weight('logProb'),
        entropy: weight('entropy'),
        meanLogProb: weight('meanLogProb'),
        topK: { ...topK, width: topK.ids.length / batch.tokens.length },
      },
    },
  ];
  const results = [];
  for (const pass of passes) {
    const moved = await movedWeights(folder, engineOptions, pass);
    const errors = weightNames(expected).map((name) =>
      relativeDifference(moved(name), expected.get(`grad.${pass.name}.${name}`)),
    );
    results.push({ check: `gradient ${pass.name}`, error: Math.max(...errors), tolerance: 1e-4 });
  }
  return results;
}

async function movedWeights(folder, engineOptions, { name, batch, gradients }) {
  const engine = await LocalEngine.load(join(folder, 'model'), engineOptions);
  const [before, after] = [`before-${name}`, `after-${name}`].map((part) => join(folder, part));
  await engine.saveState(before, { weightsOnly: true });
  await engine.forwardBackward(batch, gradients);
  await engine.optimStep(READ_GRADIENT);
  await engine.saveState(after, { weightsOnly: true });
  await engine.dispose();
  const [old, now] = [before, after].map((part) => readSafetensors(join(part, 'model.safetensors')));
  return (weightName) => old.get(weightName)?.map((value, i) => (value - now.get(weightName)[i]) / FACTOR);
}

/** Greedy continuations must be the same tokens; sampled ones are left for `verify` to score. */
export async function checkSampling(engine, folder, { greedy, greedyTokens }) {
  const { batch } = readInputs(folder);
  const prompts = sequences(batch);
  const requests = prompts.map((prompt, i) => ({ prompt, seeds: [2 * i, 2 * i + 1] }));
  const groups = await engine.sample(requests, { maxNewTokens: greedyTokens, temperature: 0 });
  const wrong = groups.flatMap((group, i) => group.map(({ tokens }) => String([...tokens]) !== String(greedy[i])));
  const temperature = 0.8;
  const sampled = await engine.sample(requests, { maxNewTokens: greedyTokens, temperature });
  const rows = sampled.flatMap((group, i) => group.map((sample) => ({ prompt: prompts[i], ...sample })));
  const tokens = rows.flatMap(({ prompt, tokens: continuation }) => [...prompt, ...continuation]);
  const lengths = rows.map(({ prompt, tokens: continuation }) => prompt.length + continuation.length);
  const scored = rows.flatMap(({ prompt, tokens: continuation }) => [
    ...Array.from(prompt, () => 0),
    ...Array.from(continuation, () => 1),
  ]);
  const logProbs = rows.flatMap(({ logProbs: found }) => [...found]);
  const file = { tokens, temperature, scored, logProbs, offsets: cumulative(lengths) };
  writeFileSync(join(folder, 'sampled.json'), JSON.stringify(file));
  return [{ check: 'greedy', error: wrong.filter(Boolean).length, tolerance: 0 }];
}

function sequences({ tokens, offsets }) {
  return Array.from(offsets.slice(0, -1), (start, i) => tokens.slice(start, offsets[i + 1]));
}

function cumulative(lengths) {
  let total = 0;
  return [0, ...lengths.map((length) => (total += length))];
}

/**
 * AdamW steps whose gradient is accumulated over two calls, then the weights saved as f32 and bf16. The error is that
 * of the movement: |ours - torch's| over the L2 norm of torch's movement, tensor by tensor.
 */
export async function checkTraining(engine, folder, { adam }) {
  const { inputs, batch, scored } = readInputs(folder);
  const expected = readSafetensors(join(folder, 'expected.safetensors'));
  const start = join(folder, 'start');
  await engine.saveState(start, { weightsOnly: true });
  const { steps, ...options } = adam;
  const norms = [];
  for (let step = 0; step < steps; step += 1) {
    const weights = inputs.get(`weights.adam${step}`);
    for (const part of halves(batch, scored, weights)) {
      await engine.forwardBackward(part.batch, { logProb: part.weights });
    }
    norms.push((await engine.optimStep(options)).gradNorm);
  }
  await engine.saveState(join(folder, 'saved-f32'), { dtype: 'f32' });
  await engine.saveState(join(folder, 'saved-bf16'), { dtype: 'bf16', weightsOnly: true });
  const before = readSafetensors(join(start, 'model.safetensors'));
  const after = readSafetensors(join(folder, 'saved-f32', 'model.safetensors'));
  const errors = weightNames(expected).map((name) =>
    movementError(before.get(name), after.get(name), expected.get(`adam.${name}`)),
  );
  return [
    { check: 'gradient norm', error: relativeDifference(norms, expected.get('adamNorms')), tolerance: 1e-4 },
    { check: 'AdamW', error: Math.max(...errors), tolerance: 1e-4 },
  ];
}

function halves({ tokens, offsets }, scored, weights) {
  const middle = Math.floor(offsets.length / 2);
  return [offsets.slice(0, middle + 1), offsets.slice(middle)].map((own) => {
    const [start, end] = [own[0], own.at(-1)];
    return {
      batch: {
        tokens: tokens.slice(start, end),
        scored: scored.slice(start, end),
        offsets: own.map((offset) => offset - start),
      },
      weights: weights.slice(start, end),
    };
  });
}

function movementError(before, after, expected) {
  if (before?.length !== expected.length || after?.length !== expected.length) return Infinity;
  let [error, movement] = [0, 0];
  for (let i = 0; i < expected.length; i += 1) {
    error += (after[i] - expected[i]) ** 2;
    movement += (expected[i] - before[i]) ** 2;
  }
  const relative = Math.sqrt(error / movement);
  return Number.isFinite(relative) ? relative : Infinity;
}
