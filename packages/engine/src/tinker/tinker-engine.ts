import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  ColumnRequest,
  Engine,
  EngineLimits,
  ModelInfo,
  OptimOptions,
  OptimStats,
  PolicyLoss,
  Sample,
  SampleOptions,
  SampleRequest,
  TokenBatch,
  TokenColumns,
  TokenGradients,
} from '../engine.js';
import { EngineError, shown } from '../errors.js';
import { checkBatch, checkColumn, checkOptimOptions, checkRequests } from '../local/validate.js';
import type { ConnectionOptions } from './connection.js';
import { Connection } from './connection.js';
import type { Placed } from './data.js';
import { floats, gatherLogProbs, inChunks, toData } from './data.js';
import { computesLoss } from './loss-probe.js';
import type { LossCall } from './remote-model.js';
import { dropCheckpoint } from './remote-model.js';
import { Sampler } from './sampler.js';
import type { ServerFacts } from './server-facts.js';
import { serverFacts } from './server-facts.js';
import { policyLossData, surrogateData } from './surrogate.js';
import { TrainingModel } from './training-model.js';
import { gradNormOf } from './trial.js';
import type { AdamParams, ForwardBackwardOutput, LoraConfig } from './wire.js';

export interface TinkerOptions extends ConnectionOptions {
  /** As the server names it. */
  readonly baseModel: string;
  /** Of the base model: servers tell neither its vocabulary nor its end tokens. */
  readonly model: ModelInfo;
  readonly lora: LoraConfig;
  /** Optimiser steps that may have to be applied again after the server lost the model. Default 8. */
  readonly replayedSteps?: number;
}

const STATE_FILE = 'tinker.json';
const FORMAT = 1;

/** What stays of a checkpoint on this side. */
interface SavedState {
  readonly format: number;
  readonly path: string;
  readonly baseModel: string;
  readonly lora: LoraConfig;
  readonly step: number;
}

/** No server does more: log-probs of chosen tokens, of the distribution as it is. Some do not clip gradients. */
export const TINKER_LIMITS: EngineLimits = { columns: [], temperatures: false, clipsGradients: true };

/**
 * The engine on a server of the Tinker training API: hosted, SkyRL on your own GPUs, or `touchstone serve tinker`.
 *
 * What differs from the local engine: a low-rank adapter is trained and not the whole model; columns are log-probs of
 * chosen tokens only (`limits`); completions of one request are drawn with the first of its seeds, the next number and so
 * on, because a group that travels as one request has its prompt read once; log-probs of samples are NaN where the
 * temperature is neither 0 nor 1, since servers give them before the temperature; checkpoints stay on the server and
 * `saveState` writes their address; servers clip gradients or not (`facts`).
 */
export class TinkerEngine implements Engine {
  readonly model: ModelInfo;
  readonly limits: EngineLimits;
  private steps = 0;
  /** A gradient has been asked for since the last step. */
  private accumulating = false;
  /** Losses that were asked for, by name and bounds, and whether the server's are the same. */
  private readonly tried = new Map<string, Promise<boolean>>();

  private constructor(
    private readonly connection: Connection,
    /** What the server turned out to do. */
    readonly facts: ServerFacts,
    private readonly options: TinkerOptions,
    private training: TrainingModel,
    private readonly users: { count: number },
    private readonly frozen = false,
    private sampler = new Sampler(connection, options.model),
  ) {
    this.model = options.model;
    this.limits = { ...TINKER_LIMITS, clipsGradients: facts.clipsGradients };
    users.count++;
  }

