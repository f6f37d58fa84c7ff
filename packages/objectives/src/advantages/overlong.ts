import { part } from '../define.js';

export const overlongShaping = part({
  title: 'Soft overlong punishment',
  source: 'arXiv 2503.14476',
  kinds: ['reward shaping'],
  summary: 'Subtracts from the reward, linearly, over the last tokens before the length limit.',
  vectors: 'baselines',
  needs: [],
});

/**
 * [rollouts] DAPO's soft overlong punishment (arXiv 2503.14476, eq. 13; verl reward_manager/dapo.py), to be added to the
 * reward: 0 up to `maxLength - buffer` tokens, then falling linearly by `factor` every `buffer` tokens.
 */
export function overlongPenalty(
  lengths: ArrayLike<number>,
  maxLength: number,
  buffer: number,
  factor: number,
): Float64Array {
  return Float64Array.from(lengths, (length) => Math.min((-(length - (maxLength - buffer)) / buffer) * factor, 0));
}
