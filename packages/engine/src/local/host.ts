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
import { readWeights } from '../model/weight-files.js';
import { StopStringWatcher } from '../text/stop-strings.js';
import { Tokenizer } from '../text/tokenizer.js';
import { adamwStep } from './adamw.js';
import { computeColumns } from './columns.js';
import { createModelState, type ModelState } from './model-state.js';
import { readOptimizerState, writeOptimizerState } from './optimizer-file.js';
import { sampleCompletions } from './sampler.js';
import { SessionCache } from './session-cache.js';

/** A model that lives in the worker, as the main thread knows it. */
export interface ModelHandle {
  readonly id: number;
  readonly info: ModelInfo;
}

interface HostedModel {
  readonly state: ModelState;
  readonly companions: ModelFolder['companions'];
  tokenizer: Tokenizer | undefined;
}

/** The worker's side of the local engine: models by number, and the verbs on them. One call runs at a time. */
export class EngineHost {
  private readonly models = new Map<number, HostedModel>();
  private readonly sessions: SessionCache;
  private nextId = 0;

  constructor(threads: number) {
    this.sessions = new SessionCache(threads);
  }

  async load(folder: string): Promise<ModelHandle> {
    return this.create(await loadModelFolder(folder));
  }

  create({ config, weights, companions }: ModelFolder, frozen = false): ModelHandle {
    const id = this.nextId++;
    this.models.set(id, { state: createModelState(config, weights, frozen), companions, tokenizer: undefined });
    const { family, vocabSize, contextLength, eosTokenIds } = config;
    return { id, info: { family, vocabSize, contextLength, eosTokenIds, parameters: weights.layout.length } };
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
    const follow = { cancelled, report };
    const { stopStrings = [] } = options;
    if (stopStrings.length === 0) return await sampleCompletions(this.sessions, model.state, requests, options, follow);
    const tokenizer = (model.tokenizer ??= Tokenizer.fromFiles(model.companions));
    const watchStops = () => new StopStringWatcher(tokenizer.decodeStream(), stopStrings);
    return await sampleCompletions(this.sessions, model.state, requests, options, { ...follow, watchStops });
  }

  async forward(id: number, batch: TokenBatch, wanted: ColumnRequest): Promise<TokenColumns> {
    return await computeColumns(this.sessions, this.model(id).state, batch, wanted);
  }

  async forwardBackward(
    id: number,
    batch: TokenBatch,
    gradients: TokenGradients,
    wanted: ColumnRequest,
  ): Promise<TokenColumns> {
    return await computeColumns(this.sessions, this.trainable(id), batch, wanted, gradients);
  }

  optimStep(id: number, options: OptimOptions): Required<OptimStats> {
    return adamwStep(this.trainable(id), options);
  }

  async saveState(id: number, folder: string, { dtype = 'f32', weightsOnly = false }: SaveOptions): Promise<void> {
    const { state, companions } = this.model(id);
    await saveModelFolder(folder, { config: state.config, weights: state.weights, companions }, dtype);
    if (!weightsOnly && state.training) await writeOptimizerState(folder, state.training);
  }

  async loadState(id: number, folder: string): Promise<void> {
    const { state } = this.model(id);
    const { data } = await readWeights(folder, state.weights.layout);
    state.weights.data.set(data);
    if (!state.frozen) await readOptimizerState(folder, state);
  }

  release(id: number): void {
    this.models.delete(id);
  }

  private model(id: number): HostedModel {
    const model = this.models.get(id);
    if (model) return model;
    const fix = 'use an engine only before its dispose()';
    throw new EngineError('invalid-argument', { at: 'LocalEngine', rule: 'the engine must not be disposed', fix });
  }

  private trainable(id: number): ModelState {
    const { state } = this.model(id);
    if (!state.frozen) return state;
    const fix = 'train the engine that it was forked from, or fork without frozen';
    throw new EngineError('invalid-argument', { at: 'LocalEngine', rule: 'a frozen fork cannot be trained', fix });
  }
}
