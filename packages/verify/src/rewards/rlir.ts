/**
 * @file RLIR (arXiv 2509.23958): a world model earns the share of commanded actions that a frozen inverse dynamics model
 * reads back from the frames it made.
 *
 *   R = (1/n) sum over frames i of [a^_i = a_i], where an action of several components is equal only as a whole
 */
import { mean } from './statistics.js';

/** An action as its discrete components, such as keys and camera; one component for a plain action. */
export type Action = readonly number[];

export interface InverseRewardOptions {
  /**
   * Whether each generated frame is a state of the world, such as one with exactly one agent in it. A frame that is not
   * earns nothing, whatever is read from it; one without an entry is not. Absent: frames are not gated.
   */
  readonly valid?: readonly boolean[];
  /**
   * Whether what was read stands for what was commanded at that frame: for transitions that several actions explain, such
   * as a step into a wall. Absent: every component is equal.
   */
  readonly matches?: (read: Action, commanded: Action, frame: number) => boolean;
}

export interface InverseReward {
  /** 1 or 0 for each frame. */
  readonly frames: readonly number[];
  /** The paper's reward, in [0, 1]; 0 without frames. */
  readonly reward: number;
  /** The mean share of equal components, in [0, 1]: what the paper does not take. Neither option changes it. */
  readonly componentReward: number;
  /** Share of valid frames, to look at beside the reward; 1 where validity is not given. */
  readonly validity: number;
}

/** Compares the actions read from frames with those commanded; a frame whose action is missing on either side counts 0. */
export function inverseReward(
  read: readonly Action[],
  commanded: readonly Action[],
  { valid, matches }: InverseRewardOptions = {},
): InverseReward {
  const count = Math.max(read.length, commanded.length);
  const numbers = Array.from({ length: count }, (_, i) => i);
  const shares = numbers.map((i) => equalShare(read[i], commanded[i]));
  const isValid = (i: number) => valid === undefined || valid[i] === true;
  const isRight = (i: number) => {
    const [got, wanted] = [read[i], commanded[i]];
    if (matches === undefined || got === undefined || wanted === undefined) return shares[i] === 1;
    return matches(got, wanted, i);
  };
  const frames = numbers.map((i) => (isValid(i) && isRight(i) ? 1 : 0));
  const validity = valid === undefined ? 1 : mean(numbers.map((i) => (isValid(i) ? 1 : 0)));
  return { frames, reward: mean(frames), componentReward: mean(shares), validity };
}

function equalShare(a: Action | undefined, b: Action | undefined): number {
  if (a === undefined || b === undefined) return 0;
  const longer = Math.max(a.length, b.length);
  if (longer === 0) return 1;
  return b.filter((component, i) => component === a[i]).length / longer;
}
