import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalEngine, type Tokenizer } from '@touchstone/engine';
import { Interrupted, RunStopped, UserError } from '../errors.js';
import { readIfThere, writeWhole } from '../run/files.js';
import { learningRateSchedule } from '../trainer/schedule.js';
import { freshModel } from './base-model.js';
import { documentBatch } from './documents.js';
import { mixtureOf, type PretrainRecipe } from './recipe.js';
import { solveRates, type SolveRates } from './solve-rates.js';

export interface PretrainStep {
  readonly step: number;
  /** Mean cross-entropy of the step's documents, in nats a token. */
  readonly loss: number;
  readonly gradNorm: number;
  readonly learningRate: number;
  readonly tokensPerSecond: number;
}

export interface PretrainRequest {
  readonly recipe: PretrainRecipe;
  /** Where the model goes; its `state` folder holds what resuming needs until the run is done. */
  readonly out: string;
  readonly resume: boolean;
  readonly onStep: (report: PretrainStep) => void;
  readonly onRates: (step: number, rates: SolveRates) => void;
  /** Looked at after every step: once set, the run saves itself and throws `Interrupted`. */
  readonly stop: { readonly requested: boolean };
}

/**
 * Trains the recipe's model on the corpus of worked problems from nothing and writes it as a Hugging Face folder with
 * `recipe.json` and `solve-rates.json` beside it. Returns the final solve rates.
 */
export async function pretrain(request: PretrainRequest): Promise<SolveRates> {
  const { recipe, out } = request;
  const { folder, tokenizer } = freshModel(recipe);
  await mkdir(out, { recursive: true });
  const done = await finishedSteps(request);
  const engine = await LocalEngine.create(folder, { threads: recipe.threads });
  try {
    if (done > 0) await engine.loadState(stateFolder(out));
    await trainSteps(request, engine, tokenizer, done);
    const rates = await solveRates(engine, tokenizer, recipe);
    request.onRates(recipe.steps, rates);
    await engine.saveState(out, { dtype: recipe.dtype, weightsOnly: true });
    await writeWhole(join(out, 'recipe.json'), `${JSON.stringify(recipe, null, 2)}\n`);
    await writeWhole(join(out, 'solve-rates.json'), `${JSON.stringify(rates, null, 2)}\n`);
    await rm(stateFolder(out), { recursive: true, force: true });
    return rates;
  } finally {
    await engine.dispose();
  }
}

async function trainSteps(request: PretrainRequest, engine: LocalEngine, tokenizer: Tokenizer, done: number) {
  const { recipe, onStep, onRates, stop } = request;
  const schedule = learningRateSchedule({ ...recipe.optimizer, schedule: 'cosine' }, recipe.steps);
  const source = { seed: recipe.corpus.seed, mixture: mixtureOf(recipe) };
  const endToken = engine.model.eosTokenIds[0] as number;
  const prepare = (step: number) =>
    documentBatch(tokenizer, endToken, source, (step - 1) * recipe.documents, recipe.documents);
  let batch = prepare(done + 1);
  for (let step = done + 1; step <= recipe.steps; step++) {
    const started = performance.now();
    const current = batch;
    const pending = engine.forwardBackward(current.tokens, current.gradients);
    // The engine works in its own thread meanwhile.
    batch = prepare(step + 1);
    const { logProb } = await pending;
    const learningRate = schedule(step);
    const { gradNorm } = await engine.optimStep({ ...recipe.optimizer, learningRate });
    const loss = -logProb.reduce((sum, value) => sum + value, 0) / current.scoredCount;
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) throw diverged(step, loss, gradNorm, request);
    const tokensPerSecond = (1000 * current.tokens.tokens.length) / (performance.now() - started);
    onStep({ step, loss, gradNorm, learningRate, tokensPerSecond });
    if (stop.requested || step % recipe.checkpointEvery === 0) await saveProgress(request, engine, step);
    if (stop.requested) throw new Interrupted(`stopped after step ${step}, all is saved; go on with --resume`);
    const { every } = recipe.evaluation;
    if (every > 0 && step % every === 0 && step < recipe.steps) {
      onRates(step, await solveRates(engine, tokenizer, recipe));
    }
  }
}

function diverged(step: number, loss: number, gradNorm: number, { out }: PretrainRequest): RunStopped {
  return new RunStopped(
    `pretrain: loss and gradient must be finite, got ${loss} and ${gradNorm} at step ${step}; ` +
      `lower optimizer.learningRate and start again in another folder than ${out}`,
  );
}

/** Steps that an earlier, unfinished run of the same recipe has done. */
async function finishedSteps({ recipe, out, resume }: PretrainRequest): Promise<number> {
  const saved = await readIfThere(join(stateFolder(out), 'progress.json'));
  if (saved === undefined) {
    if ((await readIfThere(join(out, 'config.json'))) === undefined) return 0;
    throw new UserError(`${out}: must not hold a finished model, got one; choose another folder with --out`);
  }
  if (!resume) {
    throw new UserError(
      `${out}: must not hold an unfinished run, got one; go on with --resume or choose another --out`,
    );
  }
  const progress = JSON.parse(saved) as { readonly step: number; readonly recipe: unknown };
  if (JSON.stringify(progress.recipe) === JSON.stringify(recipe)) return progress.step;
  throw new UserError(`${out}: must have been begun with the same recipe, got another one; resume without changes`);
}

async function saveProgress({ recipe, out }: PretrainRequest, engine: LocalEngine, step: number): Promise<void> {
  const final = stateFolder(out);
  const partial = `${final}.partial`;
  await rm(partial, { recursive: true, force: true });
  await engine.saveState(partial);
  await writeWhole(join(partial, 'progress.json'), JSON.stringify({ step, recipe }));
  await rm(final, { recursive: true, force: true });
  await rename(partial, final);
}

function stateFolder(out: string): string {
  return join(out, 'state');
}
