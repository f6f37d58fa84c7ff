import { basename } from 'node:path';
import type { Verdict } from '@touchstone/verify';
import { correct, incorrect } from '@touchstone/verify';
import { z } from 'zod';
import { namesOf } from '../../config/names.js';
import { deriveSeed, Random } from '../../random.js';
import { namesFile, NO_FILE, questionFiles, questionSettings } from '../loaders/file-source.js';
import { readSplits } from '../loaders/file-tasks.js';
import type { Question } from '../loaders/file-tasks.js';
import { promptSettings, stylePrompt, SYSTEM_WITHOUT_CHAT, systemNeedsChat } from '../prompt.js';
import type { Json, Task, TaskSource } from '../task.js';
import { requireIndex } from '../task.js';
import { constraints, constraintSettings } from './constraints.js';
import type { ConstraintName, Parameter } from './constraints.js';
import { progress } from './progress.js';

const NAME = 'instructions';
const MAX_RESPONSE = 100_000;

export const instructionSettings = z
  .strictObject({
    ...questionSettings,
    constraints: z
      .array(z.enum(namesOf(constraints)))
      .min(1)
      .default(namesOf(constraints))
      .describe('what may be asked of the form of the answer'),
    ...constraintSettings,
    seed: z.int().min(0).optional().describe('decides which question meets which constraint; default: that of the run'),
    ...promptSettings({ template: '{prompt}', chat: true }),
  })
  .refine(namesFile, { error: NO_FILE })
  .refine(systemNeedsChat, { error: SYSTEM_WITHOUT_CHAT })
  .refine(({ minWords, maxWords }) => minWords <= maxWords, { error: 'minWords must not exceed maxWords' });

export type InstructionSettings = z.infer<typeof instructionSettings>;

/**
 * Questions from a file, each with one constraint on the form of the answer that can be checked exactly: endless, for
 * each time around the file meets other constraints. Paths are relative to `directory`. `seed` holds where the settings
 * have none.
 */
export async function instructionSource(
  settings: InstructionSettings,
  directory: string,
  seed: number,
): Promise<TaskSource> {
  const { prompt, ...files } = questionFiles(settings, directory);
  const splits = await readSplits(files, { prompt, reference: null, form: 'text' });
  return {
    name: NAME,
    size: (split) => (splits[split].length === 0 ? 0 : Infinity),
    task: (split, index) => {
      requireIndex(`${NAME} ${split}`, index, splits[split].length === 0 ? 0 : Infinity);
      const random = new Random(deriveSeed(settings.seed ?? seed, NAME, split, index));
      const questions = splits[split];
      const question = questions[index % questions.length] as Question;
      return makeTask(`${NAME}/${split}/${index}`, question, random, settings);
    },
    judge: judgeInstruction,
  };
}

function makeTask(id: string, question: Question, random: Random, settings: InstructionSettings): Task {
  const name = random.pick(settings.constraints);
  const parameter = constraints[name].draw(random, settings);
  const instruction = constraints[name].instruct(parameter);
  return {
    id,
    prompt:
      typeof question.prompt === 'string'
        ? stylePrompt(`${question.prompt}\n\n${instruction}`, settings)
        : [...question.prompt, { role: 'user', content: instruction }],
    reference: instruction,
    metadata: { family: name, parameter, where: basename(question.where) },
  };
}

function isParameter(value: Json | undefined): value is Parameter {
  return value === null || typeof value === 'string' || typeof value === 'number';
}

function isConstraint(name: Json | undefined): name is ConstraintName {
  return typeof name === 'string' && Object.hasOwn(constraints, name);
}

/**
 * Score 1 when the response obeys its constraint exactly, else 0. `parts`: one named after the constraint, and `progress`
 * towards it, 1 when it is obeyed.
 */
export function judgeInstruction(response: string, task: Task): Verdict {
  const started = performance.now();
  const { family: name, parameter } = task.metadata;
  if (!isConstraint(name) || !isParameter(parameter)) {
    throw new TypeError(`${NAME}: task ${task.id} has no constraint; judge it with its own source`);
  }
  const elapsed = (): number => performance.now() - started;
  if (response.length > MAX_RESPONSE) {
    const feedback = `The response has ${response.length} characters; at most ${MAX_RESPONSE} are read.`;
    return incorrect('too-long', { feedback, parts: { [name]: 0, progress: 0 }, elapsedMs: elapsed() });
  }
  const found = constraints[name].judge(response, parameter);
  const extracted = response.trim() === '' ? null : response.trim();
  if (found === null) return correct('obeyed', { extracted, parts: { [name]: 1, progress: 1 }, elapsedMs: elapsed() });
  const feedback = `It was asked: ${constraints[name].instruct(parameter)} But ${found.words}.`;
  const parts = { [name]: 0, progress: progress[name](response, parameter) };
  return incorrect(found.code, { extracted, feedback, parts, elapsedMs: elapsed() });
}
