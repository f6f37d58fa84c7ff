import { LocalEngine, readModelOutline, Tokenizer } from '../../packages/engine/dist/index.js';
import { serverModels, Connection, TinkerEngine } from '../../packages/engine/dist/tinker/index.js';
import { MAX_NEW_TOKENS } from './skyrl-recipe.mjs';
import { progress, report } from './skyrl-report.mjs';

const LOG_PROB_TOLERANCE = 1e-3;
const LEAST_COSINE = 0.7;
const PROMPTS = ['123 + 456 =', '8 + 7 =', 'What is 90 + 12?'];
/** Small enough for a step that only shows its direction. */
const RATES = { local: 1e-4, remote: 2.5e-4 };

const zeros = (count) => new Array(count).fill(0);
const ones = (count) => new Array(count).fill(1);
const largest = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
const difference = (a, b) => a.map((value, i) => value - b[i]);

function cosine(a, b) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** Both engines over the model, on which `work` is done. */
async function withEngines(url, model, work) {
  const { info, companions } = await readModelOutline(model);
  const tokenizer = Tokenizer.fromFiles(companions, model);
  const [{ name }] = await serverModels(new Connection({ baseUrl: url }));
  const local = await LocalEngine.load(model, { threads: 1 });
  try {
    const lora = { rank: 32, seed: 0 };
    const remote = await TinkerEngine.connect({ baseUrl: url, baseModel: name, model: info, lora });
    try {
      const prompts = PROMPTS.map((text) => Int32Array.from(tokenizer.encode(text)));
      return await work({ local, remote, prompts });
    } finally {
      await remote.dispose();
    }
  } finally {
    await local.dispose();
  }
}

/** Groups of samples as one batch whose prompts are not scored, with the sampler's log-probs. */
function batchOf(prompts, groups) {
  const rows = groups.flatMap((group, i) =>
    group.map(({ tokens, logProbs }) => ({ at: prompts[i], tokens, logProbs })),
  );
  const offsets = [0];
  for (const { at, tokens } of rows) offsets.push(offsets.at(-1) + at.length + tokens.length);
  return {
    tokens: Int32Array.from(rows.flatMap(({ at, tokens }) => [...at, ...tokens])),
    offsets: Int32Array.from(offsets),
    scored: Uint8Array.from(rows.flatMap(({ at, tokens }) => [...zeros(at.length), ...ones(tokens.length)])),
    sampled: Float32Array.from(rows.flatMap(({ at, logProbs }) => [...zeros(at.length), ...logProbs])),
  };
}

/** Alternate sequences are made likelier and less likely, as advantages of both signs do. */
function gradientOf({ tokens, offsets, scored }) {
  const gradient = Float32Array.from(tokens, () => 0);
  for (let i = 0; i + 1 < offsets.length; i++) {
    const sign = i % 2 === 0 ? -1 : 1;
    for (let t = offsets[i]; t < offsets[i + 1]; t++) gradient[t] = (sign * scored[t]) / tokens.length;
  }
  return gradient;
}

/** Bounds that bind: the ratios below lie on all sides of them. */
const FORMULAS = [
  { name: 'importance_sampling', low: 0, high: Infinity },
  { name: 'ppo', low: 0.8, high: 1.2 },
  { name: 'cispo', low: 0, high: 1.28 },
];
const RATIOS = [0.4, 0.9, 1, 1.1, 1.25, 2.5];
const LOSS_TOLERANCE = 1e-3;

/** A policy loss over the batch, and its derivative by each log-prob as our own formulas have it. */
function policyLoss({ name, low, high }, batch, logProb) {
  const pull = gradientOf(batch).map((value) => (value === 0 ? 0 : -value));
  const oldLogProb = logProb.map((value, t) => value - Math.log(RATIOS[t % RATIOS.length]));
  const gradient = logProb.map((value, t) => {
    const ratio = Math.exp(value - oldLogProb[t]);
    const bounded = Math.min(Math.max(ratio, low), high);
    if (name === 'cispo') return -bounded * pull[t];
    return name === 'ppo' && bounded * pull[t] < ratio * pull[t] ? 0 : -ratio * pull[t];
  });
  return { loss: { name, low, high, advantages: pull, oldLogProb, logRatioBound: 20 }, gradient };
}

/** One step by the server's own losses and one by gradients that are handed over, from the same adapter. */
async function compareLosses(remote, batch, logProb) {
  const outcomes = [];
  for (const formula of FORMULAS) {
    progress(`the server's own ${formula.name}`);
    const { loss, gradient } = policyLoss(formula, batch, logProb);
    const after = [];
    const norms = [];
    for (const way of [
      (engine) => engine.forwardBackward(batch, { logProb: gradient }),
      (engine) => engine.forwardBackwardLoss(batch, loss),
    ]) {
      const engine = await remote.fork();
      const columns = await way(engine);
      if (columns === undefined)
        return [report(formula.name, false, 'the server must compute it as we do, it does not')];
      norms.push((await engine.optimStep({ learningRate: RATES.remote })).gradNorm);
      after.push((await engine.forward(batch)).logProb);
      await engine.dispose();
    }
    const [byUs, byServer] = after;
    const apart = Math.max(Math.abs(norms[1] / norms[0] - 1), largest(byUs, byServer) / largest(byUs, logProb));
    const words = `gradient and step, ours beside the server's: ${apart.toExponential(1)} apart; allowed ${LOSS_TOLERANCE}`;
    outcomes.push(report(formula.name, apart <= LOSS_TOLERANCE, words));
  }
  return outcomes;
}

/** Log-probs of the same tokens on both engines, before and after one step down the same gradient. */
export async function compareEngines(url, model) {
  return await withEngines(url, model, async ({ local, remote, prompts }) => {
    progress('connected; sampling (the server compiles what it meets for the first time)');
    const requests = prompts.map((prompt) => ({ prompt, seeds: [1, 2, 3, 4] }));
    const { sampled, ...batch } = batchOf(prompts, await remote.sample(requests, { maxNewTokens: MAX_NEW_TOKENS }));
    progress('sampled; log-probs on both sides');
    const [here, there] = [(await local.forward(batch)).logProb, (await remote.forward(batch)).logProb];
    const losses = await compareLosses(remote, batch, there);
    progress('one step on both sides');
    for (const [engine, learningRate] of [
      [local, RATES.local],
      [remote, RATES.remote],
    ]) {
      await engine.forwardBackward(batch, { logProb: gradientOf(batch) });
      await engine.optimStep({ learningRate });
    }
    const [hereAfter, thereAfter] = [(await local.forward(batch)).logProb, (await remote.forward(batch)).logProb];
    const worst = [largest(here, there), largest(here, sampled)];
    const direction = cosine(difference(hereAfter, here), difference(thereAfter, there));
    const tokens = batch.scored.reduce((sum, value) => sum + value, 0);
    const [byForward, bySampling] = worst.map((each) => each.toExponential(1));
    return [
      ...losses,
      report(
        'log-probs',
        Math.max(...worst) <= LOG_PROB_TOLERANCE,
        `largest difference over ${tokens} tokens ${byForward} by forward, ${bySampling} by sampling; ` +
          `allowed ${LOG_PROB_TOLERANCE}`,
      ),
      report(
        'one step',
        direction > LEAST_COSINE,
        `cosine of the moves of the log-probs, adapter beside all weights: ${direction.toFixed(3)}; needed ${LEAST_COSINE}`,
      ),
    ];
  });
}
