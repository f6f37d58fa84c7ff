import type { Recipe } from '../config/recipe.js';
import type { TextCodec } from '../environment/environment.js';
import { singleTurnEnvironment } from '../environment/environment.js';
import type { Prices, RunPlan, Work } from '../run/plan.js';
import { costOf, meanPromptTokens, operationsOf, parsePrices, planRun } from '../run/plan.js';
import type { TaskSource } from '../task/task.js';
import { wholeNumber } from './options.js';
import { figure } from './text.js';

export interface PlanOptions {
  /** `read=..,sample=..,train=..`, of a million tokens. */
  readonly price?: string;
  /** Mean length of a response, where it is known better than by its budget. */
  readonly responseTokens?: string;
}

/** What is known of a model without its weights. */
interface Outline {
  readonly codec: TextCodec;
  readonly contextLength: number;
  readonly parameters: number | undefined;
  /** How prompts are counted. */
  readonly counted: string;
}

/** Characters of a token where no tokenizer is at hand. */
const CHARACTERS = 4;

/** The plan of a run in lines: tokens, requests, arithmetic and cost, a step and in all. */
export async function planLines(
  recipe: Recipe,
  source: TaskSource,
  directory: string,
  options: PlanOptions,
): Promise<string[]> {
  const prices = options.price === undefined ? undefined : parsePrices(options.price);
  const { maxNewTokens } = recipe.rollout;
  const given = options.responseTokens;
  const responseTokens = given === undefined ? maxNewTokens : wholeNumber('--response-tokens', given, 1, maxNewTokens);
  const outline = await outlineOf(recipe.model, directory);
  const promptTokens = meanPromptTokens(source, singleTurnEnvironment({ ...outline, source }));
  const plan = planRun(recipe, { promptTokens, responseTokens });
  const budget = given === undefined ? ', its budget' : '';
  return [
    `plan: ${recipe.steps} steps of ${plan.updates} update${plan.updates === 1 ? '' : 's'}; at most, with ` +
      `${figure(promptTokens)} tokens a prompt (${outline.counted}) and ${responseTokens} a response${budget}`,
    ...tableOf(recipe, plan, outline.parameters, prices),
    ...(given === undefined ? ['--response-tokens N counts with the mean length that a short run had'] : []),
    ...(prices === undefined
      ? ['--price read=..,sample=..,train=.. adds the cost, from prices of a million tokens']
      : []),
  ];
}

/** From the model's folder where it is on this machine; nothing is downloaded for a plan. */
async function outlineOf(model: string, directory: string): Promise<Outline> {
  const { folderHere } = await import('../run/local-model.js');
  const folder = folderHere(model, directory);
  if (folder === undefined) return guessed;
  const { readModelOutline } = await import('@touchstone/engine');
  const { textCodec } = await import('../run/text-codec.js');
  const { info, companions } = await readModelOutline(folder);
  const { contextLength, parameters } = info;
  return { codec: textCodec(companions, folder), contextLength, parameters, counted: 'mean of the first tasks' };
}

const blank = (length: number) => new Int32Array(Math.max(1, Math.ceil(length / CHARACTERS)));

const guessed: Outline = {
  codec: {
    encode: (text) => blank(text.length),
    encodeChat: (messages) => blank(messages.reduce((length, { content }) => length + content.length, 0)),
    decode: () => '',
  },
  contextLength: Infinity,
  parameters: undefined,
  counted: `${CHARACTERS} characters a token: the model is not on this machine`,
};

function tableOf(
  { engine }: Recipe,
  { step, run }: RunPlan,
  parameters: number | undefined,
  prices: Prices | undefined,
): string[] {
  const remote = engine.name === 'tinker';
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  const operations = (work: Work) => operationsOf(work, parameters ?? Number.NaN, remote).toExponential(1);
  const rows: (readonly [string, (work: Work) => string])[] = [
    ['tokens read', ({ read }) => count(read)],
    ['tokens sampled', ({ sampled }) => count(sampled)],
    ['tokens scored', ({ scored }) => count(scored)],
    ['tokens trained', ({ trained }) => count(trained)],
    ...(remote ? ([['requests', ({ requests }: Work) => count(requests)]] as const) : []),
    ...(parameters === undefined ? [] : ([['operations', operations]] as const)),
    ...(prices === undefined ? [] : ([['cost', (work: Work) => figure(costOf(work, prices))]] as const)),
  ];
  const line = (name: string, a: string, b: string) => `  ${name.padEnd(16)}${a.padStart(16)}${b.padStart(18)}`;
  return [line('', 'a step', 'with evaluations'), ...rows.map(([name, cell]) => line(name, cell(step), cell(run)))];
}
