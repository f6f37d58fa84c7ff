import { groupAdvantage } from '../advantages/group.js';
import { whiten } from '../advantages/whiten.js';
import { broadcast } from '../columns.js';
import { difficultyReport } from '../filters/difficulty.js';
import type { SlugAdapters } from './adapter.js';
import { deviationOf, type DeviationParams } from './options.js';
import { batchOf, rowsOf, type Labels, type Matrix } from './padded.js';

interface AdvantageInputs {
  readonly scores: readonly number[];
  readonly group: Labels;
  readonly mask?: Matrix;
}

export const goldenGoose: SlugAdapters = {
  difficulty_filter: ({ correct }: { correct: Matrix }) => {
    const report = difficultyReport(correct.map((row) => row.map((flag) => flag === 1)));
    return {
      accuracy: report.accuracy,
      keep_noisy_source_rule: report.keep,
      effective: report.effective,
      effective_ratio: report.effectiveRatio,
    };
  },
  decoupled_advantage: (
    { scores, group, mask }: AdvantageInputs,
    { eps, whiten: unit, ...deviation }: DeviationParams & { eps: number; whiten: 'token' | 'sequence' },
  ) => {
    // Statistics over sequences are those over tokens when every sequence has one token.
    const batch = batchOf(
      unit === 'token' && mask !== undefined ? mask : scores.map(() => [1]),
      {},
      {
        rewards: scores,
        groups: group,
      },
    );
    const centred = groupAdvantage(batch.rewards, batch.group, { advantageScale: 'none', advantageEpsilon: 0 });
    const whitened = whiten(batch, broadcast(batch, centred), eps, deviationOf(deviation));
    return { advantages: unit === 'token' ? rowsOf(batch, whitened) : whitened };
  },
};
