import type { Engine, EngineLimits, Sample, SampleRequest, TokenBatch } from '@touchstone/engine';
import { LookaheadForest } from '@touchstone/objectives';
import type { Branch, Candidate } from '@touchstone/objectives';
import { UserError } from '../errors.js';
import type { LatrSettings } from './latr-settings.js';
import { treePlaces, treeSteps } from './latr-settings.js';
import type { RolloutContext, RolloutStrategy, SamplingSettings } from './strategy.js';
import { concatenate, rolloutOf, sampleGroups, sampleSeed } from './strategy.js';

/**
 * LATR (arXiv 2510.24302): some responses of each group begin as branches of one tree, which forks where the model is
 * undecided between likely tokens and drops forks that come back to their parent's text; then they are sampled to their
 * end, like the rest of the group from the start. With no place in trees (eta 0) it is `sampleGroups`.
 *
 * Costs one pass over all branches for each token of the trees. Log-probs of the trees' tokens are those of the trainer
 * under the sampling temperature, as if they had been drawn. Throws a UserError for engines without the column `topK`, and
 * for temperatures that change along a response.
 */
export function latrStrategy(settings: LatrSettings): RolloutStrategy {
  return async (tasks, context) => {
    const { engine, environment, sampling, seed, step } = context;
    const places = treePlaces(settings, sampling.group, step);
    if (places === 0) return await sampleGroups(tasks, context);
    checkLatrEngine('rollout', engine.limits);
    checkSampling(sampling);
    const prompts = tasks.map((task) => environment.prompt(task));
    const phase = await growTrees(prompts, places, settings, context);
    const logProbs = await branchLogProbs(prompts, phase.trees.flat(), context);
    const tails = await sampleTails(prompts, phase, context);
    return tasks.map((task, number) => {
      const prompt = prompts[number] as Int32Array;
      const rollouts = (tails[number] as Sample[]).map((tail, sample) => {
        const branch = phase.trees[number]?.[sample];
        const response = branch === undefined ? tail : joined(branch, logProbs.get(branch) as Float32Array, tail);
        return rolloutOf({ task, sample, seed: sampleSeed(seed, number, sample), prompt, response }, environment);
      });
      return { task, rollouts };
    });
  };
}

/** Throws a UserError that begins with `where` for an engine that does not tell the likeliest tokens. */
export function checkLatrEngine(where: string, limits: EngineLimits | undefined): void {
  if (limits === undefined || limits.columns.includes('topK')) return;
  const gives = limits.columns.length === 0 ? 'log-probs of chosen tokens only' : limits.columns.join(', ');
  throw new UserError(
    `${where}: strategy latr needs an engine that gives the likeliest next tokens (topK), got one that gives ${gives}; ` +
      'use the local engine, or the strategy sample',
  );
}

function checkSampling({ temperature, constraint }: SamplingSettings): void {
  if (typeof temperature !== 'object' && constraint === undefined) return;
  throw new UserError(
    'rollout: strategy latr continues responses under one temperature and without constraint, got ' +
      `${constraint === undefined ? 'a list of temperatures' : 'a constraint'}; leave it out, or use the strategy sample`,
  );
}

interface TreePhase {
  /** [prompts][places] Copies of a root are the same object. */
  readonly trees: readonly (readonly Branch[])[];
  /** Whether the response is complete by an end token or a stop string, not by its budget. */
  readonly isStopped: (branch: Branch) => boolean;
  /** [prompts] Most tokens of a response. */
  readonly budgets: readonly number[];
}

async function growTrees(
  prompts: readonly Int32Array[],
  places: number,
  settings: LatrSettings,
  { engine, environment, sampling }: RolloutContext,
): Promise<TreePhase> {
  const { contextLength, eosTokenIds, vocabSize } = engine.model;
  const { maxNewTokens, stopTokenIds = [], stopStrings = [] } = sampling;
  const budgets = prompts.map((prompt) => Math.min(maxNewTokens, contextLength - prompt.length));
  const endTokens = new Set([...eosTokenIds, ...stopTokenIds]);
  const stops = stopStrings.filter((stop) => stop !== '');
  const isStopped = (tokens: readonly number[]) => {
    if (endTokens.has(tokens.at(-1) as number)) return true;
    const text = stops.length === 0 ? '' : environment.decode(Int32Array.from(tokens));
    return stops.some((stop) => text.includes(stop));
  };
  const shape = { prompts: prompts.length, places, steps: treeSteps(settings, maxNewTokens), maxNewTokens };
  const forest = new LookaheadForest(
    shape,
    { ...settings, exitWhenFull: true },
    (tokens, prompt) => tokens.length >= (budgets[prompt] as number) || isStopped(tokens),
  );
  const count = Math.min(settings.candidates, vocabSize);
  while (!forest.hasExited) forest.grow(await likeliestNext(prompts, forest.growing(), count, engine));
  return { trees: forest.filled(), budgets, isStopped: ({ tokens }) => isStopped(tokens) };
}

