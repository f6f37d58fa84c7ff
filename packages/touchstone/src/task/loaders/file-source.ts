import { basename, resolve } from 'node:path';
import { z } from 'zod';
import type { Task, TaskSource } from '../task.js';
import { requireIndex } from '../task.js';
import { promptSettings, stylePrompt, SYSTEM_WITHOUT_CHAT, systemNeedsChat } from '../prompt.js';
import type { PromptStyle } from '../prompt.js';
import { readSplits } from './file-tasks.js';
import type { Question } from './file-tasks.js';
import { judgeSettings, openJudge } from './judges.js';

const text = z.string().min(1);

/** Where questions come from; `test` and `train` are relative paths. */
export const questionSettings = {
  train: text.optional().describe('a .jsonl or .parquet file; without `test`, one question in eight is held out'),
  test: text.optional().describe('held-out questions; those that stand in both files are not trained on'),
  prompt: z
    .union([text, z.array(text).min(1)])
    .default('prompt')
    .describe('field of the question, or several to join'),
};

/** For `refine`: there must be a file. */
export function namesFile({
  train,
  test,
}: {
  readonly train?: string | undefined;
  readonly test?: string | undefined;
}): boolean {
  return train !== undefined || test !== undefined;
}
export const NO_FILE = 'must name a file as train or test';

export const fileSettings = z
  .strictObject({
    ...questionSettings,
    reference: text.default('reference').describe('field of the answer'),
    referenceAfter: text.optional().describe('the answer is what follows the last of these, such as ####'),
    ...judgeSettings,
    ...promptSettings({
      template: '{prompt}\nThink step by step. End with #### and the answer alone.',
      chat: true,
    }),
  })
  .refine(namesFile, { error: NO_FILE })
  .refine(systemNeedsChat, { error: SYSTEM_WITHOUT_CHAT });

export type FileSettings = z.infer<typeof fileSettings>;

/** The files of the settings as absolute paths, and the fields of the question as a list. */
export function questionFiles(
  settings: Pick<FileSettings, 'train' | 'test' | 'prompt'>,
  directory: string,
): { train: string | undefined; test: string | undefined; prompt: string[] } {
  const path = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : resolve(directory, file);
  const prompt = typeof settings.prompt === 'string' ? [settings.prompt] : settings.prompt;
  return { train: path(settings.train), test: path(settings.test), prompt };
}

/**
 * Tasks from files. Paths are relative to `directory`. Reads everything once; a malformed row is a UserError that names
 * its line.
 */
export async function fileSource(settings: FileSettings, directory: string): Promise<TaskSource> {
  const { prompt, ...files } = questionFiles(settings, directory);
  const { reference, referenceAfter } = settings;
  const form = settings.judge === 'marked' ? 'text' : 'json';
  const { judge, close } = await openJudge(settings, directory);
  const splits = await readSplits(files, { prompt, reference, form, referenceAfter });
  return {
    name: 'file',
    size: (split) => splits[split].length,
    task: (split, index) => {
      requireIndex(`file ${split}`, index, splits[split].length);
      return makeTask(`file/${split}/${index}`, splits[split][index] as Question, settings);
    },
    judge,
    close,
  };
}

function makeTask(id: string, question: Question, style: PromptStyle): Task {
  const { prompt, reference, solution, where } = question;
  const metadata = { family: 'file', where: basename(where) };
  return {
    id,
    // Messages in the file stay as they are; a template is for plain questions.
    prompt: typeof prompt === 'string' ? stylePrompt(prompt, style) : prompt,
    reference: typeof reference === 'string' ? reference : JSON.stringify(reference),
    ...(solution === undefined ? {} : { solution }),
    metadata: typeof reference === 'string' ? metadata : { ...metadata, reference },
  };
}
