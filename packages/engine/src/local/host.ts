import type {
  ColumnRequest,
  DrawnToken,
  ModelInfo,
  OptimOptions,
  OptimStats,
  Sample,
  SampleOptions,
  SampleRequest,
  SaveOptions,
  TokenBatch,
  TokenColumns,
  TokenGradients,
} from '../engine.js';
import { EngineError } from '../errors.js';
import { loadModelFolder, saveModelFolder, type ModelFolder } from '../model/folder.js';
import { withValueHead } from '../model/init.js';
import { readWeights } from '../model/weight-files.js';
import { StopStringWatcher } from '../text/stop-strings.js';
import { Tokenizer } from '../text/tokenizer.js';
import { adamwStep, type StepRates } from './adamw.js';
import { computeColumns } from './columns.js';
import { HalfStep } from './half-step.js';
import { halveRequests, halveSequences, joinColumns, joinSamples, renumberDrawn } from './halves.js';
import { createModelState, createTraining, type ModelState, type Moments } from './model-state.js';
import { readOptimizerState, writeOptimizerState } from './optimizer-file.js';
import type { WorkerSettings } from './protocol.js';
import { sampleCompletions, type SamplingFollower } from './sampler.js';
import { both, SecondLane } from './second-lane.js';
import { SessionCache } from './session-cache.js';
import { disposed } from './validate.js';

/** Models of more weights are not copied to the second lane: memory matters more there. */
const MOST_WEIGHTS_TO_COPY = 2 ** 26;
/** Multiply-adds of a pass from which on halving it pays; some hundredths of a second. */
const LEAST_WORK_TO_HALVE = 2 ** 30;
/** Fewer rows read the weights for little arithmetic, and reading them in both lanes gains nothing. */
const LEAST_ROWS_TO_HALVE = 8;

/** A model that lives in the worker, as the main thread knows it. */
export interface ModelHandle {
  readonly id: number;
  readonly info: ModelInfo;
}

/** A model with what its verbs need beside the weights. */
export interface HostedModel {
  readonly state: ModelState;
  readonly companions: ModelFolder['companions'];
  tokenizer: Tokenizer | undefined;
}

/** The worker's side of the local engine: models by number, and the verbs on them. One call runs at a time. */
export class EngineHost {
  private readonly models = new Map<number, HostedModel>();
  private nextId = 0;
  /** Models whose last gradient failed half-way. */
  private readonly torn = new Set<number>();
  /** This lane's part in the steps of models that another worker's host trains together with this one. */
  private readonly halfSteps = new Map<number, HalfStep>();
  /** Graphs with all threads, for work that is not halved. */
  private readonly sessions: SessionCache;
  private readonly halves: { readonly sessions: SessionCache; readonly lane: SecondLane } | undefined;

  constructor({ threads, halves }: WorkerSettings) {
    this.sessions = new SessionCache(threads);
    if (!halves || threads < 2) return;
    const theirs = Math.floor(threads / 2);
    this.halves = { sessions: new SessionCache(threads - theirs), lane: new SecondLane(theirs) };
  }

  async load(folder: string): Promise<ModelHandle> {
    return this.create(await loadModelFolder(folder));
  }

  create({ config, weights, companions }: ModelFolder, frozen = false): ModelHandle {
    const id = this.nextId++;
    const state = createModelState(config, weights, frozen);
    this.models.set(id, { state, companions, tokenizer: undefined });
    return handleOf(id, state);
  }

  fork(id: number, frozen: boolean): ModelHandle {
    const { state, companions } = this.model(id);
    const { layout, data } = state.weights;
    return this.create({ config: state.config, weights: { layout, data: data.slice() }, companions }, frozen);
  }

