/**
 * The losses that the Tinker API names, as its documentation defines them: sums over the tokens of a datum, nothing is
 * divided. With lp the log-prob of the target token now, q the one given as `logprobs`, r = exp(lp - q), A the advantage
 * and w the weight (1 where none is given):
 *
 *     cross_entropy        -w lp
 *     importance_sampling  -w r A
 *     ppo                  -w min(r A, clip(r, low, high) A)
 *     cispo                -w sg(clip(r, low, high)) A lp
 *     dro                  -w (lp A - beta / 2 (lp - q)^2)
 *     gspo                 as ppo, with s exp(lp - sg(lp)) for r, where ln s is the mean of lp - q over sequence_ratio_mask
 *
 * low and high are `clip_low_threshold` and `clip_high_threshold`: of a token where the datum has such a tensor, else of
 * `loss_fn_config`, else 0.8 and 1.2.
 */

/** The tensors of one datum, each with an entry a target; of log-probs there are as many. */
export type LossInputs = Readonly<Record<string, ArrayLike<number>>>;

/** Loss of each target, and its derivative by the target's log-prob. */
export interface ElementLosses {
  readonly losses: Float64Array;
  readonly gradient: Float64Array;
}

interface LossRule {
  /** Tensors that a datum must have beside `target_tokens`. */
  readonly needs: readonly string[];
  /** Tensors that a datum may have. */
  readonly takes: readonly string[];
  /** Numbers of `loss_fn_config`; undefined has no default. */
  readonly config: Readonly<Record<string, number | undefined>>;
  readonly compute: (logProbs: ArrayLike<number>, inputs: LossInputs, config: LossConfig) => ElementLosses;
}

export type LossConfig = Readonly<Record<string, number>>;

const CLIP = { clip_low_threshold: 0.8, clip_high_threshold: 1.2 } as const;
const clipTensors = Object.keys(CLIP);

export const lossRules = {
  cross_entropy: {
    needs: [],
    takes: ['weights'],
    config: {},
    compute: (logProbs, inputs) => each(logProbs, inputs, (lp) => [-lp, -1]),
  },
  importance_sampling: {
    needs: ['logprobs', 'advantages'],
    takes: ['weights'],
    config: {},
    compute: (logProbs, inputs) =>
      each(logProbs, inputs, (lp, t) => {
        const surrogate = Math.exp(lp - at(inputs, 'logprobs', t)) * at(inputs, 'advantages', t);
        return [-surrogate, -surrogate];
      }),
  },
  ppo: {
    needs: ['logprobs', 'advantages'],
    takes: ['weights', ...clipTensors],
    config: CLIP,
    compute: (logProbs, inputs, config) =>
      each(logProbs, inputs, (lp, t) => pessimistic(Math.exp(lp - at(inputs, 'logprobs', t)), inputs, config, t)),
  },
  cispo: {
    needs: ['logprobs', 'advantages'],
    takes: ['weights', ...clipTensors],
    config: CLIP,
    compute: (logProbs, inputs, config) =>
      each(logProbs, inputs, (lp, t) => {
        const weight =
          clipped(Math.exp(lp - at(inputs, 'logprobs', t)), inputs, config, t) * at(inputs, 'advantages', t);
        return [-weight * lp, -weight];
      }),
  },
  dro: {
    needs: ['logprobs', 'advantages'],
    takes: ['weights'],
    config: { beta: undefined },
    compute: (logProbs, inputs, { beta = 0 }) =>
      each(logProbs, inputs, (lp, t) => {
        const distance = lp - at(inputs, 'logprobs', t);
        const advantage = at(inputs, 'advantages', t);
        return [0.5 * beta * distance ** 2 - lp * advantage, beta * distance - advantage];
      }),
  },
  gspo: {
    needs: ['logprobs', 'advantages', 'sequence_ratio_mask'],
    takes: ['weights', ...clipTensors],
    config: CLIP,
    compute(logProbs, inputs, config) {
      const ratio = sequenceRatio(logProbs, inputs);
      return each(logProbs, inputs, (_, t) => pessimistic(ratio, inputs, config, t));
    },
  },
} as const satisfies Readonly<Record<string, LossRule>>;

export type LossName = keyof typeof lossRules;

export const lossNames = Object.keys(lossRules) as readonly LossName[];

export function isLossName(name: string): name is LossName {
  return Object.hasOwn(lossRules, name);
}

/** Losses and gradients of one datum's targets under the log-probs of now. */
export function computeLosses(
  name: LossName,
  logProbs: ArrayLike<number>,
  inputs: LossInputs,
  config: LossConfig,
): ElementLosses {
  const rule: LossRule = lossRules[name];
  return rule.compute(logProbs, inputs, { ...definedOf(rule.config), ...config });
}

function definedOf(config: LossRule['config']): LossConfig {
  return Object.fromEntries(
    Object.entries(config).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

/** `rule` gives loss and derivative of target t before its weight; what weighs nothing is 0 whatever it holds. */
function each(
  logProbs: ArrayLike<number>,
  inputs: LossInputs,
  rule: (logProb: number, t: number) => readonly [number, number],
): ElementLosses {
  const losses = new Float64Array(logProbs.length);
  const gradient = new Float64Array(logProbs.length);
  for (let t = 0; t < logProbs.length; t++) {
    const weight = inputs.weights === undefined ? 1 : (inputs.weights[t] as number);
    if (weight === 0) continue;
    const [loss, slope] = rule(logProbs[t] as number, t);
    losses[t] = weight * loss;
    gradient[t] = weight * slope;
  }
  return { losses, gradient };
}

/** -min(r A, clip(r) A), with the derivative by ln r. */
function pessimistic(ratio: number, inputs: LossInputs, config: LossConfig, t: number): readonly [number, number] {
  const advantage = at(inputs, 'advantages', t);
  const free = ratio * advantage;
  const bounded = clipped(ratio, inputs, config, t) * advantage;
  return free <= bounded ? [-free, -free] : [-bounded, 0];
}

function clipped(ratio: number, inputs: LossInputs, config: LossConfig, t: number): number {
  const bound = (name: keyof typeof CLIP) => inputs[name]?.[t] ?? config[name] ?? CLIP[name];
  return Math.min(Math.max(ratio, bound('clip_low_threshold')), bound('clip_high_threshold'));
}

function sequenceRatio(logProbs: ArrayLike<number>, inputs: LossInputs): number {
  let sum = 0;
  let count = 0;
  for (let t = 0; t < logProbs.length; t++) {
    if (at(inputs, 'sequence_ratio_mask', t) === 0) continue;
    sum += (logProbs[t] as number) - at(inputs, 'logprobs', t);
    count++;
  }
  return count === 0 ? 1 : Math.exp(sum / count);
}

function at(inputs: LossInputs, name: string, t: number): number {
  return inputs[name]?.[t] ?? 0;
}
