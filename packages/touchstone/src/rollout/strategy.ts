import type { Engine, Sample, SampleOptions } from '@touchstone/engine';
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
  /** Number of the training step, from 1: for schedules. */
  readonly step: number;
}

/**
 * Turns tasks into groups of rollouts: one group a task in the same order, or fewer or more where a method drops or
 * makes up tasks. A strategy is an async function over the engine, so that it may sample in dependent rounds, judge
 * between them with `environment.judge`, and leave the verdicts on the rollouts.
 */
export type RolloutStrategy = (tasks: readonly Task[], context: RolloutContext) => Promise<readonly RolloutGroup[]>;

/** The plain strategy: `sampling.group` independent responses to each prompt, in one call to the engine. */
export async function sampleGroups(
  tasks: readonly Task[],
  { engine, environment, sampling, seed }: Omit<RolloutContext, 'step'>,
): Promise<RolloutGroup[]> {
  const { group, ...options } = sampling;
  const requests = tasks.map((task, number) => ({
    prompt: environment.prompt(task),
    seeds: Array.from({ length: group }, (_, sample) => sampleSeed(seed, number, sample)),
  }));
  const results = await engine.sample(requests, options);
  return tasks.map((task, number) => {
    const request = requests[number];
    const samples = results[number];
    if (request === undefined || samples?.length !== group) {
      throw new Error(`sampleGroups: the engine must return ${group} samples a request, got ${samples?.length ?? 0}`);
    }
    const { prompt } = request;
    const rollouts = samples.map((response, sample) =>
      rolloutOf({ task, sample, seed: request.seeds[sample] as number, prompt, response }, environment),
    );
    return { task, rollouts };
  });
}

/** The seed of a response: `task` counts the tasks of a call, `sample` the responses to one. */
export function sampleSeed(seed: number, task: number, sample: number): number {
  return deriveSeed(seed, task, sample);
}

interface Drawn extends Pick<Rollout, 'task' | 'sample' | 'seed'> {
  readonly prompt: Int32Array;
  readonly response: Sample;
}

export function rolloutOf({ prompt, response, ...member }: Drawn, { decode }: Pick<Environment, 'decode'>): Rollout {
  return {
    ...member,
    tokens: concatenate(prompt, response.tokens),
    promptLength: prompt.length,
    samplerLogProbs: response.logProbs,
    text: decode(response.tokens),
    finish: response.finish,
  };
}

export function concatenate(prompt: Int32Array, response: ArrayLike<number>): Int32Array {
  const tokens = new Int32Array(prompt.length + response.length);
  tokens.set(prompt);
  tokens.set(response, prompt.length);
  return tokens;
}
