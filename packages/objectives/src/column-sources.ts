import type { ColumnName, Objective } from './objective.js';

/**
 * Where a column comes from: `chosen-token` log-probs, which every training service returns; the whole `distribution`
 * of a position; a `head` beside the language model; or `given` with the rollouts.
 */
export type ColumnSource = 'chosen-token' | 'distribution' | 'head' | 'given';

export const columnSources: Readonly<Record<ColumnName, ColumnSource>> = {
  logProb: 'chosen-token',
  oldLogProb: 'chosen-token',
  samplerLogProb: 'chosen-token',
  refLogProb: 'chosen-token',
  teacherLogProb: 'chosen-token',
  entropy: 'distribution',
  oldEntropy: 'distribution',
  meanLogProb: 'distribution',
  oldMeanLogProb: 'distribution',
  topLogProb: 'distribution',
  tokenRewards: 'given',
  values: 'head',
  oldValues: 'head',
  returns: 'given',
  external: 'given',
  segment: 'given',
  proxyLogProb: 'distribution',
  oldLogit: 'distribution',
  tokenScale: 'given',
};

/**
 * Whether a server of the Tinker training API can run the objective: it differentiates log-probs of chosen tokens only,
 * and knows nothing else of a position.
 */
export function runsOnTinker(objective: Pick<Objective, 'needs' | 'differentiates'>): boolean {
  const known = (column: ColumnName) => columnSources[column] === 'chosen-token' || columnSources[column] === 'given';
  return objective.differentiates.every((column) => column === 'logProb') && objective.needs.every(known);
}
