import type { SampleOptions, TokenBatch } from '@touchstone/engine';
import type { RolloutBatch } from '@touchstone/objectives';
import { selectRollouts } from '@touchstone/objectives';
import type { ScoredGroup, ScoredRollout } from '../rollout/rollout.js';
import { responseLength, tokenSource } from '../rollout/rollout.js';

/** Rollouts and what an objective sees of them: response tokens only, one rollout after the other, no prompts. */
export interface StepBatch {
  readonly rollouts: readonly ScoredRollout[];
  readonly view: RolloutBatch;
}

/**
 * Every rollout of these groups in order, without columns. Empty responses stay: they count in group statistics.
 * `demonstrations`: tokens of demonstrations carry loss like those of the policy.
 */
export function stepBatch(groups: readonly ScoredGroup[], demonstrations = false): StepBatch {
  const rollouts = groups.flatMap((group) => group.rollouts);
  const offsets = offsetsOf(rollouts.map(responseLength));
  const mask = new Uint8Array(offsets[rollouts.length] as number);
  const tokenIds = new Int32Array(mask.length);
  for (const [number, rollout] of rollouts.entries()) {
    const start = offsets[number] as number;
    tokenIds.set(rollout.tokens.subarray(rollout.promptLength), start);
    mask.set(lossMask(rollout, demonstrations), start);
  }
  return {
    rollouts,
    view: {
      offsets,
      group: Int32Array.from(groups.flatMap(({ rollouts: members }, number) => members.map(() => number))),
      rewards: Float64Array.from(rollouts, ({ reward }) => reward.total),
      mask,
      columns: {},
      tokenIds,
    },
  };
}

/** [response] A response that could not be judged says nothing: none of its tokens carries loss. */
function lossMask(rollout: ScoredRollout, demonstrations: boolean): Uint8Array {
  const length = responseLength(rollout);
  if (Number.isNaN(rollout.reward.total)) return new Uint8Array(length);
  if (rollout.sources === undefined) return new Uint8Array(length).fill(1);
  const { policy, demonstration } = tokenSource;
  return rollout.sources.map((source) => (source === policy || (demonstrations && source === demonstration) ? 1 : 0));
}

/** The rollouts with these numbers, in that order, with all their columns. Group numbers stay those of the whole. */
export function selectBatch(batch: StepBatch, numbers: Int32Array): StepBatch {
  return {
    rollouts: Array.from(numbers, (number) => batch.rollouts[number] as ScoredRollout),
    view: selectRollouts(batch.view, numbers),
  };
}

/** The same batch with these columns beside (or instead of) those it has. */
export function withColumns(batch: StepBatch, columns: RolloutBatch['columns']): StepBatch {
  return { ...batch, view: { ...batch.view, columns: { ...batch.view.columns, ...columns } } };
}

/** A column of one value a response token, from one array a rollout. */
export function gatherColumn(batch: StepBatch, valuesOf: (rollout: ScoredRollout) => ArrayLike<number>): Float64Array {
  const column = new Float64Array(batch.view.mask.length);
  for (const [number, rollout] of batch.rollouts.entries()) {
    const values = valuesOf(rollout);
    const length = responseLength(rollout);
    if (values.length !== length) {
      throw new Error(`gatherColumn: a column needs ${length} values for rollout ${number}, got ${values.length}`);
    }
    column.set(Float64Array.from(values), batch.view.offsets[number]);
  }
  return column;
}

/** One temperature for all, or one a response token, the last entry holding for the rest. Not 0. */
export type Temperature = NonNullable<SampleOptions['temperature']>;

/**
 * Prompts and responses as the engine takes them; only tokens of the loss mask are scored. Log-probs are taken under
 * the temperature that sampled, or they could not be compared with the sampler's.
 */
export function tokenBatch(batch: StepBatch, temperature: Temperature): TokenBatch {
  const offsets = offsetsOf(batch.rollouts.map(({ tokens }) => tokens.length));
  const tokens = new Int32Array(offsets[batch.rollouts.length] as number);
  const scored = new Uint8Array(tokens.length);
  for (const { rollout, inTokens, inResponses, length } of spans(batch, offsets)) {
    tokens.set(rollout.tokens, inTokens - rollout.promptLength);
    scored.set(batch.view.mask.subarray(inResponses, inResponses + length), inTokens);
  }
  return { tokens, offsets, scored, temperature: spreadTemperature(batch, offsets, temperature) };
}

function spreadTemperature(batch: StepBatch, offsets: Int32Array, temperature: Temperature): number | Float32Array {
  if (typeof temperature === 'number') return temperature;
  const spread = new Float32Array(offsets[batch.rollouts.length] as number).fill(1);
  for (const { inTokens, length } of spans(batch, offsets)) {
    for (let t = 0; t < length; t++) spread[inTokens + t] = temperature[Math.min(t, temperature.length - 1)] ?? 1;
  }
  return spread;
}

/** A column over response tokens, `width` entries each, as one over all tokens; prompts are 0. */
export function toTokens(
  batch: StepBatch,
  { tokens, offsets }: TokenBatch,
  column: Float64Array | Int32Array,
  width = 1,
): Float32Array {
  const spread = new Float32Array(tokens.length * width);
  for (const { inTokens, inResponses, length } of spans(batch, offsets)) {
    spread.set(column.subarray(inResponses * width, (inResponses + length) * width), inTokens * width);
  }
  return spread;
}

/** A column over all tokens, `width` entries each, as one over response tokens. */
export function toResponses(
  batch: StepBatch,
  { offsets }: TokenBatch,
  column: Float32Array | Int32Array,
  width = 1,
): Float64Array {
  const picked = new Float64Array(batch.view.mask.length * width);
  for (const { inTokens, inResponses, length } of spans(batch, offsets)) {
    picked.set(column.subarray(inTokens * width, (inTokens + length) * width), inResponses * width);
  }
  return picked;
}

interface Span {
  readonly rollout: ScoredRollout;
  /** Where the response starts among all tokens, and among response tokens. */
  readonly inTokens: number;
  readonly inResponses: number;
  readonly length: number;
}

function spans(batch: StepBatch, tokenOffsets: Int32Array): Span[] {
  return batch.rollouts.map((rollout, number) => ({
    rollout,
    inTokens: (tokenOffsets[number] as number) + rollout.promptLength,
    inResponses: batch.view.offsets[number] as number,
    length: responseLength(rollout),
  }));
}

function offsetsOf(lengths: readonly number[]): Int32Array {
  const offsets = new Int32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) offsets[i + 1] = (offsets[i] as number) + length;
  return offsets;
}
