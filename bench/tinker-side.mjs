/** The loop of tinker.mjs with our client. Reads its plan as JSON from argv, prints seconds a step as JSON. */
import { TinkerEngine } from '../packages/engine/dist/tinker/index.js';

const { url, baseModel, model, prompts, group, maxNewTokens, steps, seed } = JSON.parse(process.argv[2]);
const engine = await TinkerEngine.connect({ baseUrl: url, baseModel, model, lora: { rank: 8, seed: 0 } });
const requests = prompts.map((prompt) => ({
  prompt: Int32Array.from(prompt),
  seeds: Array.from({ length: group }, (_, j) => seed + j),
}));
const seconds = [];
let tokens = 0;
for (let step = 0; step < steps; step++) {
  const started = performance.now();
  const groups = await engine.sample(requests, { maxNewTokens });
  const sequences = groups.flatMap((samples, i) => samples.map((sample) => [...prompts[i], ...sample.tokens]));
  const scored = groups.flatMap((samples, i) =>
    samples.flatMap((sample) => [...prompts[i].map(() => 0), ...Array.from(sample.tokens, () => 1)]),
  );
  const offsets = [0];
  for (const { length } of sequences) offsets.push(offsets.at(-1) + length);
  const batch = {
    tokens: Int32Array.from(sequences.flat()),
    offsets: Int32Array.from(offsets),
    scored: Uint8Array.from(scored),
  };
  const gradient = engine.forwardBackward(batch, { logProb: Float32Array.from(scored, (each) => -each) });
  await Promise.all([gradient, engine.optimStep({ learningRate: 0 })]);
  seconds.push((performance.now() - started) / 1000);
  tokens += groups.flat().reduce((sum, sample) => sum + sample.tokens.length, 0);
}
await engine.dispose();
console.log(JSON.stringify({ seconds, tokens }));
