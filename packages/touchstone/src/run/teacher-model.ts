/** The weights of a teacher: a frozen fork of the model that follows the policy, and is saved beside it where it does. */
import { join } from 'node:path';
import type { Engine } from '@touchstone/engine';
import type { Recipe } from '../config/recipe.js';
import { UserError } from '../errors.js';

/** In a checkpoint. */
const TEACHER_FOLDER = 'teacher';

/** The teacher as it begins: the model that the run started from. */
export async function openTeacher(engine: Engine, { name, engine: choice, teacher }: Recipe): Promise<Engine> {
  const fork = await engine.fork({ frozen: true });
  if (teacher.averaging === 0 || fork.moveTowards !== undefined) return fork;
  await fork.dispose();
  throw new UserError(
    `${name}: teacher.averaging must be 0 with the ${choice.name} engine, which cannot average weights, ` +
      `got ${teacher.averaging}; set it to 0, or use the local engine`,
  );
}

/** One that stays as it began is in no checkpoint. */
export async function loadTeacherState(teacher: Engine | undefined, folder: string, recipe: Recipe): Promise<void> {
  if (recipe.teacher.averaging > 0) await teacher?.loadState(join(folder, TEACHER_FOLDER));
}

/** What a checkpoint saves of model and teacher. */
export function withTeacherState(
  engine: Engine,
  teacher: Engine | undefined,
  recipe: Recipe,
): Pick<Engine, 'saveState' | 'dropState'> {
  if (teacher === undefined || recipe.teacher.averaging === 0) return engine;
  return {
    async saveState(folder) {
      await engine.saveState(folder);
      await teacher.saveState(join(folder, TEACHER_FOLDER), { weightsOnly: true });
    },
    dropState: async (folder) => await engine.dropState?.(folder),
  };
}
