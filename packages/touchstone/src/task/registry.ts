import { z } from 'zod';
import { parseSettings, unknownName } from '../config/nearest.js';
import { namesOf } from '../config/names.js';
import { UserError } from '../errors.js';
import { familySource, plainStyle } from './family-source.js';
import { families } from './families/index.js';
import type { FamilyName } from './families/index.js';
import { fileSettings, fileSource } from './loaders/file-source.js';
import { instructionSettings, instructionSource } from './instructions/instructions.js';
import { mixtureSettings, mixtureSource } from './mixture.js';
import { promptSettings, SYSTEM_WITHOUT_CHAT, systemNeedsChat } from './prompt.js';
import type { TaskSource } from './task.js';

export type TaskName = FamilyName | 'file' | 'instructions' | 'mixture';

/** What a source may take from the run it serves. */
export interface TaskContext {
  /** For sources whose settings have no seed of their own. Default 0. */
  readonly seed?: number;
  /** Relative paths start here. Default: the working directory. */
  readonly directory?: string;
}

type ResolvedContext = Required<TaskContext>;

interface TaskKind {
  /** One sentence for help texts. */
  readonly about: string;
  /** Every key of the settings and what it means. */
  readonly keys: Readonly<Record<string, string>>;
  create(settings: Readonly<Record<string, unknown>>, context: ResolvedContext): TaskSource | Promise<TaskSource>;
}

const familyCommon = z
  .looseObject({
    level: z
      .enum(['easy', 'middling', 'hard'])
      .default('middling')
      .describe('difficulty; further keys change parts of it'),
    seed: z.int().min(0).optional().describe('decides which problems; default: that of the run'),
    ...promptSettings(plainStyle),
  })
  .refine(systemNeedsChat, { error: SYSTEM_WITHOUT_CHAT });

function keysOf(schema: z.core.$ZodType): Record<string, string> {
  if (!(schema instanceof z.ZodObject)) return {};
  const shape = schema.shape as Readonly<Record<string, z.ZodType>>;
  return Object.fromEntries(Object.entries(shape).map(([key, value]) => [key, value.description ?? '']));
}

function familyKind(name: FamilyName): TaskKind {
  const family = families[name];
  const keys = { ...keysOf(familyCommon), ...keysOf(family.knobs) };
  return {
    about: family.about,
    keys,
    create: (settings, context) => {
      const where = `task ${name}`;
      requireKeys(where, settings, keys);
      const { level, seed, template, chat, system, ...knobs } = parseSettings(where, familyCommon, settings);
      const checked = parseSettings(where, family.knobs, { ...family.levels[level], ...knobs });
      return familySource(family, checked, seed ?? context.seed, { template, chat, system });
    },
  };
}

/** Knobs and common settings are checked apart; an unknown key is compared with both. */
function requireKeys(where: string, settings: object, keys: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(settings).filter((key) => !Object.hasOwn(keys, key));
  if (unknown.length === 0) return;
  throw new UserError(`${where}: ${unknown.map((key) => unknownName('key', key, Object.keys(keys))).join('; ')}`);
}

const kinds: { readonly [Name in TaskName]: TaskKind } = {
  addition: familyKind('addition'),
  multiplication: familyKind('multiplication'),
  countdown: familyKind('countdown'),
  modular: familyKind('modular'),
  sorting: familyKind('sorting'),
  graph: familyKind('graph'),
  boolean: familyKind('boolean'),
  bases: familyKind('bases'),
  'multiple-choice': familyKind('multiple-choice'),
  file: {
    about: 'Questions and answers from JSONL or Parquet files.',
    keys: keysOf(fileSettings),
    create: (settings, { directory }) => fileSource(parseSettings('task file', fileSettings, settings), directory),
  },
  instructions: {
    about: 'Questions from a file, each with one exactly checkable constraint on the form of the answer.',
    keys: keysOf(instructionSettings),
    create: (settings, { directory, seed }) =>
      instructionSource(parseSettings('task instructions', instructionSettings, settings), directory, seed),
  },
  mixture: {
    about: 'Several sources in stated proportions.',
    keys: keysOf(mixtureSettings),
    create: async (settings, context) => {
      const { of, seed } = parseSettings('task mixture', mixtureSettings, settings);
      const parts = await Promise.all(
        of.map(async ({ weight, ...part }) => ({ weight, source: await taskSourceOf(part, context) })),
      );
      return mixtureSource(parts, seed ?? context.seed);
    },
  },
};

export const taskNames: readonly TaskName[] = namesOf(kinds);

/** One sentence about each kind of task and its settings, for help texts. */
export function describeTask(name: TaskName): Pick<TaskKind, 'about' | 'keys'> {
  const { about, keys } = kinds[name];
  return { about, keys };
}

/** A source of tasks by name. Throws a UserError for an unknown name or key, naming the nearest known one. */
export async function createTaskSource(
  name: string,
  settings: Readonly<Record<string, unknown>> = {},
  context: TaskContext = {},
): Promise<TaskSource> {
  if (!Object.hasOwn(kinds, name)) throw new UserError(`task: ${unknownName('task', name, taskNames)}`);
  return kinds[name as TaskName].create(settings, { seed: 0, directory: process.cwd(), ...context });
}

/** A source as recipes write it: a name, or an object with `name` and the settings. */
export async function taskSourceOf(task: unknown, context: TaskContext = {}): Promise<TaskSource> {
  if (typeof task === 'string') return createTaskSource(task, {}, context);
  const isObject = typeof task === 'object' && task !== null && !Array.isArray(task);
  const { name, ...settings } = (isObject ? task : {}) as Record<string, unknown>;
  if (typeof name !== 'string') {
    const got = JSON.stringify(task) ?? 'nothing';
    throw new UserError(
      `task: must be a name or an object with a name, got ${got.slice(0, 80)}; known are ${taskNames.join(', ')}`,
    );
  }
  return createTaskSource(name, settings, context);
}
