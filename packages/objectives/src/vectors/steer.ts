import { entropyChange, changeWeights, type SteerSettings } from '../methods/steer.js';
import { clippedSurrogate } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import { Tape } from '../tape/tape.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, flatten, rowsOf, type Matrix } from './padded.js';
import { surrogateCase, type AggregationParams, type SurrogateInputs } from './surrogate.js';

interface WeightParams {
  readonly lambda_min: number;
  readonly lambda_max: number;
  readonly mapping: 'linear' | 'exp';
  readonly exp_floor?: number;
}

interface LossParams extends WeightParams, AggregationParams {
  readonly clip_low: number;
  readonly clip_high: number;
  readonly dual_clip_c: number;
}

type Inputs = SurrogateInputs & { readonly entropy: Matrix };

function settingsOf({ lambda_min, lambda_max, mapping, exp_floor = 0.02 }: WeightParams): SteerSettings {
  return {
    mapping,
    lambdaMin: lambda_min,
    lambdaMax: lambda_max,
    omegaFloor: exp_floor,
    exponentP: 1,
    exponentRest: 1,
  };
}

/** Omega and lambda with an entry for every entry of the padded rows. */
function weightsOf(inputs: Inputs, params: WeightParams) {
  const batch = batchOf(inputs.mask, {});
  const tape = new Tape(batch);
  const compact = (matrix: Matrix) => tape.compact(flatten(matrix));
  const settings = settingsOf(params);
  const omega = entropyChange(
    {
      logProb: compact(inputs.logp),
      oldLogProb: compact(inputs.old_logp),
      oldEntropy: compact(inputs.entropy),
      advantages: compact(inputs.advantages),
    },
    settings,
  );
  const weights = changeWeights(omega, settings);
  return { omega: rowsOf(batch, tape.scatter(omega)), weights: rowsOf(batch, tape.scatter(weights)) };
}

export const steer: SlugAdapters = {
  steer_weights: weightsOf,
  steer_loss: (inputs: Inputs, params: LossParams) => {
    const weights = weightsOf(inputs, params).weights.flat();
    const { clip_low: clipLow, clip_high: clipHigh, dual_clip_c: dualClip } = params;
    return surrogateCase(inputs, params, (context) =>
      clippedSurrogate(context, tokenRatio(context), { clipLow, clipHigh, dualClip }).mul(
        context.tape.tokenConstant(weights),
      ),
    );
  },
};
