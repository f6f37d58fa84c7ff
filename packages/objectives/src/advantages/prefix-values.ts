import type { RolloutBatch } from '../objective.js';
import { denseGroups } from '../groups.js';

/** Mean reward of the members of the group that share a prefix, in front of each token and behind it. */
export interface PrefixValues {
  /** [tokens] */
  readonly before: Float64Array;
  /** [tokens] */
  readonly after: Float64Array;
}

/** Rollouts of one group that agree on their first `depth` tokens. */
interface Node {
  readonly members: readonly number[];
  readonly depth: number;
}

/**
 * Monte-Carlo values of prefixes (P2T, arXiv 2509.18314): the value of the first t tokens of a rollout is the mean reward
 * of all members of its group that begin with the same t tokens, ended ones included while their tokens last. Compares
 * token ids, those of the environment too, up to the last token that carries loss. Unscored rollouts share nothing; they,
 * and tokens behind the end, have 0.
 */
export function prefixValues(batch: RolloutBatch): PrefixValues {
  const { offsets, rewards, group } = batch;
  const ids = batch.tokenIds;
  if (ids === undefined) throw new Error('prefixValues: tokenIds are missing from the batch; bring the sampled ids');
  const before = new Float64Array(ids.length);
  const after = new Float64Array(ids.length);
  const ends = responseEnds(batch);
  const open: Node[] = roots(rewards, group);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { members, depth } = node;
    const value = meanReward(rewards, members);
    const alive = members.filter((rollout) => offsets[rollout]! + depth < ends[rollout]!);
    for (const rollout of members) if (depth > 0) after[offsets[rollout]! + depth - 1] = value;
    for (const rollout of alive) before[offsets[rollout]! + depth] = value;
    if (members.length === 1 && alive.length === 1) {
      const at = offsets[members[0]!]! + depth;
      before.fill(value, at, ends[members[0]!]);
      after.fill(value, at, ends[members[0]!]);
    } else for (const next of branches(ids, offsets, alive, depth)) open.push({ members: next, depth: depth + 1 });
  }
  return { before, after };
}

/** The members by their token at that depth. */
function branches(ids: Int32Array, offsets: Int32Array, members: readonly number[], depth: number): Iterable<number[]> {
  const byToken = new Map<number, number[]>();
  for (const rollout of members) {
    const id = ids[offsets[rollout]! + depth]!;
    const list = byToken.get(id);
    if (list === undefined) byToken.set(id, [rollout]);
    else list.push(rollout);
  }
  return byToken.values();
}

function roots(rewards: Float64Array, group: Int32Array): Node[] {
  const { index, count } = denseGroups(group);
  const members: number[][] = Array.from({ length: count }, () => []);
  rewards.forEach((reward, rollout) => {
    if (!Number.isNaN(reward)) members[index[rollout]!]!.push(rollout);
  });
  return members.filter((list) => list.length > 0).map((list) => ({ members: list, depth: 0 }));
}

/** [rollouts] Index behind the last token that carries loss; the first token for a rollout without any. */
function responseEnds({ offsets, mask, group }: RolloutBatch): Int32Array {
  return Int32Array.from(group, (_, rollout) => {
    let end = offsets[rollout + 1]!;
    while (end > offsets[rollout]! && mask[end - 1] === 0) end -= 1;
    return end;
  });
}

function meanReward(rewards: Float64Array, members: readonly number[]): number {
  let mean = 0;
  members.forEach((rollout, i) => (mean += (rewards[rollout]! - mean) / (i + 1)));
  return mean;
}
