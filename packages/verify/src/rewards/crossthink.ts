/** @file Nemotron-CrossThink (arXiv 2504.13941): the format-gated exact-match reward, data filters and blends. */
import { findBoxes } from '../extract/boxed.js';
import { occurrences } from '../format/tags.js';

export interface CrossthinkReward {
  readonly format: 0 | 1;
  readonly accuracy: 0 | 1;
  /** format times accuracy. */
  readonly reward: 0 | 1;
}

function bit(condition: boolean): 0 | 1 {
  return condition ? 1 : 0;
}

/**
 * Format: one pair of think tags in order and a box after it. Accuracy: the last box after the closing tag (of the whole
 * text without tags) is the gold text exactly, trimmed.
 */
export function crossthinkReward(text: string, gold: string): CrossthinkReward {
  const open = text.indexOf('<think>');
  const close = text.indexOf('</think>');
  const isTagged = occurrences(text, '<think>') === 1 && occurrences(text, '</think>') === 1 && open < close;
  const box = findBoxes(text, close < 0 ? 0 : text.lastIndexOf('</think>')).at(-1);
  const format = bit(isTagged && box !== undefined);
  const accuracy = bit(box !== undefined && box.content.trim() === gold.trim());
  return { format, accuracy, reward: bit(format === 1 && accuracy === 1) };
}

export interface CrossthinkSample {
  readonly kind: 'mcq' | 'open' | 'math';
  readonly answer: string;
  readonly options: readonly string[];
}

/** Which samples can be checked: the answer is an option, has 1 to `maxOpenWords` words, or is not empty. */
export function filterSamples(samples: readonly CrossthinkSample[], maxOpenWords = 10): boolean[] {
  return samples.map(({ kind, answer, options }) => {
    const trimmed = answer.trim();
    const words = trimmed === '' ? 0 : trimmed.split(/\s+/).length;
    switch (kind) {
      case 'mcq':
        return options.some((option) => option.trim() === trimmed);
      case 'open':
        return words >= 1 && words <= maxOpenWords;
      case 'math':
        return trimmed !== '';
    }
  });
}

export interface BlendSource {
  readonly size: number;
  readonly domain: string;
  readonly format: string;
}

export const blendSchemes = [
  'natural',
  'mathUp',
  'gprUp',
  'mcqUp',
  'openUp',
  'score',
  'onlyMath',
  'onlyMr',
  'onlyGpr',
] as const;
export type BlendScheme = (typeof blendSchemes)[number];

function proportional(sizes: readonly number[]): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size) => (total === 0 ? 0 : size / total));
}

/** Two parts of prompts from the favoured group to one of the rest, by size within each. */
function twoToOne(sources: readonly BlendSource[], isFavoured: (source: BlendSource) => boolean): number[] {
  const favoured = proportional(sources.map((source) => (isFavoured(source) ? source.size : 0)));
  const rest = proportional(sources.map((source) => (isFavoured(source) ? 0 : source.size)));
  return proportional(sources.map((_, index) => 2 * (favoured[index] ?? 0) + (rest[index] ?? 0)));
}

/** The share of prompts drawn from each source; shares sum to 1. `scores` are needed by the scheme `score` only. */
export function blendWeights(
  sources: readonly BlendSource[],
  scheme: BlendScheme,
  scores: readonly number[] | null = null,
): number[] {
  const only = (domain: string): number[] =>
    proportional(sources.map((source) => (source.domain === domain ? source.size : 0)));
  switch (scheme) {
    case 'natural':
      return proportional(sources.map(({ size }) => size));
    case 'mathUp':
      return twoToOne(sources, ({ domain }) => domain === 'math');
    case 'gprUp':
      return twoToOne(sources, ({ domain }) => domain === 'gpr');
    case 'mcqUp':
      return twoToOne(sources, ({ format }) => format === 'mcq');
    case 'openUp':
      return twoToOne(sources, ({ format }) => format === 'open');
    case 'onlyMath':
    case 'onlyMr':
      return only('math');
    case 'onlyGpr':
      return only('gpr');
    case 'score':
      if (scores?.length !== sources.length) {
        throw new RangeError(
          `blendWeights: the scheme score needs one score per source, got ${scores?.length ?? 0} for ${sources.length}; add them`,
        );
      }
      return proportional(scores);
  }
}

/** Indices of the questions that the small model answers wrongly. */
export function difficultyFilter(smallModelCorrect: readonly (boolean | number)[]): number[] {
  return smallModelCorrect.flatMap((isCorrect, index) => (isCorrect === true || isCorrect === 1 ? [] : [index]));
}