/** The likeliest next tokens of each branch at temperature 1, in one pass. */
async function likeliestNext(
  prompts: readonly Int32Array[],
  branches: readonly Branch[],
  count: number,
  engine: Engine,
): Promise<Candidate[][]> {
  // A distribution is that of a token which is there: any token of the vocabulary stands at the end.
  const sequences = branches.map(({ prompt, tokens }) => concatenate(prompts[prompt] as Int32Array, [...tokens, 0]));
  const batch = batchOf(sequences, () => 1);
  const { topKIds, topKLogProb } = await engine.forward(batch, { topK: count });
  if (topKIds === undefined || topKLogProb === undefined) {
    throw new Error('latrStrategy: the engine must return the column topK, got none; name it in its limits');
  }
  return branches.map((_, i) => {
    const at = ((batch.offsets[i + 1] as number) - 1) * count;
    const ids = Array.from(topKIds.subarray(at, at + count));
    return ids.map((token, rank) => ({ token, prob: Math.exp(topKLogProb[at + rank] as number) }));
  });
}

/** [tokens of the branch] Log-probs under the temperature that samples the rest. */
async function branchLogProbs(
  prompts: readonly Int32Array[],
  members: readonly Branch[],
  { engine, sampling }: RolloutContext,
): Promise<Map<Branch, Float32Array>> {
  const branches = [...new Set(members)];
  const sequences = branches.map(({ prompt, tokens }) => concatenate(prompts[prompt] as Int32Array, tokens));
  const batch = batchOf(sequences, (i) => (branches[i] as Branch).tokens.length);
  // Greedy choices report log-probs at temperature 1, as the sampler does.
  const temperature = (sampling.temperature as number | undefined) || 1;
  const { logProb } = await engine.forward({ ...batch, temperature }, {});
  return new Map(
    branches.map((branch, i) => {
      const end = batch.offsets[i + 1] as number;
      return [branch, logProb.slice(end - branch.tokens.length, end)];
    }),
  );
}

/** Sequences of which the last `scoredOf(i)` tokens are scored. */
function batchOf(sequences: readonly Int32Array[], scoredOf: (i: number) => number): TokenBatch {
  const offsets = new Int32Array(sequences.length + 1);
  for (const [i, sequence] of sequences.entries()) offsets[i + 1] = (offsets[i] as number) + sequence.length;
  const tokens = new Int32Array(offsets.at(-1) as number);
  const scored = new Uint8Array(tokens.length);
  for (const [i, sequence] of sequences.entries()) {
    const end = offsets[i + 1] as number;
    tokens.set(sequence, offsets[i]);
    scored.fill(1, end - scoredOf(i), end);
  }
  return { tokens, offsets, scored };
}

/** Responses of one task that begin with the same tokens. */
interface Beginning {
  readonly task: number;
  readonly branch: Branch | undefined;
  readonly samples: readonly number[];
}

/** [tasks][group] What follows the branches, nothing where one has ended, and whole responses for the rest of the group. */
async function sampleTails(
  prompts: readonly Int32Array[],
  { trees, isStopped, budgets }: TreePhase,
  { engine, sampling: { group, ...options }, seed }: RolloutContext,
): Promise<Sample[][]> {
  const beginnings = prompts.flatMap((_, task) => beginningsOf(task, trees[task] as readonly Branch[], group));
  const open = beginnings.filter(({ branch }) => branch?.hasEnded !== true);
  const requests = open.map(({ task, branch, samples }): SampleRequest => {
    const seeds = samples.map((sample) => sampleSeed(seed, task, sample));
    const prompt = prompts[task] as Int32Array;
    if (branch === undefined) return { prompt, seeds };
    const drawn = branch.tokens.length;
    return {
      prompt: concatenate(prompt, branch.tokens),
      seeds,
      drawn,
      maxNewTokens: (budgets[task] as number) - drawn,
    };
  });
  const drawn = requests.length === 0 ? [] : await engine.sample(requests, options);
  const tails = prompts.map((): Sample[] => []);
  const put = ({ task, samples }: Beginning, sampleOf: (i: number) => Sample | undefined) => {
    for (const [i, sample] of samples.entries()) {
      const tail = sampleOf(i);
      if (tail === undefined) throw new Error('latrStrategy: the engine must return a sample a seed, got fewer');
      (tails[task] as Sample[])[sample] = tail;
    }
  };
  for (const beginning of beginnings) {
    const at = open.indexOf(beginning);
    const finish = beginning.branch !== undefined && isStopped(beginning.branch) ? 'stop' : 'length';
    put(beginning, (i) => (at < 0 ? { ...NOTHING, finish } : drawn[at]?.[i]));
  }
  return tails;
}

const NOTHING = { tokens: new Int32Array(0), logProbs: new Float32Array(0) };

/** The members of a group by what they begin with: branches in their order, then none. */
function beginningsOf(task: number, tree: readonly Branch[], group: number): Beginning[] {
  const members = new Map<Branch | undefined, number[]>();
  for (let sample = 0; sample < group; sample++) {
    const branch = tree[sample];
    members.set(branch, [...(members.get(branch) ?? []), sample]);
  }
  return [...members].map(([branch, samples]) => ({ task, branch, samples }));
}

function joined({ tokens }: Branch, logProbs: Float32Array, tail: Sample): Sample {
  const all = new Float32Array(logProbs.length + tail.logProbs.length);
  all.set(logProbs);
  all.set(tail.logProbs, logProbs.length);
  return { tokens: concatenate(Int32Array.from(tokens), tail.tokens), logProbs: all, finish: tail.finish };
}
