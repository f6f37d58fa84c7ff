import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SchemaElement } from 'hyparquet-writer';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { ScoredGroup, ScoredRollout } from '../rollout/rollout.js';
import { responseLength } from '../rollout/rollout.js';
import { writeWhole } from './files.js';

/** A rollout and the number of its group. */
export interface RolloutRow {
  readonly rollout: ScoredRollout;
  readonly group: number;
}

/** A further column of one value a response token, such as the advantages of a failed batch. */
export interface TokenColumn {
  readonly name: string;
  /** [rollouts] Values of each response. */
  readonly values: readonly ArrayLike<number>[];
}

interface Column {
  readonly name: string;
  readonly schema: readonly SchemaElement[];
  readonly read: (row: RolloutRow, step: number) => unknown;
}

const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
const integer = { type: 'INT32' } as const;

/** What every file of rollouts holds. Texts that say JSON are; `reward` is NaN where the answer was not judged. */
const columns: readonly Column[] = [
  plain('step', integer, (_, step) => step),
  plain('task', text, ({ rollout }) => rollout.task.id),
  plain('group', integer, ({ group }) => group),
  plain('sample', integer, ({ rollout }) => rollout.sample),
  /** JSON where the prompt is messages. */
  plain('prompt', text, ({ rollout }) => promptText(rollout)),
  plain('response', text, ({ rollout }) => rollout.text),
  plain('reference', text, ({ rollout }) => rollout.task.reference),
  plain('reward', { type: 'DOUBLE' }, ({ rollout }) => rollout.reward.total),
  /** JSON */
  plain('parts', text, ({ rollout }) => JSON.stringify(rollout.reward.parts)),
  plain('outcome', text, ({ rollout }) => rollout.verdict.outcome),
  plain('reason', text, ({ rollout }) => rollout.verdict.reason),
  /** JSON, the whole verdict. */
  plain('verdict', text, ({ rollout }) => JSON.stringify(rollout.verdict)),
  plain('finish', text, ({ rollout }) => rollout.finish),
  plain('seed', { type: 'INT64' }, ({ rollout }) => BigInt(rollout.seed)),
  list('prompt_tokens', integer, ({ rollout }) => rollout.tokens.subarray(0, rollout.promptLength)),
  /** Of the response. */
  list('tokens', integer, ({ rollout }) => rollout.tokens.subarray(rollout.promptLength)),
  /** Of the response, under the sampling temperature. */
  list('logprobs', { type: 'FLOAT' }, ({ rollout }) => rollout.samplerLogProbs),
];

/** Rollouts as the bytes of a Parquet file, one row a rollout. */
export function encodeRollouts(
  step: number,
  rows: readonly RolloutRow[],
  tokenColumns: readonly TokenColumn[] = [],
): Uint8Array {
  const numbers = new Map(rows.map((row, number) => [row, number]));
  const further = tokenColumns.map(({ name, values }) =>
    list(name, { type: 'DOUBLE' }, (row) => values[numbers.get(row) as number] ?? []),
  );
  const all = [...columns, ...further];
  const schema = [{ name: 'rollouts', num_children: all.length }, ...all.flatMap((column) => column.schema)];
  const columnData = all.map(({ name, read }) => ({ name, data: rows.map((row) => read(row, step)) }));
  return new Uint8Array(parquetWriteBuffer({ columnData, schema, createdBy: 'touchstone' }));
}

/** Writes `step-000012.parquet` into the folder, whole or not at all. */
export async function writeRollouts(folder: string, step: number, groups: readonly ScoredGroup[]): Promise<void> {
  const rows = groups.flatMap(({ rollouts }, group) => rollouts.map((rollout) => ({ rollout, group })));
  await mkdir(folder, { recursive: true });
  await writeWhole(join(folder, `${stepName(step)}.parquet`), encodeRollouts(step, rows));
}

/** `step-000012`, so that names sort like numbers. */
export function stepName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

/** Splits a column over all response tokens into one array a rollout. */
export function byRollout(rollouts: readonly ScoredRollout[], column: Float64Array): Float64Array[] {
  let at = 0;
  return rollouts.map((rollout) => column.subarray(at, (at += responseLength(rollout))));
}

function promptText({ task }: ScoredRollout): string {
  return typeof task.prompt === 'string' ? task.prompt : JSON.stringify(task.prompt);
}

type Primitive = Pick<SchemaElement, 'type' | 'converted_type'>;

function plain(name: string, type: Primitive, read: Column['read']): Column {
  return { name, schema: [{ name, ...type, repetition_type: 'REQUIRED' }], read };
}

function list(name: string, type: Primitive, read: (row: RolloutRow) => ArrayLike<number>): Column {
  const schema: SchemaElement[] = [
    { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', ...type, repetition_type: 'REQUIRED' },
  ];
  return { name, schema, read: (row) => Array.from(read(row)) };
}
