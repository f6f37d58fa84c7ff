import { entropyOf } from '../metrics/entropy.js';
import {
  answerEntropy,
  supportCounts,
  supportRatios,
  supportThreshold,
  tiltedPolicy,
  type SupportCounts,
} from '../metrics/support.js';
import type { SlugAdapters } from './adapter.js';
import type { Matrix } from './padded.js';

function ratiosOf(counts: SupportCounts) {
  const { retention, discovery, dynamics, netChange } = supportRatios(counts);
  return { SRR: retention, NDR: discovery, SDS: dynamics, NSCR: netChange };
}

function softmaxEntropy(logits: readonly number[]): number {
  const most = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return entropyOf(weights.map((weight) => weight / total));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

interface Solved {
  readonly baseSolved: readonly (0 | 1)[];
  readonly tunedSolved: readonly (0 | 1)[];
}

export const invisibleLeash: SlugAdapters = {
  empiricalThreshold: ({ k, zeta }: { k: number; zeta: number }) => supportThreshold(k, zeta),
  supportDynamics: ({ baseSolved, tunedSolved }: Solved) => {
    const counts = supportCounts(baseSolved.map(Boolean), tunedSolved.map(Boolean));
    const { preserved: P, expanded: E, shrunk: S, neither: O } = counts;
    return { P, E, S, O, ...ratiosOf(counts) };
  },
  supportMetrics: ({ P, E, S, O }: { P: number; E: number; S: number; O: number }) =>
    ratiosOf({ preserved: P, expanded: E, shrunk: S, neither: O }),
  answerEntropy: ({ answers }: { answers: readonly (string | null)[] }) => answerEntropy(answers),
  tokenEntropy: ({ logits, mask }: { logits: readonly Matrix[]; mask: Matrix }) => {
    const tokens = mask.map((row, i) => logits[i]!.filter((_, t) => row[t] === 1).map(softmaxEntropy));
    const perSequence = tokens.filter((row) => row.length > 0).map(mean);
    return { perSequence, tokenEntropy: mean(perSequence) };
  },
  tiltedPolicy: ({ q, reward }: { q: readonly number[]; reward: readonly number[] }, { beta }: { beta: number }) =>
    tiltedPolicy(q, reward, beta),
};
