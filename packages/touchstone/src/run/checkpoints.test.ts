import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.js';
import type { TrainerState } from './checkpoints.js';
import { latestCheckpoint, removeLeftovers, saveCheckpoint } from './checkpoints.js';

function stateOf(step: number): TrainerState {
  const before = { accuracy: 0.25, passAt8: null };
  return { step, metricsBytes: 10 * step, timingsBytes: step, before, seconds: 1.5, stages: { curriculum: step } };
}

const engine = {
  async saveState(folder: string) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'weights'), 'w');
  },
};

describe('checkpoints', () => {
  it('keeps the latest, finds the last one and gives back its state', async () => {
    const folder = join(await temporaryFolder(), 'checkpoints');
    for (const step of [8, 9, 10, 11]) await saveCheckpoint(folder, engine, stateOf(step), 2);
    expect((await readdir(folder)).sort()).toEqual(['step-000010', 'step-000011']);
    const latest = await latestCheckpoint(folder);
    expect(latest?.folder).toBe(join(folder, 'step-000011'));
    expect(latest?.state).toEqual(stateOf(11));
    expect(await readFile(join(folder, 'step-000011', 'weights'), 'utf8')).toBe('w');
  });

  it('orders steps as numbers beyond six digits', async () => {
    const folder = await temporaryFolder();
    for (const step of [999_999, 1_000_000]) await saveCheckpoint(folder, engine, stateOf(step), 2);
    expect((await latestCheckpoint(folder))?.state.step).toBe(1_000_000);
  });

  it('passes over what a killed process left half done, and removes it from the engine and the folder', async () => {
    const folder = await temporaryFolder();
    await saveCheckpoint(folder, engine, stateOf(1), 2);
    await mkdir(join(folder, '.partial-step-000002'));
    await mkdir(join(folder, '.doomed-step-000000'));
    expect((await latestCheckpoint(folder))?.state.step).toBe(1);
    const dropped: string[] = [];
    const dropState = (left: string) => {
      dropped.push(basename(left));
      return Promise.reject(new Error('the server is away'));
    };
    await removeLeftovers(folder, { dropState });
    expect(dropped.sort()).toEqual(['.doomed-step-000000', '.partial-step-000002']);
    expect(await readdir(folder)).toEqual(['step-000001']);
    await mkdir(join(folder, '.partial-step-000002'));
    await removeLeftovers(folder, {});
    await removeLeftovers(join(folder, 'nowhere'), {});
    expect(await readdir(folder)).toEqual(['step-000001']);
  });

  it('leaves the one before it when saving fails', async () => {
    const folder = await temporaryFolder();
    await saveCheckpoint(folder, engine, stateOf(1), 1);
    const full = { saveState: () => Promise.reject(new Error('ENOSPC')) };
    await expect(saveCheckpoint(folder, full, stateOf(2), 1)).rejects.toThrow('ENOSPC');
    expect(await readdir(folder)).toEqual(['step-000001']);
    const kept: string[] = [];
    const onServer = {
      saveState: async (into: string) => void (kept.push(into), await mkdir(join(into, 'trainer-state.json'))),
      dropState: (from: string) => Promise.resolve(void kept.splice(kept.indexOf(from), 1)),
    };
    await expect(saveCheckpoint(folder, onServer, stateOf(2), 1)).rejects.toThrow(/EISDIR|directory/);
    expect(kept).toEqual([]);
    expect(await readdir(folder)).toEqual(['step-000001']);
  });

  it('finds none where there is none, and refuses another format', async () => {
    const folder = await temporaryFolder();
    expect(await latestCheckpoint(join(folder, 'nowhere'))).toBeUndefined();
    await saveCheckpoint(folder, engine, stateOf(1), 1);
    const file = join(folder, 'step-000001', 'trainer-state.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"format": 1', '"format": 2'));
    await expect(latestCheckpoint(folder)).rejects.toThrow(/format must be 1, got 2; resume with the version/);
  });
});
