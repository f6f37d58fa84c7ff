import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { createObjective } from '@touchstone/objectives';
import { expect, it } from 'vitest';
import { describeForPeople } from '../errors.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { toyRequest } from '../testing/toy-run.js';
import { train } from './train.js';

it('a loss that is not finite stops the run and leaves the batch, its columns and what to do', async () => {
  const plain = createObjective('grpo');
  const objective = {
    ...plain,
    loss: (...[batch, advantages]: Parameters<typeof plain.loss>) => ({
      ...plain.loss(batch, advantages),
      loss: Number.NEGATIVE_INFINITY,
    }),
  };
  const folder = join(await temporaryFolder(), 'run');
  const request = await toyRequest(folder, undefined, { stages: () => ({ objective }) });
  const error: unknown = await train(request).catch((caught: unknown) => caught);
  const known = describeForPeople(error);
  expect(known?.exitCode).toBe(1);
  expect(known?.line).toMatch(
    /^train: the loss must be finite, .*lower optimizer\.learningRate.*step-000001\.parquet\)$/,
  );
  const bytes = await readFile(join(folder, 'failures/step-000001.parquet'));
  const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) {
    const { tokens, advantage, logProb } = row as Record<string, unknown[]>;
    expect(advantage).toHaveLength(tokens?.length ?? -1);
    expect(logProb).toHaveLength(tokens?.length ?? -1);
    expect((row['gradient/logProb'] as unknown[]).length).toBe(tokens?.length);
  }
  const summary: unknown = JSON.parse(await readFile(join(folder, 'failures/step-000001.json'), 'utf8'));
  expect(summary).toMatchObject({ step: 1, what: 'the loss', loss: '-Infinity' });
});
