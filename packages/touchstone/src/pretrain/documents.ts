import type { TokenBatch, TokenGradients, Tokenizer } from '@touchstone/engine';
import { corpusDocument, type CorpusMixture } from '../task/corpus/corpus.js';

/** Documents of one step, ready for the engine. */
export interface DocumentBatch {
  readonly tokens: TokenBatch;
  /** dLoss/d(log-prob) of the mean cross-entropy over the scored tokens. */
  readonly gradients: TokenGradients;
  readonly scoredCount: number;
}

/**
 * Documents `first .. first + count - 1` of the corpus: prompt, response and end token each. Only the response is
 * learned; a problem is drawn at random, so its digits hold nothing to learn.
 */
export function documentBatch(
  tokenizer: Tokenizer,
  endToken: number,
  { seed, mixture }: { readonly seed: number; readonly mixture: CorpusMixture },
  first: number,
  count: number,
): DocumentBatch {
  const tokens: number[] = [];
  const scored: number[] = [];
  const offsets = [0];
  for (let index = first; index < first + count; index++) {
    const { prompt, response } = corpusDocument(seed, index, mixture);
    const question = tokenizer.encode(prompt);
    const answer = tokenizer.encode(response);
    tokens.push(...question, ...answer, endToken);
    scored.push(...new Array<number>(question.length).fill(0), ...new Array<number>(answer.length + 1).fill(1));
    offsets.push(tokens.length);
  }
  const scoredCount = scored.reduce((sum, flag) => sum + flag, 0);
  return {
    tokens: { tokens: Int32Array.from(tokens), offsets: Int32Array.from(offsets), scored: Uint8Array.from(scored) },
    gradients: { logProb: Float32Array.from(scored, (flag) => -flag / scoredCount) },
    scoredCount,
  };
}
