import {
  exploringDivergence,
  rehearsalDivergence,
  splitByAttempts,
  type RehearsalDivergence,
} from '../methods/dph-rl.js';
import type { Value } from '../tape/value.js';
import { aggregate, type Aggregation } from '../terms/aggregate.js';
import { clippedSurrogate } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, evaluateFormula, rowsOf, type Matrix } from './padded.js';
import { surrogateCase, type SurrogateInputs } from './surrogate.js';

interface StoredInputs {
  readonly logp: Matrix;
  readonly init_logp: Matrix;
  readonly mask: Matrix;
}

interface DivergenceParams {
  readonly mode: 'forward' | 'js_low_var' | 'alpha' | 'js' | 'js_exp_half';
  readonly coeff: number;
  readonly alpha?: number | null;
  readonly agg: Aggregation;
}

const divergences: Readonly<Record<Exclude<DivergenceParams['mode'], 'js_exp_half'>, RehearsalDivergence>> = {
  forward: 'forward',
  js_low_var: 'js-generator',
  alpha: 'alpha',
  js: 'js',
};

function divergenceCase({ logp, init_logp, mask }: StoredInputs, { mode, coeff, alpha, agg }: DivergenceParams) {
  const batch = batchOf(mask, { logProb: logp, refLogProb: init_logp });
  let perToken: number[][] = [];
  const result = evaluateFormula(batch, new Float64Array(batch.mask.length), (context) => {
    const initial = context.column('refLogProb');
    const value: Value =
      mode === 'js_exp_half'
        ? exploringDivergence(context.logProb, initial)
        : rehearsalDivergence(context.logProb, initial, divergences[mode], alpha ?? 0.2);
    perToken = rowsOf(batch, context.tape.scatter(value.data));
    const scalar = aggregate(context.tape, value, context.totals, { aggregation: agg, lengthNorm: null });
    return scalar.mul(coeff);
  });
  return { per_token: perToken, loss: result.loss, grad_logp: result.gradient('logProb') };
}

interface StepParams extends Omit<DivergenceParams, 'alpha'> {
  readonly alpha?: number | null;
  readonly clip_low: number;
  readonly clip_high: number;
  readonly dual_clip_c: number;
}

/** One micro-batch of each kind, averaged. */
function stepCase({ rl, rehearsal }: { rl: SurrogateInputs; rehearsal: StoredInputs }, params: StepParams) {
  const clip = { clipLow: params.clip_low, clipHigh: params.clip_high, dualClip: params.dual_clip_c };
  const policy = surrogateCase(rl, params, (context) => clippedSurrogate(context, tokenRatio(context), clip));
  const stored = divergenceCase(rehearsal, params);
  const half = (rows: number[][]) => rows.map((row) => row.map((value) => value / 2));
  return {
    loss: (policy.loss + stored.loss) / 2,
    grad_rl: half(policy.grad_logp),
    grad_rehearsal: half(stored.grad_logp),
  };
}

export const dphRl: SlugAdapters = {
  dph_divergence_loss: divergenceCase,
  dph_step_loss: stepCase,
  dph_split: (
    { attempts }: { attempts: Readonly<Record<string, readonly number[]>> },
    { k, min_correct }: { k: number; min_correct: number },
  ) => {
    const outcomes = Object.values(attempts).map((list) => list.map((value) => value === 1));
    const sides = splitByAttempts(outcomes, { attempts: k, minCorrect: min_correct });
    return { split: Object.fromEntries(Object.keys(attempts).map((name, i) => [name, sides[i]])) };
  },
};
