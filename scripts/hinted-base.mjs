// Teaches the model that ships to use a solution in its context, and saves it (build first): half of the documents show a
// task with its solution twice, one after the other, and the second is learned; the other half are the model's own
// answers, so that it forgets nothing and learns nothing else. The model of docs/self-distillation.md.
//   node scripts/hinted-base.mjs <folder> [--steps 60]
import { fileURLToPath } from 'node:url';
import { createTaskSource } from '../packages/touchstone/dist/index.js';
import { loadModel } from '../packages/touchstone/dist/run/local-model.js';
import { fail, readOptions } from './lib/options.mjs';

const ROWS = 64;
const LEARNING_RATE = 5e-4;
const WARM_UP = 10;

const USAGE = 'hinted-base.mjs <folder> [--steps 60]';
const { folder, steps } = commandLine();

function commandLine() {
  const options = { steps: { type: 'string', default: '60' } };
  const { values, positionals } = readOptions(USAGE, { options, allowPositionals: true });
  const [folder, extra] = positionals;
  if (folder === undefined || extra !== undefined) {
    fail(USAGE, `must be given one folder, got ${positionals.join(' ') || 'none'}`);
  }
  const steps = Number(values.steps);
  if (!Number.isInteger(steps) || steps < 1) fail(USAGE, `--steps must be a whole number from 1, got ${values.steps}`);
  return { folder, steps };
}

const directory = fileURLToPath(new URL('..', import.meta.url));
const { engine, codec } = await loadModel('models/touchstone-base', { threads: 2, directory });
const source = await createTaskSource('addition', { minDigits: 3, maxDigits: 5 }, { directory, seed: 7 });
const [end] = engine.model.eosTokenIds;

/** Prompt and learned answer. The prompt is the teacher's of `sdpo`: text that is continued, once with its solution. */
function hinted(index) {
  const { prompt, solution } = source.task('train', index);
  const shown = codec.encode(`${prompt}${solution.trim()}\n\n${prompt}`);
  return { prompt: shown, answer: [...codec.encode(solution.trim()), end] };
}

async function ownAnswers(count) {
  const prompts = Array.from({ length: count }, (_, i) => codec.encode(source.task('train', 1e6 + i).prompt));
  const requests = prompts.map((prompt, i) => ({ prompt, seeds: [i] }));
  const groups = await engine.sample(requests, { maxNewTokens: 96 });
  return groups.map(([{ tokens }], i) => ({ prompt: prompts[i], answer: [...tokens] }));
}

/** One step of cross-entropy on the answers; nats a token before it. */
async function learn(rows, learningRate) {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach(({ prompt, answer }, i) => (offsets[i + 1] = offsets[i] + prompt.length + answer.length));
  const tokens = Int32Array.from(rows.flatMap(({ prompt, answer }) => [...prompt, ...answer]));
  const scored = new Uint8Array(tokens.length);
  rows.forEach(({ prompt }, i) => scored.fill(1, offsets[i] + prompt.length, offsets[i + 1]));
  const count = scored.reduce((sum, flag) => sum + flag, 0);
  const weights = Float32Array.from(scored, (flag) => -flag / count);
  const { logProb } = await engine.forwardBackward({ tokens, offsets, scored }, { logProb: weights });
  await engine.optimStep({ learningRate, beta2: 0.95, maxGradNorm: 1 });
  return -logProb.reduce((sum, value) => sum + value, 0) / count;
}

const own = await ownAnswers((steps * ROWS) / 2);
for (let step = 1; step <= steps; step++) {
  const first = ((step - 1) * ROWS) / 2;
  const numbers = Array.from({ length: ROWS / 2 }, (_, i) => first + i);
  const rows = numbers.flatMap((i) => [hinted(i), own[i]]);
  const loss = await learn(rows, LEARNING_RATE * Math.min(1, step / WARM_UP));
  if (step % 10 === 0) console.log(`step ${step} of ${steps}: ${loss.toFixed(3)} nats a token`);
}
await engine.saveState(folder, { weightsOnly: true });
await engine.dispose();
