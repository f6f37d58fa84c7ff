/**
 * LATR, rollouts from lookahead trees (arXiv 2510.24302; model/generation.py and sample_filter.py of starreeze/latr).
 *
 *     K_t = round(k eta(step)) of a group's k responses begin in a tree, the others are sampled     `treeSequences`
 *     tree: greedy; candidate j forks where p_j > tau_abs and p_1 - p_j < tau_rel, while there are K_t places
 *     r tokens after its birth a fork is deleted, with all that descends from it, where its last r tokens are too much
 *     like its parent's                                                                   `LookaheadForest`
 *     then every branch that has not ended is sampled to its end; places that no branch took hold copies of the root
 *
 * The update is unchanged: all k responses count as on-policy, old log-probs are the trainer's own. Of the code's options
 * the learned and stop-word filters, the exemption of mathematical symbols (misaligned in the released code) and
 * sampling between forks are left out.
 */
import { part } from '../define.js';
import { roundHalfEven } from '../terms/select.js';

export const latr = part({
  title: 'LATR',
  source: 'arXiv 2510.24302',
  kinds: ['rollout', 'schedule'],
  summary: 'Groups grow as trees that fork where the model is undecided and drop forks that come back to their parent.',
  vectors: 'latr',
  needs: [],
});

/** Pairs of a training step and the share of each group that begins in a tree from that step on, by rising step. */
export type TreeShareSchedule = readonly (readonly [step: number, share: number])[];

/** eta: the share of the last entry whose step is reached; that of the first before. Throws for an empty schedule. */
export function treeShare(schedule: TreeShareSchedule, step: number): number {
  const [first] = schedule;
  if (first === undefined)
    throw new Error('treeShare: the schedule must have an entry, got none; give for example 0: 1');
  return (schedule.findLast(([from]) => from <= step) ?? first)[1];
}

/** K_t: how many of `group` responses begin in a tree; a half is rounded to even, as in the code. */
export function treeSequences(group: number, share: number): number {
  return roundHalfEven(group * share);
}
