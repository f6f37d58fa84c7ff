/**
 * @file Perception-R1 (arXiv 2506.07218): a reward for stating the visual facts that a solution needs.
 *
 *   r = 0.9 r_accuracy + 0.1 r_format + 0.7 r_visual + r_repetition   (released run; the config's default has 0.5)
 *
 * r_visual divides by the number of items the judge gave, not by the number asked about (as in the code).
 */
import { splitWhitespace } from '../text/characters.js';
import { repetition } from '../text/repetition.js';
import { commandSpans } from '../format/tags.js';
import { clip } from './statistics.js';

const mostItems = 1000;

/** The judge's scores in [0, 1] for items 1, 2, ... up to the first missing one, and their mean. */
export function visualScores(
  judgement: string,
  eps = 1e-6,
): { readonly scores: readonly number[]; readonly reward: number } {
  const scores: number[] = [];
  for (let item = 1; item <= mostItems; item++) {
    const content = lastItem(judgement, item);
    if (content === null) break;
    const value = Number(content.trim() === '' ? NaN : content);
    scores.push(Number.isFinite(value) ? clip(value, 0, 1) : 0);
  }
  return { scores, reward: scores.reduce((sum, score) => sum + score, 0) / (scores.length + eps) };
}

/** The last non-empty content of `<infoN>`. */
function lastItem(text: string, item: number): string | null {
  const open = `<info${item}>`;
  const close = `</info${item}>`;
  for (let at = text.lastIndexOf(open); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(open, at - 1)) {
    const start = at + open.length;
    const end = text.indexOf(close, start + 1);
    if (end >= 0) return text.slice(start, end);
    // Without a closing tag behind it, only an earlier opening can have one.
    if (!text.slice(0, at).includes(close)) return null;
  }
  return null;
}

/** `most` times the share of repeated word n-grams; 0 for a text shorter than one n-gram. */
export function ngramPenalty(text: string, order = 20, most = -2): number {
  return most * repetition(splitWhitespace(text.toLowerCase()), order);
}

/** 1 when the whole response is a think block and an answer block on lines of their own, with a non-empty box in the answer. */
export function perceptionFormat(text: string): 0 | 1 {
  if (!text.startsWith('<think>\n') || !text.endsWith('\n</answer>')) return 0;
  const middle = '\n</think>\n<answer>\n';
  const at = text.indexOf(middle, '<think>\n'.length - 1);
  if (at < 0) return 0;
  const answer = text.slice(at + middle.length, text.length - '\n</answer>'.length);
  return commandSpans(answer, 'boxed').some(({ start, end }) => end > start) ? 1 : 0;
}

/** The weighted total of the four terms. */
export function perceptionTotal(
  terms: { readonly accuracy: number; readonly format: number; readonly visual: number; readonly repetition: number },
  weights: { readonly accuracy?: number; readonly format?: number; readonly visual?: number } = {},
): number {
  const { accuracy = 0.9, format = 0.1, visual = 0.7 } = weights;
  return accuracy * terms.accuracy + format * terms.format + visual * terms.visual + terms.repetition;
}

/** Exact two-sided McNemar test for `b` and `c` discordant pairs: min(1, 2 P(X <= min(b, c))), X binomial(b + c, 1/2). */
export function mcnemarExact(b: number, c: number): number {
  const pairs = b + c;
  let term = 0.5 ** pairs;
  let tail = 0;
  for (let index = 0; index <= Math.min(b, c); index++) {
    tail += term;
    term *= (pairs - index) / (index + 1);
  }
  return Math.min(1, 2 * tail);
}
