/**
 * @file Knowledge-graph path reward (arXiv 2601.15160): an asymmetric answer reward plus how much of the question's path the
 * thoughts mention.
 *
 *   R = R_answer + R_path;  R_answer = 0.1 right, -1 wrong or missing
 *   R_path = min((1.2 coverage + 0.3 [hits >= 2]) phi, 1.5),  phi falls with repeated tokens
 *
 * Formulas only; the reference code's licence allows research use alone. The step words of {@link thinkingQuality} (a signal
 * that the method leaves switched off) are ours.
 */
import { splitWhitespace } from '../text/characters.js';
import { countItems } from '../text/overlap.js';
import { longestRun } from '../text/repetition.js';

const stopWords = new Set(
  splitWhitespace(`
    a an the and or but in on at to for of with by is are was were be been being am have has had do does did will would
    could should may might can this that these those`),
);

/** Lower-case runs of a-z and 0-9, stop words dropped. */
export function pathTokens(text: string): string[] {
  return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).filter((token) => !stopWords.has(token));
}

/** Factor in [0, 1] that falls when one token takes more than `threshold` of the text or runs more than three times on end. */
export function repetitionFactor(tokens: readonly string[], threshold = 0.35): number {
  if (tokens.length === 0) return 1;
  const share = Math.max(...countItems(tokens).values()) / tokens.length;
  const base = Math.max(0, 1 - 3 * Math.max(0, share - threshold));
  return Math.max(0, base * (1 - 0.05 * Math.max(0, longestRun(tokens) - 3)));
}

/** The letter A-D that the response gives: a final-answer line, an answer tag, or the first after the thoughts; else ''. */
export function extractLetter(response: string): string {
  const text = response.replaceAll('*', '');
  const announced =
    /final answer\s*[:-]\s*([a-d])(?![a-z])/i.exec(text) ?? /<answer>\s*([a-d])\s*<\/answer>/i.exec(text);
  if (announced !== null) return announced[1]!.toUpperCase();
  const end = text.lastIndexOf('</think>');
  return end < 0 ? '' : (/\b[A-D]\b/.exec(text.slice(end))?.[0] ?? '');
}

/** The text between the last opening think tag and its end; all of it without tags. */
function thoughts(response: string): string {
  const open = response.lastIndexOf('<think>');
  const body = open < 0 ? response : response.slice(open + '<think>'.length);
  const end = body.indexOf('</think>');
  return end < 0 ? body : body.slice(0, end);
}

const stepWords = ['first', 'second', 'third', 'next', 'then', 'finally', 'therefore', 'because', 'thus'];

/** Half for length, 0.3 for step words, 0.2 for enumerated lines, times phi; a small penalty when no answer was given. */
export function thinkingQuality(thinking: string, hasAnswer: boolean, phi: number): number {
  if (!hasAnswer) return -0.1 * (1 - phi);
  const lower = thinking.toLowerCase();
  const words = new Set(lower.match(/[a-z]+/g) ?? []);
  const enumerated = lower.split('\n').filter((line) => /^\s*\d+[.)]/.test(line)).length;
  const present = stepWords.filter((word) => words.has(word)).length / stepWords.length;
  return (0.5 * Number(thinking.trim().length >= 20) + 0.3 * present + 0.2 * Math.min(enumerated / 3, 1)) * phi;
}

export interface PathRewards {
  readonly answer: string;
  readonly correctness: number;
  readonly path: number;
  /** The trained reward, in [-1, 1.6]. */
  readonly total: number;
  readonly thinkingQuality: number;
}

/** Rewards of one response to a question made from `path` (its text form), or from none. */
export function pathRewards(response: string, gold: string, path: string | null): PathRewards {
  const answer = extractLetter(response);
  const thinking = thoughts(response);
  const tokens = pathTokens(thinking);
  const phi = repetitionFactor(tokens);
  const wanted = new Set(path === null ? [] : pathTokens(path));
  const own = new Set(tokens);
  const hits = [...wanted].filter((token) => own.has(token)).length;
  const coverage = wanted.size === 0 ? 0 : hits / wanted.size;
  const pathReward = wanted.size === 0 ? 0 : Math.min((1.2 * coverage + 0.3 * Number(hits >= 2)) * phi, 1.5);
  const correctness = answer !== '' && answer === gold ? 0.1 : -1;
  return {
    answer,
    correctness,
    path: pathReward,
    total: correctness + pathReward,
    thinkingQuality: thinkingQuality(thinking, answer !== '', phi),
  };
}

/** Jaccard similarity of the gold explanation's and the thoughts' tokens, times phi; another switched-off signal. */
export function explanationSimilarity(reference: string, thinking: string): number {
  const left = new Set(pathTokens(reference));
  const tokens = pathTokens(thinking);
  const union = new Set([...left, ...tokens]);
  const shared = [...new Set(tokens)].filter((token) => left.has(token)).length;
  return union.size === 0 ? 0 : (shared / union.size) * repetitionFactor(tokens);
}
