import { availableParallelism } from 'node:os';
import type {
  ColumnRequest,
  DrawnToken,
  Engine,
  ModelInfo,
  OptimOptions,
  OptimStats,
  Sample,
  SampleOptions,
  SampleRequest,
  SampleWatch,
  SaveOptions,
  TokenBatch,
  TokenColumns,
  TokenGradients,
} from '../engine.js';
import { EngineError } from '../errors.js';
import type { ModelFolder } from '../model/folder.js';
import type { ModelHandle } from './host.js';
import { checkBatch, checkColumn, checkOptimOptions, checkRequests } from './validate.js';
import { WorkerClient } from './worker-client.js';

export interface LocalEngineOptions {
  /** Threads that compute. Default: the cores of the machine, at most 8. Results depend on it in the last bits. */
  readonly threads?: number;
}

/**
 * The embedded engine: ONNX Runtime on the CPU, in a worker thread. Forks live in the same worker and share its
 * compiled graphs; `dispose` of the last one ends it.
 */
export class LocalEngine implements Engine {
  private info: ModelInfo;
  private isDisposed = false;

  private constructor(
    private readonly client: WorkerClient,
    private readonly handle: ModelHandle,
    private readonly users: { count: number },
  ) {
    this.info = handle.info;
    users.count++;
  }

  get model(): ModelInfo {
    return this.info;
  }

  /** Loads a folder in the layout of Hugging Face. Throws an `EngineError` that says what is wrong with it. */
  static async load(folder: string, options: LocalEngineOptions = {}): Promise<LocalEngine> {
    return await LocalEngine.start(options, (client) => client.call('load', folder));
  }

  /** Starts from a model in memory, such as freshly drawn weights. */
  static async create(model: ModelFolder, options: LocalEngineOptions = {}): Promise<LocalEngine> {
    return await LocalEngine.start(options, (client) => client.call('create', model));
  }

  private static async start(options: LocalEngineOptions, open: (client: WorkerClient) => Promise<ModelHandle>) {
    const client = new WorkerClient({ threads: options.threads ?? Math.min(8, availableParallelism()), halves: true });
    try {
      return new LocalEngine(client, await open(client), { count: 0 });
    } catch (error) {
      await client.terminate();
      throw error;
    }
  }

  async sample(
    requests: readonly SampleRequest[],
    options: SampleOptions,
    { onTokens, signals }: SampleWatch = {},
  ): Promise<Sample[][]> {
    checkRequests(this.model, requests, options);
    if (onTokens === undefined && signals === undefined) {
      return await this.client.call('sample', this.handle.id, requests, options);
    }
    // The worker looks at this memory between tokens: it reads no message before a call has ended.
    const cancelled = new Uint8Array(new SharedArrayBuffer(requests.length));
    const stops = (signals ?? []).map((signal, i) => onAbort(signal, () => (cancelled[i] = 1)));
    const report = (drawn: unknown) => onTokens?.(drawn as readonly DrawnToken[]);
    try {
      return await this.client.watch('sample', report, this.handle.id, requests, options, cancelled);
    } finally {
      for (const stop of stops) stop();
    }
  }

  async forward(batch: TokenBatch, wanted: ColumnRequest = {}): Promise<TokenColumns> {
    checkBatch('LocalEngine.forward', this.model, batch);
    return await this.client.call('forward', this.handle.id, batch, wanted);
  }

  async forwardBackward(
    batch: TokenBatch,
    gradients: TokenGradients,
    wanted: ColumnRequest = {},
  ): Promise<TokenColumns> {
    const at = 'LocalEngine.forwardBackward';
    checkBatch(at, this.model, batch);
    const { logProb, entropy, meanLogProb, value, topK } = gradients;
    for (const [name, column] of Object.entries({ logProb, entropy, meanLogProb, value })) {
      if (column) checkColumn(at, name, column, batch.tokens.length);
    }
    if (topK) checkColumn(at, 'topK', topK.weights, batch.tokens.length * topK.width);
    return await this.client.call('forwardBackward', this.handle.id, batch, gradients, wanted);
  }

  async optimStep(options: OptimOptions): Promise<Required<OptimStats>> {
    checkOptimOptions(options);
    return await this.client.call('optimStep', this.handle.id, options);
  }

  async addValueHead(seed: number): Promise<void> {
    this.info = (await this.client.call('addValueHead', this.handle.id, seed)).info;
  }

  async saveState(folder: string, options: SaveOptions = {}): Promise<void> {
    await this.client.call('saveState', this.handle.id, folder, options);
  }

  async loadState(folder: string): Promise<void> {
    await this.client.call('loadState', this.handle.id, folder);
  }

  async fork({ frozen = false }: { readonly frozen?: boolean } = {}): Promise<LocalEngine> {
    const handle = await this.client.call('fork', this.handle.id, frozen);
    return new LocalEngine(this.client, handle, this.users);
  }

  async moveTowards(other: Engine, share: number): Promise<void> {
    const at = 'LocalEngine.moveTowards';
    if (!(other instanceof LocalEngine) || other.client !== this.client) {
      const fix = 'fork the one from the other';
      throw new EngineError('invalid-argument', { at, rule: 'other must be a fork of the same model', fix });
    }
    if (!(share >= 0 && share <= 1)) {
      const rule = 'share must be from 0 to 1';
      throw new EngineError('invalid-argument', { at, rule, got: String(share), fix: 'give a part of the way' });
    }
    await this.client.call('moveTowards', this.handle.id, other.handle.id, share);
  }

  async dispose(): Promise<void> {
    if (this.isDisposed) return;
    this.isDisposed = true;
    await this.client.call('release', this.handle.id);
    this.users.count--;
    if (this.users.count === 0) await this.client.terminate();
  }
}

/** Calls `act` once `signal` is aborted, now if it is; returns what ends that. */
function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal?.aborted === true) act();
  signal?.addEventListener('abort', act);
  return () => signal?.removeEventListener('abort', act);
}
