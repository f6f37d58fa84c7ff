import { pairSigns } from './groups.js';
import type { BatchTotals, ColumnName, RolloutBatch, RolloutColumnName } from './objective.js';

/** Where the tokens that carry loss are. */
export interface LossTokens {
  /** [loss tokens] Index into the token columns. */
  readonly positions: Int32Array;
  /** [loss tokens] Rollout of each. */
  readonly rolloutOf: Int32Array;
  /** [rollouts] How many each rollout has. */
  readonly lengths: Float64Array;
}

export function lossTokens(batch: RolloutBatch): LossTokens {
  const { offsets, mask } = batch;
  const rollouts = batch.group.length;
  const lengths = new Float64Array(rollouts);
  const positions = new Int32Array(mask.length);
  const rolloutOf = new Int32Array(mask.length);
  let count = 0;
  for (let rollout = 0; rollout < rollouts; rollout++) {
    const first = count;
    for (let token = offsets[rollout]!; token < offsets[rollout + 1]!; token++) {
      if (mask[token] === 0) continue;
      positions[count] = token;
      rolloutOf[count++] = rollout;
    }
    lengths[rollout] = count - first;
  }
  return { positions: positions.slice(0, count), rolloutOf: rolloutOf.slice(0, count), lengths };
}

/** [rollouts] Tokens of each rollout that carry loss. */
export function responseLengths(batch: RolloutBatch): Float64Array {
  const { offsets, mask } = batch;
  return Float64Array.from({ length: batch.group.length }, (_, rollout) => {
    let length = 0;
    for (let token = offsets[rollout]!; token < offsets[rollout + 1]!; token++) length += mask[token]!;
    return length;
  });
}

/** [rollouts] Tokens of each rollout that carry loss and that another policy wrote. Needs the column `external`. */
export function externalTokenCounts(batch: RolloutBatch): number[] {
  const { offsets, mask } = batch;
  const external = tokenColumn(batch, 'external');
  return Array.from(batch.group, (_, rollout) => {
    let count = 0;
    for (let token = offsets[rollout]!; token < offsets[rollout + 1]!; token++) {
      count += mask[token] !== 0 && external[token] !== 0 ? 1 : 0;
    }
    return count;
  });
}

/** [tokens] The value of each rollout at those of its tokens that carry loss, 0 at the others. */
export function broadcast(batch: RolloutBatch, perRollout: ArrayLike<number>): Float64Array {
  const { offsets, mask } = batch;
  const out = new Float64Array(mask.length);
  for (let rollout = 0; rollout < batch.group.length; rollout++) {
    const value = perRollout[rollout]!;
    for (let token = offsets[rollout]!; token < offsets[rollout + 1]!; token++) {
      if (mask[token] !== 0) out[token] = value;
    }
  }
  return out;
}

/** What a loss over this batch divides by; of the whole minibatch, also where a loss sees only a part of it. */
export function totalsOf(batch: RolloutBatch): BatchTotals {
  let tokens = 0;
  let nonEmptyRollouts = 0;
  let scored = 0;
  let longest = 0;
  responseLengths(batch).forEach((length, rollout) => {
    tokens += length;
    nonEmptyRollouts += length > 0 ? 1 : 0;
    scored += length > 0 && !Number.isNaN(batch.rewards[rollout]) ? 1 : 0;
    longest = Math.max(longest, length);
  });
  const external = batch.columns.external === undefined ? [] : externalTokenCounts(batch);
  const externalTokens = external.reduce((sum, count) => sum + count, 0);
  const externalRollouts = external.filter((count) => count > 0).length;
  const groups = new Set(batch.group).size;
  const pairs = pairSigns(batch.rewards, batch.group).filter((sign) => sign > 0).length;
  return {
    tokens,
    rollouts: batch.group.length,
    nonEmptyRollouts,
    externalTokens,
    externalRollouts,
    groups,
    scored,
    longest,
    pairs,
  };
}

/** A token column of the batch. Throws when the trainer did not bring it. */
export function tokenColumn(batch: RolloutBatch, name: ColumnName): Float64Array {
  const column = batch.columns[name];
  if (column === undefined) {
    throw new Error(`tokenColumn: column ${name} is missing from the batch; list it in the objective's needs`);
  }
  return column;
}

/** A rollout column of the batch. Throws when the trainer did not bring it. */
export function rolloutColumn(batch: RolloutBatch, name: RolloutColumnName): Float64Array {
  const column = batch.rolloutColumns?.[name];
  if (column === undefined) {
    throw new Error(`rolloutColumn: ${name} is missing from the batch; list it in the objective's needsOfRollout`);
  }
  return column;
}

/** The given rollouts of a batch, in the given order, with all their columns: a minibatch, a filter, a permutation. */
export function selectRollouts(batch: RolloutBatch, rollouts: ArrayLike<number>): RolloutBatch {
  const chosen = Array.from(rollouts);
  const offsets = new Int32Array(chosen.length + 1);
  chosen.forEach((rollout, i) => {
    offsets[i + 1] = offsets[i]! + batch.offsets[rollout + 1]! - batch.offsets[rollout]!;
  });
  const cut = <T extends Float64Array | Int32Array | Uint8Array>(column: T, width = 1): T =>
    selectTokens(batch.offsets, chosen, column, width);
  const perRollout = (column: Float64Array) => Float64Array.from(chosen, (rollout) => column[rollout]!);
  return {
    offsets,
    group: Int32Array.from(chosen, (rollout) => batch.group[rollout]!),
    rewards: perRollout(batch.rewards),
    mask: cut(batch.mask),
    columns: mapColumns(batch.columns, (column) => cut(column)),
    ...(batch.rolloutColumns && { rolloutColumns: mapColumns(batch.rolloutColumns, perRollout) }),
    ...(batch.tokenIds && { tokenIds: cut(batch.tokenIds) }),
    ...(batch.topK && {
      topK: {
        width: batch.topK.width,
        ids: cut(batch.topK.ids, batch.topK.width),
        logProb: cut(batch.topK.logProb, batch.topK.width),
        ...(batch.topK.teacherLogProb && { teacherLogProb: cut(batch.topK.teacherLogProb, batch.topK.width) }),
      },
    }),
  };
}

/** Entries of a token column that belong to the given rollouts, in the given order; `width` entries a token. */
export function selectTokens<T extends Float64Array | Int32Array | Uint8Array>(
  offsets: Int32Array,
  rollouts: readonly number[],
  column: T,
  width = 1,
): T {
  const parts = rollouts.map((rollout) => column.subarray(offsets[rollout]! * width, offsets[rollout + 1]! * width));
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const out = new (column.constructor as new (size: number) => T)(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function mapColumns<K extends string>(
  columns: Readonly<Partial<Record<K, Float64Array>>>,
  map: (column: Float64Array) => Float64Array,
): Partial<Record<K, Float64Array>> {
  const out: Partial<Record<K, Float64Array>> = {};
  for (const name in columns) {
    const column = columns[name];
    if (column !== undefined) out[name] = map(column);
  }
  return out;
}
