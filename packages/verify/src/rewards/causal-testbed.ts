/**
 * @file Causal testbed (arXiv 2512.20760): the strict reward for a distribution written as `ANSWER [p, q, ...]`.
 *
 *   r = 0 if nothing parses, else 0.1 + 0.1 [length equal] + 0.8 [length equal and TVD < threshold]
 *
 * The first match wins, also inside the thoughts; commas need a following space; it is not checked that the numbers form a
 * distribution (all as in the code). Exact answers to such questions: `structural-causal-model.ts`.
 */

const list = /ANSWER\s*\[((?:-?[0-9.])+(?:,\s+(?:-?[0-9.])+)*)\]/;

/** Numbers of the first answer list; null when there is none or a number is malformed. */
export function parseAnswerList(text: string): number[] | null {
  const body = list.exec(text.slice(0, 200_000))?.[1];
  if (body === undefined) return null;
  const numbers = body.split(',').map((piece) => Number(piece.trim()));
  return numbers.every(Number.isFinite) ? numbers : null;
}

/** Half the summed absolute difference of two lists of equal length. */
export function totalVariation(left: readonly number[], right: readonly number[]): number {
  return 0.5 * left.reduce((sum, value, index) => sum + Math.abs(value - right[index]!), 0);
}

export interface CausalScore {
  readonly parsed: readonly number[] | null;
  /** The trained reward, in {0, 0.1, 0.2, 1}. */
  readonly score: number;
  /** 0.1 + 0.1 + 0.8 max(1 - TVD, 0): logged, not trained on. */
  readonly dense: number;
}

/** Scores one response against the true distribution. */
export function causalScore(text: string, truth: readonly number[], threshold = 0.01): CausalScore {
  const parsed = parseAnswerList(text);
  if (parsed === null) return { parsed, score: 0, dense: 0 };
  if (parsed.length !== truth.length) return { parsed, score: 0.1, dense: 0.1 };
  const distance = totalVariation(parsed, truth);
  return { parsed, score: distance < threshold ? 1 : 0.2, dense: 0.2 + 0.8 * Math.max(1 - distance, 0) };
}
