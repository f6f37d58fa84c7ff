/**
 * Our side of `grpo`, in a process of its own so that neither side waits beside the other: full GRPO steps of a random
 * 5M-parameter Llama through the verbs of the engine. Prints one JSON line.
 *
 * Usage: node bench/grpo-side.mjs [--steps 4] [--prompts 8] [--group 8] [--new 112] [--threads 2] [--spread 0]
 * `--spread M`: lengths are geometric with mean M, cut at `--new`; 0: all run to `--new`.
 */
import { initWeights, LocalEngine, parseModelConfig } from '@touchstone/engine';
import { createObjective, totalsOf } from '@touchstone/objectives';
import { wholeNumbers } from './options.mjs';
import { median } from './statistics.mjs';

const PROMPT_LENGTH = 16;
const LEARNING_RATE = 1e-4;
/** Ids of the characters 0 to 9 in the peer's character vocabulary. */
const DIGITS = { first: 23, last: 32 };

/** The peer's shape. No end token: lengths are set by request, so both sides sample the same number of tokens. */
const MODEL = {
  model_type: 'llama',
  vocab_size: 512,
  hidden_size: 256,
  intermediate_size: 704,
  num_hidden_layers: 6,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: true,
};

function randomModel() {
  const config = parseModelConfig(MODEL);
  return { config, weights: initWeights(config, 0), companions: new Map() };
}

/** Uniform draws in [0, 1) (mulberry32): lengths must not depend on the platform. */
function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Tokens until an end that comes with probability 1 / spread at each, the end included; at most `cut`. */
function geometricLength(uniform, spread, cut) {
  const length = 1 + Math.floor(Math.log(1 - uniform()) / Math.log(1 - 1 / spread));
  return Math.min(length, cut);
}

/**
 * Requests of one step. With fixed lengths one request a prompt; with spread lengths one a rollout, because the cap,
 * which stands in for the peer's forced end token, belongs to the request.
 */
function requestsOf(step, options, uniform) {
  return Array.from({ length: options.prompts }, (_, p) => {
    const index = step * options.prompts + p;
    const prompt = Int32Array.from({ length: PROMPT_LENGTH }, (_, t) => 2 + ((index * 7 + t * 13) % 100));
    const seeds = Array.from({ length: options.group }, (_, g) => index * options.group + g);
    if (options.spread === 0) return [{ prompt, seeds }];
    return seeds.map((seed) => ({
      prompt,
      seeds: [seed],
      maxNewTokens: geometricLength(uniform, options.spread, options.new),
    }));
  }).flat();
}

/** Prompt and completion as one ragged batch, with the columns that the objective reads. */
function batchOf(requests, samples, group) {
  const rollouts = samples.flatMap((found, i) => found.map((sample) => ({ prompt: requests[i].prompt, sample })));
  const offsets = new Int32Array(rollouts.length + 1);
  rollouts.forEach(({ prompt, sample }, i) => {
    offsets[i + 1] = offsets[i] + prompt.length + sample.tokens.length;
  });
  const size = offsets[rollouts.length];
  const [tokens, mask, logProb] = [new Int32Array(size), new Uint8Array(size), new Float64Array(size)];
  rollouts.forEach(({ prompt, sample }, i) => {
    const start = offsets[i] + prompt.length;
    tokens.set(prompt, offsets[i]);
    tokens.set(sample.tokens, start);
    mask.fill(1, start, offsets[i + 1]);
    logProb.set(sample.logProbs, start);
  });
  const rewards = Float64Array.from(rollouts, ({ sample }) => digitShare(sample.tokens));
  return {
    batch: { tokens, offsets, scored: mask },
    rollouts: {
      offsets,
      mask,
      rewards,
      group: Int32Array.from(rollouts, (_, i) => Math.floor(i / group)),
      // One update a step: the weights that sampled are the weights being trained, so the ratio is 1.
      columns: { logProb, oldLogProb: logProb, samplerLogProb: logProb },
    },
  };
}

function digitShare(tokens) {
  const digits = tokens.reduce((count, token) => count + (token >= DIGITS.first && token <= DIGITS.last ? 1 : 0), 0);
  return digits / tokens.length;
}

async function grpoStep(engine, objective, step, options, uniform) {
  const clock = [performance.now()];
  const requests = requestsOf(step, options, uniform);
  const samples = await engine.sample(requests, { maxNewTokens: options.new, temperature: 1 });
  clock.push(performance.now());
  const { batch, rollouts } = batchOf(requests, samples, options.group);
  const loss = objective.loss(rollouts, objective.advantages(rollouts), totalsOf(rollouts));
  clock.push(performance.now());
  await engine.forwardBackward(batch, { logProb: Float32Array.from(loss.gradients.logProb) });
  clock.push(performance.now());
  const { gradNorm } = await engine.optimStep({ learningRate: LEARNING_RATE, maxGradNorm: 1 });
  clock.push(performance.now());
  if (!Number.isFinite(gradNorm)) throw new Error(`grpo: gradNorm must be finite, got ${gradNorm}`);
  const [sample, objectiveTime, train, optim] = clock.slice(1).map((end, i) => (end - clock[i]) / 1000);
  const lengths = samples.flat().map(({ tokens }) => tokens.length);
  return {
    seconds: (clock.at(-1) - clock[0]) / 1000,
    parts: { sample, objective: objectiveTime, train, optim },
    newTokens: lengths.reduce((sum, length) => sum + length, 0),
    trainFlop: lengths.reduce((sum, length) => sum + trainFlop(PROMPT_LENGTH + length - 1), 0),
    reward: rollouts.rewards.reduce((sum, reward) => sum + reward, 0) / rollouts.rewards.length,
  };
}

/** Needed operations of forward and backward over one sequence: 6 a weight and token, and the causal half of attention. */
function trainFlop(length) {
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, vocab_size: vocabulary } = MODEL;
  const weights = layers * (4 * hidden * hidden + 3 * hidden * inner) + vocabulary * hidden;
  return 6 * weights * length + layers * 6 * hidden * length * length;
}

async function main() {
  const defaults = { steps: 4, prompts: 8, group: 8, new: 112, threads: 2, spread: 0 };
  const options = wholeNumbers(process.argv.slice(2), defaults);
  const engine = await LocalEngine.create(randomModel(), { threads: options.threads });
  const objective = createObjective('grpo', { aggregation: 'token-mean' });
  const uniform = uniforms(1);
  const steps = [];
  for (let step = 0; step <= options.steps; step += 1) {
    steps.push(await grpoStep(engine, objective, step, options, uniform));
  }
  await engine.dispose();
  const timed = steps.slice(1);
  const middle = (of) => median(timed.map(of));
  const rollouts = options.prompts * options.group;
  const report = {
    steps: timed.length,
    secondsPerStep: middle((step) => step.seconds),
    all: timed.map((step) => step.seconds),
    parts: Object.fromEntries(Object.keys(timed[0].parts).map((name) => [name, middle((step) => step.parts[name])])),
    samplingTokensPerSecond: middle((step) => step.newTokens / step.parts.sample),
    trainGflopPerSecond: middle((step) => step.trainFlop / step.parts.train / 1e9),
    meanLength: timed.reduce((sum, step) => sum + step.newTokens, 0) / timed.length / rollouts,
    rewards: steps.map((step) => step.reward),
    peakMemoryMB: process.resourceUsage().maxRSS / 1024,
  };
  console.log(JSON.stringify(report));
}

await main();
