import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '@touchstone/engine';
import { UserError } from '../errors.js';
import type { Json } from '../task/task.js';
import { readIfThere, writeWhole } from './files.js';
import { stepName } from './rollouts-file.js';

const FORMAT = 1;
const STATE_FILE = 'trainer-state.json';

/** Held-out accuracy before the first step, kept for the report at the end. */
export interface Score {
  readonly accuracy: number;
  readonly passAt8: number | null;
}

/** Everything beside weights and optimiser that a resumed run needs to go on as if it had never stopped. */
export interface TrainerState {
  readonly step: number;
  /** Bytes of `metrics.jsonl` and `timings.jsonl` once this step was written. */
  readonly metricsBytes: number;
  readonly timingsBytes: number;
  readonly before: Score;
  /** Wall-clock seconds spent so far, over all sessions. */
  readonly seconds: number;
  /** What stateful stages remember, by stage. */
  readonly stages: Readonly<Record<string, Json>>;
}

export interface Checkpoint {
  readonly folder: string;
  readonly state: TrainerState;
}

/**
 * Saves `step-000012`, then removes all but the `keep` latest. The folder appears under its name only when it is whole,
 * so that a kill at any moment leaves the one before it as the latest.
 */
export async function saveCheckpoint(
  checkpoints: string,
  engine: Pick<Engine, 'saveState' | 'dropState'>,
  state: TrainerState,
  keep: number,
): Promise<string> {
  const folder = join(checkpoints, stepName(state.step));
  const partial = join(checkpoints, `.partial-${stepName(state.step)}`);
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  try {
    await engine.saveState(partial);
    await writeWhole(join(partial, STATE_FILE), `${JSON.stringify({ format: FORMAT, ...state }, null, 2)}\n`);
  } catch (error) {
    await forget(partial, engine);
    throw error;
  }
  // A resumed run may write a step again.
  await discard(checkpoints, stepName(state.step), engine);
  await rename(partial, folder);
  const names = await checkpointNames(checkpoints);
  for (const name of names.slice(0, Math.max(0, names.length - keep))) await discard(checkpoints, name, engine);
  return folder;
}

/** The latest whole checkpoint; undefined where there is none. Passes over what a killed process left half done. */
export async function latestCheckpoint(checkpoints: string): Promise<Checkpoint | undefined> {
  const name = (await checkpointNames(checkpoints)).at(-1);
  if (name === undefined) return undefined;
  const folder = join(checkpoints, name);
  const text = await readIfThere(join(folder, STATE_FILE));
  if (text === undefined) {
    throw new UserError(
      `${folder}: must hold ${STATE_FILE}, got none; remove this checkpoint to resume from an older one`,
    );
  }
  const { format, ...state } = JSON.parse(text) as TrainerState & { readonly format: number };
  if (format !== FORMAT) {
    throw new UserError(`${folder}: format must be ${FORMAT}, got ${format}; resume with the version that wrote it`);
  }
  return { folder, state };
}

/** Removes what a killed process left of checkpoints that it was writing or removing, from a server too. */
export async function removeLeftovers(checkpoints: string, engine: Pick<Engine, 'dropState'>): Promise<void> {
  for (const name of await entries(checkpoints)) {
    if (name.startsWith('.')) await forget(join(checkpoints, name), engine);
  }
}

/** A folder that is no checkpoint: that a server cannot be told of it is no reason to stop. */
async function forget(folder: string, engine: Pick<Engine, 'dropState'>): Promise<void> {
  await engine.dropState?.(folder).catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
}

/** Removal in two moves, so that a half-removed folder never carries a checkpoint's name. */
async function discard(checkpoints: string, name: string, engine: Pick<Engine, 'dropState'>): Promise<void> {
  const doomed = join(checkpoints, `.doomed-${name}`);
  await rm(doomed, { recursive: true, force: true });
  try {
    await rename(join(checkpoints, name), doomed);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await engine.dropState?.(doomed);
  await rm(doomed, { recursive: true, force: true });
}

async function checkpointNames(checkpoints: string): Promise<string[]> {
  return (await entries(checkpoints)).filter((name) => /^step-\d{6,}$/.test(name)).sort(byStep);
}

function byStep(a: string, b: string): number {
  return Number(a.slice('step-'.length)) - Number(b.slice('step-'.length));
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