  /**
   * @param cancelled One a request, shared with the caller's thread: not 0 ends its completions.
   * @param report Sees the tokens of each step.
   */
  async sample(
    id: number,
    requests: readonly SampleRequest[],
    options: SampleOptions,
    cancelled?: Uint8Array,
    report?: (drawn: readonly DrawnToken[]) => void,
  ): Promise<Sample[][]> {
    const model = this.model(id);
    const halvable = this.halves && rowsOf(requests) >= LEAST_ROWS_TO_HALVE;
    const tokens = rowsOf(requests) * options.maxNewTokens;
    const parts = halvable && mayHalve(model, tokens) ? halveRequests(requests, options.maxNewTokens) : null;
    if (!this.halves || !parts) return await sampleHere(this.sessions, model, requests, options, { cancelled, report });
    const [first, second] = parts;
    const reportTheirs = report && ((drawn: readonly DrawnToken[]) => report(renumberDrawn(first, drawn)));
    const { lane, sessions } = this.halves;
    const [ours, theirs] = await both(
      lane.sample(model, second, options, cancelled?.subarray(first.length - 1), reportTheirs),
      () => sampleHere(sessions, model, first, options, { cancelled, report }),
    );
    return joinSamples(ours, theirs);
  }

  async forward(id: number, batch: TokenBatch, wanted: ColumnRequest): Promise<TokenColumns> {
    return await this.columns(id, batch, wanted);
  }

  async forwardBackward(
    id: number,
    batch: TokenBatch,
    gradients: TokenGradients,
    wanted: ColumnRequest,
  ): Promise<TokenColumns> {
    this.trainable(id);
    try {
      return await this.columns(id, batch, wanted, gradients);
    } catch (error) {
      this.torn.add(id);
      throw error;
    }
  }

  /** Columns of all sequences, or of those `among`; see `computeColumns`. */
  async columns(
    id: number,
    batch: TokenBatch,
    wanted: ColumnRequest,
    gradients?: TokenGradients,
    among?: ReadonlySet<number>,
  ): Promise<TokenColumns> {
    const model = this.model(id);
    if (wanted.value === true || gradients?.value !== undefined) needValueHead(model, 'values need');
    const parts = this.halves && mayHalve(model, batch.tokens.length) ? halveSequences(batch) : null;
    if (!this.halves || !parts) {
      return await computeColumns(this.sessions, model.state, batch, wanted, gradients, among);
    }
    const [first, second] = parts;
    const { lane, sessions } = this.halves;
    const [ours, theirs] = await both(lane.columns(model, batch, wanted, gradients, second), () =>
      computeColumns(sessions, model.state, batch, wanted, gradients, first),
    );
    return joinColumns(ours, theirs);
  }

  async optimStep(id: number, options: OptimOptions): Promise<Required<OptimStats>> {
    const state = this.trainable(id);
    const model = this.model(id);
    if (options.valueHeadLearningRate !== undefined) needValueHead(model, 'valueHeadLearningRate needs');
    if (this.torn.has(id)) {
      await this.clearGradient(id);
      const rule = 'every forwardBackward since the last step must have succeeded';
      const fix = 'look at its error; the weights are as before, the gradient is cleared';
      throw new EngineError('invalid-argument', { at: 'optimStep', rule, fix });
    }
    const lane = this.halves?.lane;
    return lane?.holdsGradient(model) ? await lane.optimStep(model, options) : adamwStep(state, options);
  }

  /** From now on this host accumulates a part of a gradient; `HalfStep` says what a step does with it. */
  joinTraining(id: number, moments: Moments, exchange: Float32Array): void {
    const state = this.trainable(id);
    state.training = createTraining(state, moments);
    this.halfSteps.set(id, new HalfStep(state, 'second', exchange));
  }

  offerGradient(id: number): void {
    this.halfStep(id).offerGradient();
  }

  addGradient(id: number): number {
    return this.halfStep(id).addGradient();
  }

  updateHalf(id: number, rates: StepRates | null): void {
    this.halfStep(id).update(rates);
  }

  takeWeights(id: number): void {
    this.halfStep(id).takeWeights();
  }

  private halfStep(id: number): HalfStep {
    const half = this.halfSteps.get(id);
    if (half) return half;
    throw new Error(`EngineHost: model ${id} is trained by this host alone; this is our bug`);
  }

  /** Forgets what was accumulated since the last step, in both lanes. */
  async clearGradient(id: number): Promise<void> {
    const model = this.model(id);
    this.torn.delete(id);
    await this.halves?.lane.dropGradient(model);
    model.state.training?.gradient.fill(0);
  }

  setWeights(id: number, data: Float32Array): void {
    const { state } = this.model(id);
    state.weights.data.set(data);
    state.version++;
  }

