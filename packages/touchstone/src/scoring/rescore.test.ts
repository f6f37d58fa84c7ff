import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { correct, incorrect, type Verdict } from '@touchstone/verify';
import { VerifierPool } from '@touchstone/verify/runner';
import { afterAll, describe, expect, it } from 'vitest';
import type { ScoredGroup, ScoredRollout } from '../rollout/rollout.js';
import { writeRollouts } from '../run/rollouts-file.js';
import type { Task } from '../task/task.js';
import { rescoreFile, rolloutFiles } from './rescore.js';

function rollout(task: Task, sample: number, text: string, verdict: Verdict): ScoredRollout {
  return {
    task,
    sample,
    text,
    verdict,
    seed: 1,
    tokens: Int32Array.of(1, 2),
    promptLength: 1,
    samplerLogProbs: Float32Array.of(-1),
    finish: 'stop',
    reward: { total: verdict.score, parts: {} },
  };
}

describe('rescore', () => {
  const pool = new VerifierPool({ workers: 1 });
  afterAll(() => pool.close());

  it('judges what a run stored, and shows what changes', async () => {
    const run = await mkdtemp(join(tmpdir(), 'touchstone-rescore-'));
    const task: Task = { id: 'sum/1', prompt: '2+2=', reference: '4', metadata: {} };
    const rollouts = [
      rollout(task, 0, '4', correct('equal')),
      rollout(task, 1, ' 4 ', incorrect('strict')),
      rollout(task, 2, '5', incorrect('strict')),
    ];
    const groups: ScoredGroup[] = [{ task, rollouts }];
    await mkdir(join(run, 'rollouts'));
    await writeRollouts(join(run, 'rollouts'), 3, groups);
    const files = await rolloutFiles(run);
    expect(files).toEqual([join(run, 'rollouts', 'step-000003.parquet')]);
    const step = await rescoreFile(files[0] ?? '', 'exact', pool);
    expect(step).toMatchObject({ rollouts: 3, correctBefore: 1 / 3, correctAfter: 2 / 3 });
    expect(step.flips).toEqual([
      {
        file: 'step-000003.parquet',
        task: 'sum/1',
        sample: 1,
        before: 'incorrect',
        after: 'correct',
        reason: 'equal',
        extracted: '4',
        reference: '4',
      },
    ]);
  });
});
