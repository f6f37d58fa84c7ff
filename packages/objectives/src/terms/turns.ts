import { tokenColumn } from '../columns.js';
import type { RolloutBatch } from '../objective.js';

/**
 * The last token of each turn (or step) of every rollout: runs of equal numbers in the column `segment` among the tokens
 * that carry loss. What lies between two runs under the mask does not part them.
 */
export function turnEnds(batch: RolloutBatch): number[][] {
  const { offsets, mask } = batch;
  const segment = tokenColumn(batch, 'segment');
  return Array.from(batch.group, (_, rollout) => {
    const ends: number[] = [];
    let number: number | undefined;
    for (let token = offsets[rollout]!; token < offsets[rollout + 1]!; token++) {
      if (mask[token] === 0) continue;
      if (segment[token] === number) ends.pop();
      ends.push(token);
      number = segment[token]!;
    }
    return ends;
  });
}