  moveTowards(id: number, otherId: number, share: number): void {
    const [{ state }, { state: other }] = [this.model(id), this.model(otherId)];
    const [own, theirs] = [state.weights.data, other.weights.data];
    if (own.length !== theirs.length) {
      const fix = 'add a value head before the fork';
      throw new EngineError('invalid-argument', {
        at: 'moveTowards',
        rule: 'both must have equally many weights',
        fix,
      });
    }
    for (let i = 0; i < own.length; i++) own[i] = (1 - share) * (own[i] as number) + share * (theirs[i] as number);
    state.version++;
  }

  /** Nothing for a model that has one. */
  async addValueHead(id: number, seed: number): Promise<ModelHandle> {
    const { state, companions } = this.model(id);
    const { config, weights, frozen, training } = state;
    if (config.valueHead) return handleOf(id, state);
    if (training !== null) {
      const fix = 'add the value head before the first forwardBackward';
      throw new EngineError('invalid-argument', { at: 'addValueHead', rule: 'must come before training', fix });
    }
    await this.release(id);
    const withHead = { ...config, valueHead: true };
    const grown = createModelState(withHead, withValueHead(weights, config, seed), frozen);
    this.models.set(id, { state: grown, companions, tokenizer: undefined });
    return handleOf(id, grown);
  }

  async saveState(id: number, folder: string, { dtype = 'f32', weightsOnly = false }: SaveOptions): Promise<void> {
    const { state, companions } = this.model(id);
    await saveModelFolder(folder, { config: state.config, weights: state.weights, companions }, dtype);
    if (!weightsOnly && state.training) await writeOptimizerState(folder, state.training);
  }

  async loadState(id: number, folder: string): Promise<void> {
    const { state } = this.model(id);
    const { data } = await readWeights(folder, state.weights.layout);
    this.setWeights(id, data);
    await this.clearGradient(id);
    if (!state.frozen) await readOptimizerState(folder, state);
  }

  async release(id: number): Promise<void> {
    const model = this.models.get(id);
    this.models.delete(id);
    this.torn.delete(id);
    this.halfSteps.delete(id);
    if (!model) return;
    await this.sessions.forget(model.state);
    await this.halves?.sessions.forget(model.state);
    await this.halves?.lane.release(model);
  }

  private model(id: number): HostedModel {
    const model = this.models.get(id);
    if (model) return model;
    throw disposed();
  }

  private trainable(id: number): ModelState {
    const { state } = this.model(id);
    if (!state.frozen) return state;
    const fix = 'train the engine that it was forked from, or fork without frozen';
    throw new EngineError('invalid-argument', { at: 'LocalEngine', rule: 'a frozen fork cannot be trained', fix });
  }
}

function handleOf(id: number, { config, weights }: ModelState): ModelHandle {
  const { family, vocabSize, contextLength, eosTokenIds } = config;
  return { id, info: { family, vocabSize, contextLength, eosTokenIds, parameters: weights.layout.length } };
}

function needValueHead({ state }: HostedModel, what: 'values need' | 'valueHeadLearningRate needs'): void {
  if (state.config.valueHead) return;
  const [rule, fix] = [`${what} a model with a value head`, 'call addValueHead first'];
  throw new EngineError('invalid-argument', { at: 'LocalEngine', rule, fix });
}

function rowsOf(requests: readonly SampleRequest[]): number {
  return requests.reduce((sum, { seeds }) => sum + seeds.length, 0);
}

function mayHalve({ state }: HostedModel, tokens: number): boolean {
  const { length } = state.weights.layout;
  return length <= MOST_WEIGHTS_TO_COPY && length * tokens >= LEAST_WORK_TO_HALVE;
}

async function sampleHere(
  sessions: SessionCache,
  model: HostedModel,
  requests: readonly SampleRequest[],
  options: SampleOptions,
  follow: Pick<SamplingFollower, 'cancelled' | 'report'>,
): Promise<Sample[][]> {
  const { stopStrings = [] } = options;
  if (stopStrings.length === 0) return await sampleCompletions(sessions, model.state, requests, options, follow);
  const tokenizer = (model.tokenizer ??= Tokenizer.fromFiles(model.companions));
  const watchStops = () => new StopStringWatcher(tokenizer.decodeStream(), stopStrings);
  return await sampleCompletions(sessions, model.state, requests, options, { ...follow, watchStops });
}
