import {
  attemptRewards,
  testPassRates,
  testWeights,
  type TestOutcomes,
  type TestWeighting,
} from '../advantages/test-weights.js';
import { fuseAdvantages } from '../methods/verpo.js';
import { degenerateGroupRatio } from '../metrics/degenerate-groups.js';
import type { SlugAdapters } from './adapter.js';
import type { Matrix } from './padded.js';

interface GroupInputs {
  /** [rollouts][turns][tests] */
  readonly outcomes: readonly TestOutcomes[];
  readonly trajRewards: readonly number[];
}

interface FusionParams extends TestWeighting {
  readonly gamma: number;
  readonly beta: number;
}

function advantageCase({ outcomes, trajRewards }: GroupInputs, params: FusionParams) {
  const passRates = testPassRates(outcomes.flat());
  const { weights } = testWeights(passRates, params);
  const turnRewards = outcomes.map((turns) => attemptRewards(turns, weights));
  const fused = fuseAdvantages(Float64Array.from(trajRewards), new Int32Array(trajRewards.length), turnRewards, params);
  return {
    passRates,
    weights,
    turnRewards,
    turnBaseline: fused.turnBaseline[0],
    discountedTrajRewards: Array.from(fused.discounted),
    trajAdvantages: Array.from(fused.trajectory),
    turnAdvantages: fused.turn,
    advantages: fused.advantages,
  };
}

export const verpo: SlugAdapters = {
  testPassRates: ({ outcomes }: Pick<GroupInputs, 'outcomes'>) => ({ passRates: testPassRates(outcomes.flat()) }),
  testWeights: ({ passRates }: { passRates: readonly number[] }, params: TestWeighting) =>
    testWeights(passRates, params),
  verpoAdvantages: advantageCase,
  degenerateGroupRatio: ({ groupRewards }: { groupRewards: Matrix }) => ({ ratio: degenerateGroupRatio(groupRewards) }),
};
