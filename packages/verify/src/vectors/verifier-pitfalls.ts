import { extractQwenAnswer } from '../rewards/qwen-answer.js';
import {
  attackSuccessRate,
  hybridReward,
  needsModel,
  parseJudge,
  staticMetrics,
  type HybridRow,
  type JudgeStyle,
} from '../rewards/verifier-pitfalls.js';
import type { SlugAdapters } from './adapter.js';

interface Routed {
  readonly rule: number;
  readonly extracted: string;
  readonly reference: string;
}

export const verifierPitfalls: SlugAdapters = {
  extractAnswer: ({ text }: { text: string }) => ({ answer: extractQwenAnswer(text) }),
  needsModel: ({ rule, extracted, reference }: Routed) => ({ needsModel: needsModel(rule, extracted, reference) }),
  parseJudge: ({ output }: { output: string }, { style }: { style: JudgeStyle }) => parseJudge(output, style),
  hybridReward: ({ rows }: { rows: readonly HybridRow[] }) => hybridReward(rows),
  staticMetrics: ({ labels, predictions }: { labels: readonly number[]; predictions: readonly number[] }) =>
    staticMetrics(labels, predictions),
  attackSuccessRate: ({ rows }: { rows: readonly { pattern: string; accepted: number }[] }) => ({
    percent: attackSuccessRate(rows),
  }),
};