  /** Connects, finds out what the server does, and makes a model on it. Throws an `EngineError` that says what failed. */
  static async connect(options: TinkerOptions): Promise<TinkerEngine> {
    const connection = new Connection(options);
    try {
      const facts = await serverFacts(connection, options.baseModel);
      const { contextLength = options.model.contextLength } = facts;
      const model = { ...options.model, contextLength: Math.min(options.model.contextLength, contextLength) };
      const known = { ...options, model };
      const training = await TrainingModel.create(connection, known, modelOptions(known, facts));
      return new TinkerEngine(connection, facts, known, training, { count: 0 });
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async sample(requests: readonly SampleRequest[], options: SampleOptions): Promise<Sample[][]> {
    checkRequests(this.model, requests, options);
    return await this.sampler.sample(this.training, requests, options);
  }

  /** [prompts] Log-probs of each prompt's tokens under the current weights, the first entry NaN, by the sampling path. */
  async promptLogProbs(prompts: readonly Int32Array[]): Promise<Float32Array[]> {
    const requests = prompts.map((prompt) => ({ prompt, seeds: [0] }));
    checkRequests(this.model, requests, { maxNewTokens: 1 });
    return await this.sampler.promptLogProbs(this.training, prompts);
  }

  async forward(batch: TokenBatch, wanted: ColumnRequest = {}): Promise<TokenColumns> {
    this.check('forward', batch, wanted);
    const zeros = (from: number, to: number) => ({ weights: floats(new Array<number>(to - from).fill(0)) });
    const placed = toData(batch, zeros);
    const outputs: ForwardBackwardOutput[] = [];
    for (const data of inChunks(placed.map(({ datum }) => datum))) outputs.push(await this.training.forward(data));
    return { logProb: gatherLogProbs(batch, placed, outputs) };
  }

  async forwardBackward(
    batch: TokenBatch,
    gradients: TokenGradients,
    wanted: ColumnRequest = {},
  ): Promise<TokenColumns> {
    this.check('forwardBackward', batch, wanted);
    this.checkTrainable('forwardBackward');
    this.checkGradients(batch, gradients);
    const { placed, loss } = surrogateData(batch, gradients.logProb, this.facts);
    const outputs = await this.backward(placed, loss);
    return { logProb: gatherLogProbs(batch, placed, outputs) };
  }

  /** By the server's own loss of that name, where a trial shows that it is the same one. */
  async forwardBackwardLoss(batch: TokenBatch, loss: PolicyLoss): Promise<TokenColumns | undefined> {
    const at = 'TinkerEngine.forwardBackwardLoss';
    this.check('forwardBackwardLoss', batch, {});
    this.checkTrainable('forwardBackwardLoss');
    checkColumn(at, 'advantages', loss.advantages, batch.tokens.length);
    checkColumn(at, 'oldLogProb', loss.oldLogProb, batch.tokens.length);
    this.checkFirstBackward(at);
    if (!(await this.computes(loss))) return undefined;
    const { placed, loss: call } = policyLossData(batch, loss, this.facts);
    const outputs = await this.backward(placed, call);
    const logProb = gatherLogProbs(batch, placed, outputs);
    if (leavesBound(logProb, loss)) {
      this.accumulating = false;
      await this.training.discard(outputs.length);
      return undefined;
    }
    return { logProb };
  }

  async optimStep(options: OptimOptions): Promise<OptimStats> {
    checkOptimOptions(options);
    this.checkTrainable('optimStep');
    if (options.valueHeadLearningRate !== undefined) {
      const rule = 'valueHeadLearningRate needs a model with a value head';
      const fix = 'leave it out: no server of the Tinker API trains one';
      throw new EngineError('invalid-argument', { at: 'TinkerEngine.optimStep', rule, fix });
    }
    const { learningRate, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0, maxGradNorm = 0 } = options;
    const adam: AdamParams = {
      ...{ learning_rate: learningRate, beta1, beta2, eps, weight_decay: weightDecay },
      ...(maxGradNorm > 0 && this.facts.clipsGradients && { grad_clip_norm: maxGradNorm }),
    };
    const step = ++this.steps;
    this.accumulating = false;
    this.sampler.expire();
    try {
      const gradNorm = gradNormOf(await this.training.optimStep(adam));
      return { step, ...(gradNorm !== undefined && { gradNorm }) };
    } catch (error) {
      this.steps--;
      throw error;
    }
  }

  /**
   * Saves weights and optimiser on the server and writes where they are, `tinker.json`, into the folder. The address is
   * there before the weights are: whatever a killed process left can be removed from the server, by `dropState`.
   */
  async saveState(folder: string): Promise<void> {
    const { baseModel, lora } = this.options;
    const step = this.steps;
    await mkdir(folder, { recursive: true });
    const write = (path: string) => writeState(folder, { format: FORMAT, path, baseModel, lora, step });
    await write(await this.training.save(`step-${String(step).padStart(6, '0')}`, { expect: write }));
  }

  async loadState(folder: string): Promise<void> {
    const state = await readState(folder);
    const { baseModel } = this.options;
    if (state.baseModel !== baseModel) {
      const rule = `the checkpoint must be of the base model ${baseModel}`;
      const fix = 'load it into an engine on its own base model';
      throw new EngineError('server-refused', { at: join(folder, STATE_FILE), rule, got: state.baseModel, fix });
    }
    const plan = { baseModel, lora: state.lora, from: state.path };
    const training = await TrainingModel.create(this.connection, plan, modelOptions(this.options, this.facts));
    await this.training.dispose();
    this.training = training;
    this.sampler.expire();
    this.steps = state.step;
    this.accumulating = false;
  }

  /** A folder without an address has nothing on the server. */
  async dropState(folder: string): Promise<void> {
    const state = await readState(folder).catch((error: unknown) => {
      if (error instanceof EngineError && error.code === 'file-missing') return undefined;
      throw error;
    });
    if (state !== undefined) await dropCheckpoint(this.connection, state.path);
  }

  async fork({ frozen = false }: { readonly frozen?: boolean } = {}): Promise<TinkerEngine> {
    const { baseModel, lora } = this.options;
    // An adapter that no step has changed is the same for the same seed; anything else travels as a checkpoint.
    const from = this.steps === 0 ? undefined : await this.training.save('fork');
    const plan = { baseModel, lora, from };
    const training = await TrainingModel.create(this.connection, plan, modelOptions(this.options, this.facts));
    const fork = new TinkerEngine(this.connection, this.facts, this.options, training, this.users, frozen);
    fork.steps = this.steps;
    return fork;
  }

  async dispose(): Promise<void> {
    await this.training.dispose();
    this.users.count--;
    if (this.users.count === 0) await this.connection.close();
  }

  private check(verb: string, batch: TokenBatch, wanted: ColumnRequest): void {
    const at = `TinkerEngine.${verb}`;
    checkBatch(at, this.model, batch);
    const missing = Object.entries(wanted).find(([, value]) => value !== undefined && value !== false);
    if (missing !== undefined) {
      const fix = 'choose an objective that reads log-probs of chosen tokens only, or the local engine';
      throw new EngineError('server-limited', { at, rule: `a server cannot give the column ${missing[0]}`, fix });
    }
    const { temperature = 1 } = batch;
    if (typeof temperature === 'number' ? temperature === 1 : temperature.every((value) => value === 1)) return;
    const rule = 'temperature must be 1 on a server, which gives log-probs before the temperature';
    throw new EngineError('server-limited', { at, rule, got: shown(temperature), fix: 'train with temperature 1' });
  }

  private checkGradients(batch: TokenBatch, { logProb, entropy, meanLogProb, topK }: TokenGradients): void {
    const at = 'TinkerEngine.forwardBackward';
    checkColumn(at, 'logProb', logProb, batch.tokens.length);
    const other = Object.entries({ entropy, meanLogProb, topK }).find(([, column]) => column !== undefined);
    if (other !== undefined) {
      const fix = 'choose an objective whose gradient is by log-probs only, or the local engine';
      throw new EngineError('server-limited', { at, rule: `a server cannot differentiate ${other[0]}`, fix });
    }
    this.checkFirstBackward(at);
  }

  private checkFirstBackward(at: string): void {
    if (!this.accumulating || this.facts.reduction === 'sum') return;
    const rule = 'one forwardBackward must come before each optimStep on a server that averages over sequences';
    throw new EngineError('server-limited', { at, rule, fix: 'pass the whole minibatch in one call' });
  }

  private async backward(placed: readonly Placed[], loss: LossCall): Promise<ForwardBackwardOutput[]> {
    this.accumulating = true;
    try {
      const chunks = inChunks(placed.map(({ datum }) => datum));
      return await Promise.all(chunks.map((data) => this.training.forwardBackward(data, loss)));
    } catch (error) {
      this.accumulating = false;
      throw error;
    }
  }

  /** Tried once for each loss. */
  private async computes({ name, low, high }: PolicyLoss): Promise<boolean> {
    const key = `${name} ${low} ${high}`;
    const known = this.tried.get(key);
    if (known !== undefined) return await known;
    const trial = computesLoss(this.connection, this.options.baseModel, this.facts, { name, low, high });
    this.tried.set(key, trial);
    trial.catch(() => this.tried.delete(key));
    const same = await trial;
    if (!same) this.options.notice?.(`the server has no ${name} like ours: log-probs are asked for before each update`);
    return same;
  }

  private checkTrainable(verb: string): void {
    if (!this.frozen) return;
    const fix = 'fork without frozen';
    throw new EngineError('invalid-argument', {
      at: `TinkerEngine.${verb}`,
      rule: 'frozen weights cannot be trained',
      fix,
    });
  }
}

function modelOptions({ replayedSteps = 8, notice = () => undefined }: TinkerOptions, { idempotent }: ServerFacts) {
  return { idempotent, replayedSteps, notice };
}

/** Whether the formula no longer holds: servers cut no log-ratio. */
function leavesBound(logProb: Float32Array, { advantages, oldLogProb, logRatioBound }: PolicyLoss): boolean {
  return logProb.some(
    (value, t) => advantages[t] !== 0 && !(Math.abs(value - (oldLogProb[t] as number)) <= logRatioBound),
  );
}

/** There whole or not at all. */
async function writeState(folder: string, state: SavedState): Promise<void> {
  const file = join(folder, STATE_FILE);
  await writeFile(`${file}.partial`, `${JSON.stringify(state, null, 2)}\n`);
  await rename(`${file}.partial`, file);
}

async function readState(folder: string): Promise<SavedState> {
  const file = join(folder, STATE_FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const fix = 'resume a run with the engine that it was started on';
    throw new EngineError('file-missing', { at: folder, rule: `must hold ${STATE_FILE}`, fix, cause });
  }
  const state = JSON.parse(text) as SavedState;
  if (state.format === FORMAT && typeof state.path === 'string') return state;
  const fix = 'resume with the version that wrote it';
  throw new EngineError('read-failed', { at: file, rule: `format must be ${FORMAT}`, got: shown(state.format), fix });
}
