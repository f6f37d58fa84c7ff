import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { executedKinds, isExecutedKind, openResources, verifierKinds } from '@touchstone/verify';
import type { ExecutedResources } from '@touchstone/verify';
import { VerifierPool } from '@touchstone/verify/runner';
import type { VerifierTarget } from '@touchstone/verify/runner';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import type { Judge, Task } from '../task.js';
import { judgeMarkedAnswer } from './marked-answer.js';

/** The answer after the last `####`, a verifier by name, or a function of the caller's own. */
export const judgeSettings = {
  judge: z
    .union([
      z.enum(['marked', ...verifierKinds, ...executedKinds]),
      z.strictObject({ module: z.string().min(1), export: z.string().min(1).default('verify') }),
    ])
    .default('marked')
    .describe(
      '`marked`: the answer after the last #### must equal the reference; a verifier by name; or `{ module, export }`, ' +
        'a function (response, reference, options) of your own that returns a verdict, a score in [0, 1] or a boolean',
    ),
  judgeOptions: z.record(z.string(), z.unknown()).default({}).describe('handed to that verifier'),
  visionModels: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'for the judge `svg`: the folder of a vision model in ONNX that compares pictures with captions and pictures, or ' +
        'of one for each',
    ),
  deadlineMs: z
    .int()
    .min(1)
    .default(2000)
    .describe(
      'milliseconds after which a verifier is stopped, by force; kinds that execute have limits in `judgeOptions`',
    ),
};

export interface JudgeSettings {
  readonly judge: 'marked' | VerifierTarget;
  readonly judgeOptions: Readonly<Record<string, unknown>>;
  /** Relative to the directory. */
  readonly visionModels: readonly string[];
  readonly deadlineMs: number;
}

export interface OpenJudge {
  readonly judge: Judge;
  readonly close: () => Promise<void>;
}

/**
 * A judge as the settings ask for it. All but `marked` run in worker threads, which start with the first judgement and
 * are terminated when they are overdue. Paths of a module and of vision models, which are opened here, are relative to
 * `directory`.
 */
export async function openJudge(settings: JudgeSettings, directory: string): Promise<OpenJudge> {
  const { judge, judgeOptions, deadlineMs } = settings;
  const resources = lentBy(settings, directory);
  await openResources(resources);
  if (judge === 'marked') {
    return {
      judge: (response, { reference }) => judgeMarkedAnswer(response, reference),
      close: () => Promise.resolve(),
    };
  }
  const verifier = typeof judge === 'string' ? judge : located(judge, directory);
  let pool: VerifierPool | undefined;
  return {
    judge: (response, task) => {
      pool ??= new VerifierPool({ deadlineMs, resources, preload: isExecutedKind(verifier) ? [] : [verifier] });
      return pool.run({ verifier, response, reference: referenceOf(task), options: judgeOptions });
    },
    close: async () => {
      const open = pool;
      pool = undefined;
      await open?.close();
    },
  };
}

function lentBy({ judge, visionModels }: JudgeSettings, directory: string): ExecutedResources {
  if (visionModels.length === 0) return {};
  if (judge === 'svg') return { visionModels: visionModels.map((folder) => resolve(directory, folder)) };
  const got = typeof judge === 'string' ? judge : judge.module;
  throw new UserError(
    `task file: visionModels must be left out for other judges than svg, got them with ${got}; judge pictures with them`,
  );
}

/** The reference as the verifier wants it: lists and objects ride in the metadata. */
function referenceOf({ reference, metadata }: Task): unknown {
  return metadata['reference'] ?? reference;
}

function located(target: Exclude<VerifierTarget, string>, directory: string): VerifierTarget {
  const file = resolve(directory, target.module);
  if (!existsSync(file)) {
    throw new UserError(
      `task file: judge.module must be a JavaScript module, got ${target.module}, which does not exist`,
    );
  }
  return { module: pathToFileURL(file).href, export: target.export };
}
