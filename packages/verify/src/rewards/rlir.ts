/**
 * @file RLIR (arXiv 2509.23958): a world model earns the share of commanded actions that a frozen inverse dynamics model
 * reads back from the frames it made.
 *
 *   R = (1/n) sum over frames i of [a^_i = a_i], where an action of several components is equal only as a whole
 */
import { mean } from './statistics.js';

/** An action as its discrete components, such as keys and camera; one component for a plain action. */
export type Action = readonly number[];

export interface InverseReward {
  /** 1 or 0 for each frame. */
  readonly frames: readonly number[];
  /** The paper's reward, in [0, 1]; 0 without frames. */
  readonly reward: number;
  /** The mean share of equal components, in [0, 1]: an option that the paper does not take. */
  readonly componentReward: number;
}

/** Compares the actions read from frames with those commanded; a frame whose action is missing on either side counts 0. */
export function inverseReward(read: readonly Action[], commanded: readonly Action[]): InverseReward {
  const count = Math.max(read.length, commanded.length);
  const shares = Array.from({ length: count }, (_, i) => equalShare(read[i], commanded[i]));
  const frames = shares.map((share) => (share === 1 ? 1 : 0));
  return { frames, reward: mean(frames), componentReward: mean(shares) };
}

function equalShare(a: Action | undefined, b: Action | undefined): number {
  if (a === undefined || b === undefined) return 0;
  const longer = Math.max(a.length, b.length);
  if (longer === 0) return 1;
  return b.filter((component, i) => component === a[i]).length / longer;
}
