import type { SampleOptions, TokenTrie } from '../engine.js';

/** Which tokens may be drawn; the log-prob that is reported stays that of the whole distribution. */
export type TokenFilter = Pick<SampleOptions, 'topK' | 'topP'> & { readonly trie?: TokenTrie | undefined };

/**
 * A number in [0, 1) that depends on `seed` and `index` only (two rounds of the murmur3 finaliser each for the high
 * and the low bits), so that a completion does not depend on what else is sampled with it.
 */
export function uniform(seed: number, index: number): number {
  const high = Math.floor(seed / 2 ** 32);
  const first = mix(mix((seed >>> 0) ^ 0x9e3779b9) ^ mix(high ^ 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35));
  const second = mix(first ^ Math.imul(index + 1, 0x27d4eb2f));
  return ((first >>> 5) * 2 ** 26 + (second >>> 6)) / 2 ** 53;
}

function mix(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * Draws from the distribution `probs` [vocab] by inverting its cumulative sum at `u` in [0, 1); null draws greedily.
 * Ties go to the lower id. Top-k is applied before top-p.
 */
export function chooseToken(probs: Float32Array, u: number | null, filter: TokenFilter = {}): number {
  const candidates = candidateTokens(probs, filter);
  if (candidates === null) return u === null ? likeliest(probs) : invertAll(probs, u);
  if (u === null) return candidates.reduce((best, id) => (at(probs, id) > at(probs, best) ? id : best));
  const total = candidates.reduce((sum, id) => sum + at(probs, id), 0);
  let mass = u * total;
  for (const id of candidates) {
    mass -= at(probs, id);
    if (mass < 0) return id;
  }
  return candidates.reduce((best, id) => (at(probs, id) > at(probs, best) ? id : best));
}

function at(probs: Float32Array, id: number): number {
  return probs[id] as number;
}

function likeliest(probs: Float32Array): number {
  let best = 0;
  for (let id = 1; id < probs.length; id++) if (at(probs, id) > at(probs, best)) best = id;
  return best;
}

function invertAll(probs: Float32Array, u: number): number {
  let total = 0;
  for (let id = 0; id < probs.length; id++) total += at(probs, id);
  let mass = u * total;
  for (let id = 0; id < probs.length; id++) {
    mass -= at(probs, id);
    if (mass < 0) return id;
  }
  return likeliest(probs);
}

/** The tokens that may be drawn, or null where all may. */
function candidateTokens(probs: Float32Array, { topK = 0, topP = 1, trie }: TokenFilter): number[] | null {
  if (!trie && topK <= 0 && topP >= 1) return null;
  let candidates: number[];
  if (trie) {
    candidates = [...trie.children.keys()];
  } else {
    // Tokens below this share together hold less than what top-p leaves out, so none of them is in the nucleus.
    const floor = topP < 1 ? (1 - topP) / probs.length : 0;
    candidates = [];
    for (let id = 0; id < probs.length; id++) if (at(probs, id) > floor) candidates.push(id);
    if (candidates.length === 0) candidates.push(likeliest(probs));
  }
  candidates.sort((a, b) => at(probs, b) - at(probs, a) || a - b);
  if (topK > 0) candidates.length = Math.min(candidates.length, topK);
  return topP < 1 ? nucleus(probs, candidates, topP) : candidates;
}

/** The fewest leading candidates that hold `topP` of the candidates' mass. */
function nucleus(probs: Float32Array, sorted: readonly number[], topP: number): number[] {
  const total = sorted.reduce((sum, id) => sum + at(probs, id), 0);
  let mass = 0;
  const kept: number[] = [];
  for (const id of sorted) {
    kept.push(id);
    mass += at(probs, id);
    if (mass >= topP * total) break;
  }
  return kept;
}
