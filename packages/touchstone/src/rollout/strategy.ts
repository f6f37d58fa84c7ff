import type { Engine, SampleOptions } from '@touchstone/engine';
import type { Environment } from '../environment/environment.js';
import { deriveSeed } from '../random.js';
import type { Task } from '../task/task.js';
import type { Rollout, RolloutGroup } from './rollout.js';

/** What a strategy samples with, the same in every step. */
export interface SamplingSettings extends SampleOptions {
  /** Responses to each prompt. */
  readonly group: number;
}

/** What a strategy may use. Every draw it makes must come from `seed` and its own names and numbers. */
export interface RolloutContext {
  readonly engine: Engine;
  readonly environment: Environment;
  readonly sampling: SamplingSettings;
  /** Of this step and round; independent of all others. */
  readonly seed: number;
}

/**
 * Turns tasks into groups of rollouts: one group a task in the same order, or fewer or more where a method drops or
 * makes up tasks. A strategy is an async function over the engine, so that it may sample in dependent rounds, judge
 * between them with `environment.judge`, and leave the verdicts on the rollouts.
 */
export type RolloutStrategy = (tasks: readonly Task[], context: RolloutContext) => Promise<readonly RolloutGroup[]>;

/** The plain strategy: `sampling.group` independent responses to each prompt, in one call to the engine. */
export const sampleGroups: RolloutStrategy = async (tasks, { engine, environment, sampling, seed }) => {
  const { group, ...options } = sampling;
  const requests = tasks.map((task, number) => ({
    prompt: environment.prompt(task),
    seeds: Array.from({ length: group }, (_, sample) => deriveSeed(seed, number, sample)),
  }));
  const results = await engine.sample(requests, options);
  return tasks.map((task, number) => {
    const request = requests[number];
    const samples = results[number];
    if (request === undefined || samples?.length !== group) {
      throw new Error(`sampleGroups: the engine must return ${group} samples a request, got ${samples?.length ?? 0}`);
    }
    const rollouts = samples.map((drawn, sample): Rollout => ({
      task,
      sample,
      seed: request.seeds[sample] as number,
      tokens: concatenate(request.prompt, drawn.tokens),
      promptLength: request.prompt.length,
      samplerLogProbs: drawn.logProbs,
      text: environment.decode(drawn.tokens),
      finish: drawn.finish,
    }));
    return { task, rollouts };
  });
};

function concatenate(prompt: Int32Array, response: Int32Array): Int32Array {
  const tokens = new Int32Array(prompt.length + response.length);
  tokens.set(prompt);
  tokens.set(response, prompt.length);
  return tokens;
}
