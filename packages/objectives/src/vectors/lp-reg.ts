import { lowProbabilityLoss, minPProxy, regularised } from '../methods/lp-reg.js';
import { Tape } from '../tape/tape.js';
import { aggregate, type Aggregation } from '../terms/aggregate.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, evaluateFormula, flatten, rowsOf, type Matrix } from './padded.js';
import type { SurrogateInputs } from './surrogate.js';

interface LossParams {
  readonly rho_neg: number;
  readonly rho_pos: number;
  readonly beta: number;
  readonly kl: 'low_var_kl' | 'abs' | 'mse';
  readonly clip_low: number;
  readonly clip_high: number;
  readonly agg: Aggregation;
}

const estimators = { low_var_kl: 'k3', abs: 'abs', mse: 'k2' } as const;

function lossCase(inputs: SurrogateInputs & { proxy_logp: Matrix }, params: LossParams) {
  const { logp: logProb, old_logp: oldLogProb, proxy_logp: proxyLogProb, advantages } = inputs;
  const batch = batchOf(inputs.mask, { logProb, oldLogProb, proxyLogProb });
  const settings = {
    lowShare: params.rho_neg,
    lowSharePositive: params.rho_pos,
    proxyCoef: params.beta,
    proxyKl: estimators[params.kl],
    clipLow: params.clip_low,
    clipHigh: params.clip_high,
  };
  const result = evaluateFormula(batch, flatten(advantages), (context) => {
    const loss = lowProbabilityLoss(context, settings);
    return aggregate(context.tape, loss, context.totals, { aggregation: params.agg, lengthNorm: null });
  });
  const tape = new Tape(batch);
  const compact = (matrix: Matrix) => tape.compact(flatten(matrix));
  const chosen = regularised(compact(logProb), compact(proxyLogProb), compact(advantages), settings);
  return {
    loss: result.loss,
    grad_logp: result.gradient('logProb'),
    clip_frac: result.metrics['clipFraction'],
    regularised: rowsOf(batch, tape.scatter(Float64Array.from(chosen))),
  };
}

export const lpReg: SlugAdapters = {
  min_p_proxy: (
    { logits }: { logits: Matrix },
    { kappa, kind, temperature }: { kappa: number; kind: 'minp' | 'fixed'; temperature: number },
  ) => {
    const rows = logits.map((row) => minPProxy(row, { floor: kappa, kind, temperature }));
    return { keep: rows.map(({ keep }) => keep), proxy_prob: rows.map(({ probabilities }) => probabilities) };
  },
  lp_reg_loss: lossCase,
};
