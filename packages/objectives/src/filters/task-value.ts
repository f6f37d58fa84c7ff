import { groupStatistics, type StandardDeviation } from '../advantages/group.js';

/** Groups whose rewards spread less than this carry no signal. */
const LEAST_SPREAD = 1e-6;

/** What becomes of each group of a batch, in the order of groups. */
export interface SamplingPlan {
  /** [groups] (R_max - mean) x standard deviation. */
  readonly values: Float64Array;
  /** Groups with signal, and the others, whose places are filled again; both rising. */
  readonly live: readonly number[];
  readonly replaced: readonly number[];
  /** The group that fills each of those places; empty where no group has signal. */
  readonly replacement: readonly number[];
  /** [groups] Times that each group is in the batch. */
  readonly copies: Int32Array;
  /** [groups] Weight of the advantages of one copy; 0 for groups that are not in the batch. */
  readonly weights: Float64Array;
}

export interface SamplingOptions {
  /** Largest reward that can be reached. */
  readonly maxReward: number;
  /** A copy of c weighs at most c^-power. */
  readonly power: number;
  /** All copies of a group together weigh at most this. */
  readonly maxWeight: number;
  /** Default: `population`. */
  readonly valueStd?: StandardDeviation;
}

/**
 * Value-based sampling with smoothing (VSPO, arXiv 2512.07478; the rules are inferred): places of groups without signal
 * go to copies of groups with signal, drawn with probability value / sum of values (evenly where all are 0) by one number
 * in [0, 1) a place. A copy of c weighs min(c^-power, maxWeight / c), so that weights grow slower than copies.
 */
export function valueSampling(
  rewards: Float64Array,
  group: Int32Array,
  uniforms: (place: number) => number,
  { maxReward, power, maxWeight, valueStd = 'population' }: SamplingOptions,
): SamplingPlan {
  const { mean, std: spread } = groupStatistics(rewards, group, valueStd);
  const values = spread.map((value, g) => (maxReward - mean[g]!) * value);
  const groups = Array.from(spread.keys());
  const live = groups.filter((g) => spread[g]! >= LEAST_SPREAD);
  const replaced = groups.filter((g) => spread[g]! < LEAST_SPREAD);
  const chances = live.map((g) => Math.max(values[g]!, 0));
  const replacement = live.length === 0 ? [] : replaced.map((_, place) => live[drawIndex(chances, uniforms(place))]!);
  const copies = new Int32Array(groups.length);
  for (const g of [...live, ...replacement]) copies[g]! += 1;
  const weights = Float64Array.from(copies, (c) => (c === 0 ? 0 : Math.min(c ** -power, maxWeight / c)));
  return { values, live, replaced, replacement, copies, weights };
}

/** The entry in whose share of the sum the number lies; even shares where the sum is 0. */
function drawIndex(chances: readonly number[], uniform: number): number {
  const sum = chances.reduce((total, chance) => total + chance, 0);
  const shares = sum > 0 ? chances.map((chance) => chance / sum) : chances.map(() => 1 / chances.length);
  let reached = 0;
  const found = shares.findIndex((share) => uniform < (reached += share));
  return found < 0 ? chances.length - 1 : found;
}
