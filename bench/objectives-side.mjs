/**
 * One objective in a process of its own, so that no other's garbage counts: times its advantages and loss gradients and
 * prints one line of JSON. Arguments: name, token entries, repetitions, candidates a position. Run with --expose-gc.
 */
import { createObjective, methods } from '../packages/objectives/dist/index.js';
import { sampleBatch } from '../packages/objectives/dist/testing/sample-batch.js';
import { median } from './statistics.mjs';

const GROUP_SIZE = 8;
const MAX_LENGTH = 1000;

const [name, tokens, repeats, topK = '3'] = process.argv.slice(2);
const objective = createObjective(name);
const batch = makeBatch(Number(tokens));
const samples = [];
globalThis.gc();
const before = process.memoryUsage().rss;
for (let repeat = 0; repeat <= Number(repeats); repeat++) samples.push(once());
const peakBytes = process.resourceUsage().maxRSS * 1024 - before;
samples.shift(); // to warm up
console.log(
  JSON.stringify({
    name,
    tokens: batch.mask.length,
    lossTokens: batch.mask.reduce((sum, flag) => sum + flag, 0),
    advantagesSeconds: median(samples.map((sample) => sample.advantages)),
    lossSeconds: median(samples.map((sample) => sample.loss)),
    seconds: median(samples.map((sample) => sample.advantages + sample.loss)),
    cpuSeconds: median(samples.map((sample) => sample.cpu)),
    peakBytesPerToken: peakBytes / batch.mask.length,
  }),
);

/** A ragged batch of about that many entries; preference losses see it as pairs. */
function makeBatch(size) {
  const groups = Math.max(1, Math.round(size / ((MAX_LENGTH / 2) * GROUP_SIZE)));
  const columns = [...objective.needs, ...objective.differentiates.filter((column) => column !== 'topK')];
  const groupSizes = new Array(groups).fill(GROUP_SIZE);
  const width = objective.differentiates.includes('topK') ? Number(topK) : 0;
  const all = sampleBatch({ seed: 1, groupSizes, maxLength: MAX_LENGTH, columns, topK: width });
  const pairs = methods[name].kinds.includes('preference loss');
  return pairs ? { ...all, group: all.group.map((_, i) => i >> 1) } : all;
}

function once() {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const derived = objective.derive?.(batch);
  const advantages = objective.advantages(batch);
  const middle = performance.now();
  objective.loss({ ...batch, columns: { ...batch.columns, ...derived } }, advantages);
  const end = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  return { advantages: (middle - start) / 1000, loss: (end - middle) / 1000, cpu: (user + system) / 1e6 };
}
