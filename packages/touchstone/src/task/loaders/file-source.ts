import { resolve } from 'node:path';
import { z } from 'zod';
import type { Json, TaskSource } from '../task.js';
import { requireIndex } from '../task.js';
import { promptSettings, stylePrompt } from '../prompt.js';
import type { PromptStyle } from '../prompt.js';
import { readSplits } from './file-tasks.js';
import type { Question } from './file-tasks.js';
import { judgeMarkedAnswer } from './marked-answer.js';

const field = z.string().min(1);

export const fileSettings = z
  .strictObject({
    train: z
      .string()
      .min(1)
      .optional()
      .describe('a .jsonl or .parquet file; without `test`, one question in eight is held out'),
    test: z
      .string()
      .min(1)
      .optional()
      .describe('held-out questions; those that stand in both files are not trained on'),
    prompt: z
      .union([field, z.array(field).min(1)])
      .default('prompt')
      .describe('field of the question, or several to join'),
    reference: field.default('reference').describe('field of the answer'),
    referenceAfter: z.string().min(1).optional().describe('the answer is what follows the last of these, such as ####'),
    ...promptSettings({
      template: '{prompt}\nThink step by step. End with #### and the answer alone.',
      chat: true,
    }),
  })
  .refine(({ train, test }) => train !== undefined || test !== undefined, {
    error: 'must name a file as train or test',
  });

export type FileSettings = z.infer<typeof fileSettings>;

/**
 * Tasks from files. Paths are relative to `directory`. Reads everything once; a malformed row is a UserError that names
 * its line.
 */
export async function fileSource(settings: FileSettings, directory: string): Promise<TaskSource> {
  const path = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : resolve(directory, file);
  const prompt = typeof settings.prompt === 'string' ? [settings.prompt] : settings.prompt;
  const { reference, referenceAfter } = settings;
  const files = { train: path(settings.train), test: path(settings.test) };
  const splits = await readSplits(files, { prompt, reference, referenceAfter });
  return {
    name: 'file',
    size: (split) => splits[split].length,
    task: (split, index) => {
      requireIndex(`file ${split}`, index, splits[split].length);
      const question = splits[split][index] as Question;
      return {
        id: `file/${split}/${index}`,
        prompt: stylePromptOf(question, settings),
        reference: question.reference,
        ...(question.solution === undefined ? {} : { solution: question.solution }),
        metadata: { family: 'file', where: question.where } satisfies Record<string, Json>,
      };
    },
    judge: (response, { reference: truth }) => judgeMarkedAnswer(response, truth),
  };
}

/** Messages in the file stay as they are; a template is for plain questions. */
export function stylePromptOf({ prompt }: Question, style: PromptStyle): Question['prompt'] {
  return typeof prompt === 'string' ? stylePrompt(prompt, style) : prompt;
}
