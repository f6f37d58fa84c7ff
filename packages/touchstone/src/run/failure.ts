import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RunStopped } from '../errors.js';
import type { NonFinite } from '../trainer/update.js';
import { writeWhole } from './files.js';
import { byRollout, encodeRollouts, stepName } from './rollouts-file.js';

/**
 * Saves the minibatch on which the loss broke down, `failures/step-000012.parquet` with its columns, advantages and
 * gradients and `failures/step-000012.json` with the loss, and returns the error that says where they are.
 */
export async function saveFailure(folder: string, step: number, failure: NonFinite): Promise<RunStopped> {
  const { batch, advantages, result, what } = failure;
  await mkdir(folder, { recursive: true });
  const place = join(folder, stepName(step));
  const columns = { ...batch.view.columns, advantage: advantages, ...prefixed('gradient/', result.gradients) };
  const perToken = Object.entries(columns).filter(([, column]) => column.length === batch.view.mask.length);
  const rows = batch.rollouts.map((rollout, number) => ({ rollout, group: batch.view.group[number] as number }));
  const parquet = encodeRollouts(
    step,
    rows,
    perToken.map(([name, column]) => ({ name, values: byRollout(batch.rollouts, column) })),
  );
  await writeWhole(`${place}.parquet`, parquet);
  const summary = { step, what, loss: String(result.loss), metrics: result.metrics };
  await writeWhole(`${place}.json`, `${JSON.stringify(summary, null, 2)}\n`);
  return new RunStopped(`${failure.message} (step ${step}, batch in ${place}.parquet)`);
}

function prefixed(prefix: string, columns: Readonly<Record<string, Float64Array>>): Record<string, Float64Array> {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [`${prefix}${name}`, column]));
}
