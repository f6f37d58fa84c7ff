/** @file Verifier pitfalls (arXiv 2505.22203): the cascade of a rule and a judge, static metrics, attack success. */
import { extractQwenAnswer } from './qwen-answer.js';

const plainFloat = /^[+-]?(?:(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)$/i;

/** Whether the whole text is one float: `1e3`, ` 4 `, `inf` and `nan` are, `1/2` and `1,000` are not. */
export function isNumeric(text: string): boolean {
  return text.length < 400 && plainFloat.test(text.trim());
}

/** Whether a row goes to the judge: refused by the rule, not empty, and not two plain numbers. */
export function needsModel(ruleScore: number, extracted: string, reference: string): boolean {
  return ruleScore === 0 && extracted !== '' && !(isNumeric(reference) && isNumeric(extracted));
}

export type JudgeStyle = 'boxed' | 'finalDecision';

export interface JudgeVerdict {
  readonly score: 0 | 1;
  /** What was read; empty where there was no verdict. */
  readonly extracted: string;
}

/** A judge's output as 0 or 1, as the release reads it: a boxed 1, or the first "Final Decision: Yes". */
export function parseJudge(output: string, style: JudgeStyle): JudgeVerdict {
  if (style === 'boxed') {
    const extracted = extractQwenAnswer(output);
    return { score: extracted === '1' ? 1 : 0, extracted };
  }
  const word = /final decision:\s{0,20}(yes|no|true|false)/i.exec(output)?.[1]?.toLowerCase() ?? '';
  return { score: word === 'yes' || word === 'true' ? 1 : 0, extracted: word };
}

export interface HybridRow {
  readonly rule: number;
  readonly extracted: string;
  readonly reference: string;
  /** What the judge said, or would say. */
  readonly judge: string;
}

/** The cascade's rewards: the rule's score, or the judge's where the rule refused. It only ever turns a 0 into a 1. */
export function hybridReward(
  rows: readonly HybridRow[],
  style: JudgeStyle = 'boxed',
): { reward: number[]; modelCalls: number } {
  const asked = rows.map(({ rule, extracted, reference }) => needsModel(rule, extracted, reference));
  return {
    reward: rows.map(({ rule, judge }, index) => (asked[index] === true ? parseJudge(judge, style).score : rule)),
    modelCalls: asked.filter(Boolean).length,
  };
}

/** Counts and rates of a verifier against labels; a rate without a denominator is null. */
export interface StaticMetrics {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly accuracy: number | null;
  readonly falsePositiveRate: number | null;
  readonly falseNegativeRate: number | null;
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** Precision, recall and error rates of predictions (1 accepted) against labels (1 right), of equal length. */
export function staticMetrics(labels: readonly number[], predictions: readonly number[]): StaticMetrics {
  const count = (label: number, prediction: number): number =>
    labels.filter((each, index) => each === label && predictions[index] === prediction).length;
  const [tp, fp, fn, tn] = [count(1, 1), count(0, 1), count(1, 0), count(0, 0)];
  const precision = ratio(tp, tp + fp);
  const recall = ratio(tp, tp + fn);
  const isDefined = precision !== null && recall !== null && precision + recall > 0;
  return {
    tp,
    fp,
    fn,
    tn,
    precision,
    recall,
    f1: isDefined ? (2 * precision * recall) / (precision + recall) : null,
    accuracy: ratio(tp + tn, labels.length),
    falsePositiveRate: ratio(fp, fp + tn),
    falseNegativeRate: ratio(fn, fn + tp),
  };
}

/** Per pattern, the percentage of never-correct answers that a verifier accepted. */
export function attackSuccessRate(
  rows: readonly { readonly pattern: string; readonly accepted: number | boolean }[],
): Record<string, number> {
  const counts = new Map<string, { asked: number; accepted: number }>();
  for (const { pattern, accepted } of rows) {
    const count = counts.get(pattern) ?? { asked: 0, accepted: 0 };
    counts.set(pattern, { asked: count.asked + 1, accepted: count.accepted + Number(accepted) });
  }
  return Object.fromEntries([...counts].map(([pattern, { asked, accepted }]) => [pattern, (100 * accepted) / asked]));
}
