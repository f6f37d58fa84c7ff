import type { Recipe } from '../config/recipe.js';
import { UserError } from '../errors.js';
import type { Environment } from '../environment/environment.js';
import type { TaskSource } from '../task/task.js';
import { mostTreePlaces, treeSteps } from '../rollout/latr-settings.js';
import { needsReference, planColumns } from '../trainer/columns.js';
import { objectiveOf } from './stages.js';

/** Tokens that go through the model, by what is done with them, and requests to a server. */
export interface Work {
  /** Of prompts, once a group. */
  readonly read: number;
  readonly sampled: number;
  /** Passes forward only: log-probs that ratios and penalties are taken from. */
  readonly scored: number;
  readonly trained: number;
  readonly requests: number;
}

/** What a run takes at most. */
export interface RunPlan {
  readonly promptTokens: number;
  readonly responseTokens: number;
  /** Optimiser updates a step. */
  readonly updates: number;
  readonly step: Work;
  /** All evaluations together. */
  readonly evaluations: Work;
  readonly run: Work;
}

export interface Lengths {
  /** Mean over prompts. */
  readonly promptTokens: number;
  /** Of a response: the budget, or a mean that was measured. */
  readonly responseTokens: number;
}

/** Price of a million tokens, in any currency. Tokens that are only scored cost what tokens read do. */
export interface Prices {
  readonly read: number;
  readonly sample: number;
  readonly train: number;
}

/** What one request holds at most: sequences, and numbers of three columns a token (`TinkerEngine`). */
const REQUEST = { sequences: 1024, tokens: 500_000 / 3 };

/**
 * Counts a run before it starts: every step fills its rounds of sampling, every group carries signal, every response has
 * `responseTokens`. What a module's own stages change is not counted.
 */
export function planRun(recipe: Recipe, { promptTokens, responseTokens }: Lengths): RunPlan {
  const { rollout, filter, update, checkpoint, evaluation, steps } = recipe;
  const updates = update.epochs * update.minibatches;
  const groups = rollout.prompts * filter.rounds;
  const sequences = rollout.prompts * rollout.group;
  const tokens = sequences * (promptTokens + responseTokens);
  const passes = forwardPasses(recipe, updates);
  const step: Work = {
    read: groups * promptTokens,
    sampled: groups * rollout.group * responseTokens,
    scored:
      tokens * passes.whole +
      (tokens / update.minibatches) * passes.parts +
      groups * treeTokens(recipe, promptTokens, responseTokens),
    trained: tokens * update.epochs,
    requests:
      groups +
      passes.whole * requestsFor(sequences, tokens) +
      (passes.parts + updates) * requestsFor(sequences / update.minibatches, tokens / update.minibatches) +
      // Optimiser steps, and weights for the sampler.
      updates +
      1,
  };
  const answers = evaluation.tasks * evaluation.samples;
  const times = 1 + evaluatedSteps(recipe);
  const evaluations: Work = {
    read: times * evaluation.tasks * promptTokens,
    sampled: times * answers * responseTokens,
    // The last of them needs weights for the sampler that no step has asked for.
    ...{ scored: 0, trained: 0, requests: times * evaluation.tasks + 1 },
  };
  const saves = { ...NOTHING, requests: Math.ceil(steps / checkpoint.every) };
  const run = [repeated(step, steps), evaluations, saves].reduce(sum);
  return { promptTokens, responseTokens, updates, step, evaluations, run };
}

/** Passes without a gradient in a step: over all rollouts, and over one minibatch. */
function forwardPasses(recipe: Recipe, updates: number): { readonly whole: number; readonly parts: number } {
  const objective = objectiveOf(recipe);
  const { onPolicy } = planColumns(objective, updates, Number.MAX_SAFE_INTEGER);
  const byServer = recipe.engine.name === 'tinker' && objective.serverLoss !== undefined;
  return {
    whole: (onPolicy ? 0 : 1) + (needsReference(objective) ? 1 : 0),
    // The first update needs none: the weights are those of the start.
    parts: byServer ? 0 : updates - 1,
  };
}

/** Tokens that the trees of one group are scored over: a pass for each of their tokens, and one for the log-probs of all. */
function treeTokens({ rollout }: Recipe, promptTokens: number, responseTokens: number): number {
  const { strategy, group, maxNewTokens } = rollout;
  if (strategy.name !== 'latr') return 0;
  const steps = Math.min(treeSteps(strategy, maxNewTokens), responseTokens);
  return mostTreePlaces(strategy, group) * ((steps + 1) * promptTokens + (steps * (steps + 1)) / 2 + steps);
}

function requestsFor(sequences: number, tokens: number): number {
  return Math.max(Math.ceil(sequences / REQUEST.sequences), Math.ceil(tokens / REQUEST.tokens));
}

function evaluatedSteps({ steps, evaluation: { every } }: Recipe): number {
  return every === 0 ? 1 : Math.ceil(steps / every);
}

const NOTHING: Work = { read: 0, sampled: 0, scored: 0, trained: 0, requests: 0 };

function repeated(work: Work, count: number): Work {
  return map(work, (value) => value * count);
}

function sum(a: Work, b: Work): Work {
  return map(a, (value, name) => value + b[name]);
}

function map(work: Work, change: (value: number, name: keyof Work) => number): Work {
  const names = Object.keys(NOTHING) as (keyof Work)[];
  return Object.fromEntries(names.map((name) => [name, change(work[name], name)])) as unknown as Work;
}

/** In the currency of the prices. */
export function costOf({ read, sampled, scored, trained }: Work, prices: Prices): number {
  return ((read + scored) * prices.read + sampled * prices.sample + trained * prices.train) / 1e6;
}

/** Multiplications and additions for a model of `parameters` weights: 2 a weight forward, 4 more for all gradients, 2 for an adapter's. */
export function operationsOf({ read, sampled, scored, trained }: Work, parameters: number, adapter: boolean): number {
  return parameters * (2 * (read + sampled + scored) + (adapter ? 4 : 6) * trained);
}

/** Mean length of the first prompts of the training tasks. */
export function meanPromptTokens(source: TaskSource, environment: Pick<Environment, 'prompt'>, count = 64): number {
  const size = Math.min(count, source.size('train'));
  const lengths = Array.from({ length: size }, (_, i) => environment.prompt(source.task('train', i)).length);
  return lengths.reduce((total, length) => total + length, 0) / size;
}

/** `read=0.1,sample=0.3,train=0.9`: each of the three once. Throws a UserError. */
export function parsePrices(text: string): Prices {
  const given = new Map(
    text.split(',').map((each) => {
      const [name = '', price = ''] = each.split('=').map((side) => side.trim());
      return [name, price];
    }),
  );
  const priceOf = (name: string) => Number(given.get(name) || Number.NaN);
  const prices = { read: priceOf('read'), sample: priceOf('sample'), train: priceOf('train') };
  if (given.size === 3 && Object.values(prices).every((price) => price >= 0)) return prices;
  throw new UserError(
    `--price: must give read, sample and train a price for a million tokens, got ${text}; write it like ` +
      'read=0.1,sample=0.3,train=0.9',
  );
}
