import {
  curriculumPhase,
  groupSignalProbability,
  nestedPhases,
  selectHardest,
  twiceHard,
} from '../filters/hard-focus.js';
import type { SlugAdapters } from './adapter.js';
import type { Matrix } from './padded.js';

export const drive: SlugAdapters = {
  selectHardest: ({ passRates }: { passRates: readonly number[] }, { keep }: { keep: number }) => ({
    indices: selectHardest(passRates, keep),
  }),
  preGrpoPhases: ({ passRateHistory }: { passRateHistory: Matrix }, { keeps }: { keeps: readonly number[] }) => ({
    phasePrompts: nestedPhases(passRateHistory, keeps),
  }),
  curriculumPhase: ({ step }: { step: number }, { budgets }: { budgets: readonly number[] }) => {
    const place = curriculumPhase(step, budgets);
    return { phase: place?.phase ?? null, stepInPhase: place?.step ?? null };
  },
  twiceHard: ({ labels }: { labels: readonly ('easy' | 'medium' | 'hard')[] }) => ({ indices: twiceHard(labels) }),
  groupSignalProbability: ({ passRates }: { passRates: readonly number[] }, { rollouts }: { rollouts: number }) => ({
    probability: passRates.map((rate) => groupSignalProbability(rate, rollouts)),
  }),
};
