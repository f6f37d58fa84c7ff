/**
 * @file VerifyBench, cross-domain (arXiv 2507.09884): how good is a verifier? Verdict parsing, accuracy beside recall and
 * the share of valid verdicts, agreement of annotators, and a cascade of a tolerant and a strict verifier.
 * The paper reports accuracy and recall; precision and F1 are ours. No official code was found.
 */
import { ratioOrNull } from './statistics.js';

/** 1 correct, 0 incorrect, null no valid verdict. */
export type JudgedVerdict = 0 | 1 | null;

/**
 * Reads a judge's output. `word`: the whole output is `correct` or `incorrect`, brackets and a final stop aside.
 * `last`: the last of the two words anywhere in it. Case does not matter.
 */
export function parseVerdict(output: string, style: 'word' | 'last'): JudgedVerdict {
  const lower = output.trim().toLowerCase();
  if (style === 'word') {
    const word = lower
      .replace(/^\[+|\]+$/g, '')
      .replace(/\.$/, '')
      .replace(/\]+$/, '');
    return word === 'correct' ? 1 : word === 'incorrect' ? 0 : null;
  }
  const last = lower.match(/\b(?:in)?correct\b/g)?.at(-1);
  return last === undefined ? null : last === 'correct' ? 1 : 0;
}

export interface VerifierMetrics {
  readonly accuracy: number | null;
  /** Null without positives. */
  readonly recall: number | null;
  /** Null when nothing was accepted. */
  readonly precision: number | null;
  readonly f1: number | null;
  readonly validRate: number | null;
}

/** Invalid verdicts count as wrong (and as misses on positives), or are dropped. */
export function verifierMetrics(
  labels: readonly number[],
  verdicts: readonly JudgedVerdict[],
  invalid: 'wrong' | 'drop' = 'wrong',
): VerifierMetrics {
  const rows = labels.map((label, index) => ({ label, verdict: verdicts[index] ?? null }));
  const judged = rows.filter((row) => row.verdict !== null);
  const counted = invalid === 'drop' ? judged : rows;
  const hits = counted.filter((row) => row.label === 1 && row.verdict === 1).length;
  const recall = ratioOrNull(hits, counted.filter((row) => row.label === 1).length);
  const precision = ratioOrNull(hits, counted.filter((row) => row.verdict === 1).length);
  const sum = precision === null || recall === null ? null : precision + recall;
  return {
    accuracy: ratioOrNull(counted.filter((row) => row.label === row.verdict).length, counted.length),
    recall,
    precision,
    f1: sum === null ? null : sum === 0 ? 0 : (2 * precision! * recall!) / sum,
    validRate: ratioOrNull(judged.length, rows.length),
  };
}

export interface DomainRows {
  readonly labels: readonly number[];
  readonly verdicts: readonly JudgedVerdict[];
}

/** Metrics per domain, and over all rows pooled (not a mean of domains). */
export function overallMetrics(
  domains: Readonly<Record<string, DomainRows>>,
  invalid: 'wrong' | 'drop' = 'wrong',
): { readonly overall: VerifierMetrics; readonly perDomain: Readonly<Record<string, VerifierMetrics>> } {
  const entries = Object.entries(domains);
  const labels = entries.flatMap(([, rows]) => rows.labels);
  const verdicts = entries.flatMap(([, rows]) => rows.verdicts);
  return {
    overall: verifierMetrics(labels, verdicts, invalid),
    perDomain: Object.fromEntries(
      entries.map(([domain, rows]) => [domain, verifierMetrics(rows.labels, rows.verdicts, invalid)]),
    ),
  };
}

/** Raw agreement of two raters and Cohen's kappa; kappa is null when chance agreement is certain. */
export function annotatorAgreement(
  a: readonly number[],
  b: readonly number[],
): { readonly agreement: number; readonly kappa: number | null } {
  const agreement = a.filter((label, index) => label === b[index]).length / a.length;
  const shareA = a.filter((label) => label === 1).length / a.length;
  const shareB = b.filter((label) => label === 1).length / b.length;
  const chance = shareA * shareB + (1 - shareA) * (1 - shareB);
  return { agreement, kappa: chance === 1 ? null : (agreement - chance) / (1 - chance) };
}

/** Accepts what both stages accept; the second stage is only asked about what the first accepts. */
export function cascadeVerdict(
  recallStage: readonly number[],
  precisionStage: readonly number[],
): { readonly verdict: readonly (0 | 1)[]; readonly secondStageCalls: number } {
  const accepted = recallStage.map((verdict) => verdict === 1);
  return {
    verdict: accepted.map((isAccepted, index) => (isAccepted && precisionStage[index] === 1 ? 1 : 0)),
    secondStageCalls: accepted.filter(Boolean).length,
  };
}
