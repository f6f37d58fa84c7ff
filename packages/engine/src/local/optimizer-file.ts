import { join } from 'node:path';
import { isFile } from '../model/files.js';
import { readSafetensorsHeader, readTensors, writeSafetensors } from '../model/safetensors.js';
import { EngineError } from '../errors.js';
import { trainingState, type ModelState, type TrainingState } from './model-state.js';

/** Beside the weights: both AdamW moments, flat in the order of the weights, and the number of steps taken. */
export const OPTIMIZER_FILE = 'optimizer.safetensors';

export async function writeOptimizerState(folder: string, state: TrainingState): Promise<void> {
  const { firstMoment, secondMoment, step } = state;
  // Two f32 numbers hold a step count of 48 bits exactly.
  const steps = Float32Array.of(Math.floor(step / 2 ** 24), step % 2 ** 24);
  await writeSafetensors(join(folder, OPTIMIZER_FILE), [
    { name: 'first_moment', shape: [firstMoment.length], data: firstMoment },
    { name: 'second_moment', shape: [secondMoment.length], data: secondMoment },
    { name: 'steps', shape: [2], data: steps },
  ]);
}

/** Restores the optimiser of a folder; a folder without one (a model to start from) resets it. */
export async function readOptimizerState(folder: string, model: ModelState): Promise<void> {
  const file = join(folder, OPTIMIZER_FILE);
  if (!(await isFile(file))) {
    model.training = null;
    return;
  }
  const stored = await readSafetensorsHeader(file);
  const state = trainingState(model);
  const steps = new Float32Array(2);
  const targets = { first_moment: state.firstMoment, second_moment: state.secondMoment, steps };
  await readTensors(
    Object.entries(targets).map(([name, target]) => {
      const tensor = stored.get(name);
      if (tensor) return { tensor, target };
      const fix = 'resume from another checkpoint';
      throw new EngineError('weights-corrupt', { at: file, rule: `must hold the tensor ${name}`, fix });
    }),
  );
  state.gradient.fill(0);
  state.step = (steps[0] as number) * 2 ** 24 + (steps[1] as number);
}
