import { entropyGate } from '../filters/entropy-gate.js';
import { gateWeights } from '../methods/earl.js';
import { cascadeReward } from '../shaping/cascade.js';
import { aggregate } from '../terms/aggregate.js';
import { clippedLoss } from '../terms/clip.js';
import { klPenalty } from '../terms/kl.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, evaluateFormula, flatten, rowsOf, type Matrix } from './padded.js';
import type { AggregationParams, SurrogateInputs } from './surrogate.js';

interface GateParams {
  readonly top_fraction: number;
  readonly scope: 'response' | 'batch';
}

interface LossParams extends GateParams, AggregationParams {
  readonly clip: number;
  readonly kl_beta: number;
  readonly denominator: 'all' | 'gated';
}

function lossCase(inputs: SurrogateInputs & { ref_logp: Matrix; entropy: Matrix }, params: LossParams) {
  const { logp: logProb, old_logp: oldLogProb, ref_logp: refLogProb, entropy: oldEntropy } = inputs;
  const batch = batchOf(inputs.mask, { logProb, oldLogProb, refLogProb, oldEntropy });
  const gate = gateWeights(batch, {
    topFraction: params.top_fraction,
    gateScope: params.scope,
    denominator: params.denominator,
  });
  const result = evaluateFormula(batch, flatten(inputs.advantages), (context) => {
    const { tape, totals } = context;
    const reduce = { aggregation: params.agg, lengthNorm: params.seq_norm ?? null };
    const range = { clipLow: params.clip, clipHigh: params.clip };
    const policy = clippedLoss(context, tokenRatio(context), range).mul(tape.tokenConstant(gate));
    const anchor = klPenalty(context.logProb, context.column('refLogProb'), 'k3');
    return aggregate(tape, policy, totals, reduce).add(aggregate(tape, anchor, totals, reduce).mul(params.kl_beta));
  });
  return { loss: result.loss, grad_logp: result.gradient('logProb') };
}

interface Row {
  readonly parse: boolean;
  readonly interface: boolean;
  readonly equivalent: boolean;
}

interface Tiers {
  readonly parse_fail: number;
  readonly syntax: number;
  readonly interface: number;
  readonly functional: number;
}

export const earl: SlugAdapters = {
  entropy_gate: ({ entropy, mask }: { entropy: Matrix; mask: Matrix }, { top_fraction, scope }: GateParams) => {
    const batch = batchOf(mask, { oldEntropy: entropy });
    return { gate: rowsOf(batch, entropyGate(batch, top_fraction, scope)) };
  },
  earl_loss: lossCase,
  cascade_reward: ({ rows }: { rows: readonly Row[] }, { parse_fail, ...tiers }: Tiers) => ({
    reward: rows.map(({ parse, interface: fits, equivalent }) =>
      cascadeReward({ parses: parse, interfaceFits: fits, works: equivalent }, { parseFail: parse_fail, ...tiers }),
    ),
  }),
};
