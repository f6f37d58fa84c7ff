import { randomUUID } from 'node:crypto';
import type { Engine } from '@touchstone/engine';
import { SampleBatcher } from '../batcher.js';
import { RequestFault } from '../http.js';
import { Checkpoints, parseTinkerPath } from './checkpoints.js';
import { Futures, Taken } from './futures.js';
import { SamplerWeights } from './sampler-weights.js';
import { Turns } from './turns.js';

export interface TinkerServiceOptions {
  /** The weights that models start from. They are never trained. */
  readonly base: Engine;
  /** The name that clients know the base model by, and other names that they may use. */
  readonly modelName: string;
  readonly aliases?: readonly string[];
  /** What clients load their tokenizer from: a folder that they can read, or a name on the hub. */
  readonly tokenizerId: string;
  /** Where checkpoints are kept. */
  readonly stateFolder: string;
  /** Models in training at a time. */
  readonly maxModels: number;
  /** Sets of frozen weights in memory at a time, beside the base. */
  readonly maxSamplers: number;
  /** A session that sends nothing for so long ends, and its models with it. */
  readonly sessionTimeoutMs: number;
}

/** What belongs to one client: it ends when it falls silent. */
export interface Session {
  readonly id: string;
  lastSeen: number;
  readonly userMetadata: unknown;
  readonly displayName: string | undefined;
  readonly models: Set<string>;
  readonly samplers: Set<string>;
}

/** A model in training. */
export interface TrainedModel {
  readonly id: string;
  readonly session: Session;
  /** Undefined until it has been made. */
  engine: Engine | undefined;
  readonly turns: Turns;
  readonly userMetadata: unknown;
  lastRequest: Date;
  /** Counts changes of the weights, so that snapshots of unchanged ones are shared. */
  version: number;
}

/** Weights to sample from. */
export interface Sampler {
  readonly id: string;
  readonly session: Session;
  readonly modelPath: string | undefined;
  /** Of `SamplerWeights`; undefined: the base. */
  readonly weights: string | undefined;
  clients: number;
}

/** Clients send a heartbeat every ten seconds: one that is silent for so long gives its place to a new model. */
const SILENT_MS = 60_000;
/** How often silent sessions are looked for. */
const SWEEP_MS = 30_000;
/** Completions of one call of the engine, and how long requests sent at once wait for one another. */
const BATCHING = { maxCompletions: 256, gatherMs: 5 } as const;

/** The state behind the Tinker API: sessions, models, samplers, checkpoints and work under way. */
export class TinkerService {
  readonly futures = new Futures();
  readonly checkpoints: Checkpoints;
  readonly sessions = new Map<string, Session>();
  readonly models = new Map<string, TrainedModel>();
  readonly samplers = new Map<string, Sampler>();
  /** Of requests to sample, by sampler and `seq_id`. */
  readonly sampled = new Taken();
  private readonly weights: SamplerWeights;
  private readonly batchers = new WeakMap<Engine, SampleBatcher>();
  private readonly sweep: NodeJS.Timeout;

  constructor(readonly options: TinkerServiceOptions) {
    this.checkpoints = new Checkpoints(options.stateFolder);
    this.weights = new SamplerWeights(options.maxSamplers);
    this.sweep = setInterval(() => this.endSilentSessions(Date.now()), SWEEP_MS);
    this.sweep.unref();
  }

  createSession(userMetadata: unknown, displayName: string | undefined): Session {
    const id = randomUUID();
    const session: Session = {
      id,
      lastSeen: Date.now(),
      userMetadata,
      displayName,
      models: new Set(),
      samplers: new Set(),
    };
    this.sessions.set(id, session);
    return session;
  }

  /** A session, which counts as a sign of life. Throws a `RequestFault` (404). */
  session(id: string): Session {
    const session = this.sessions.get(id);
    if (session === undefined) {
      const rule = 'must be a session of this server; it ended, or the server was restarted: create a new one';
      throw new RequestFault(404, 'session_id', rule);
    }
    session.lastSeen = Date.now();
    return session;
  }

  /** A model in training. Throws a `RequestFault` (404) that says how to go on. */
  model(id: string): TrainedModel {
    const model = this.models.get(id);
    if (model === undefined) {
      const rule = 'unknown model: it was unloaded, its session ended, or the server was restarted; load a checkpoint';
      throw new RequestFault(404, 'model_id', rule);
    }
    model.session.lastSeen = Date.now();
    model.lastRequest = new Date();
    return model;
  }

  /** The engine of a model, which its turns wait for. */
  engineOf(model: TrainedModel): Engine {
    if (model.engine !== undefined) return model.engine;
    throw new RequestFault(404, 'model_id', 'the model could not be made; see the result of create_model');
  }

  /** Files a model whose engine is still to be made. */
  addModel(model: Omit<TrainedModel, 'engine' | 'turns' | 'lastRequest' | 'version'>): TrainedModel {
    const { maxModels } = this.options;
    if (this.models.size >= maxModels) this.endSilentest(Date.now());
    if (this.models.size >= maxModels) {
      const rule = `at most ${maxModels} models are trained at a time; unload one, end its session or allow more (--max-models)`;
      throw new RequestFault(429, '', rule);
    }
    const added: TrainedModel = {
      ...model,
      engine: undefined,
      turns: new Turns(),
      lastRequest: new Date(),
      version: 0,
    };
    this.models.set(model.id, added);
    model.session.models.add(model.id);
    return added;
  }

  async removeModel(model: TrainedModel): Promise<void> {
    this.models.delete(model.id);
    model.session.models.delete(model.id);
    model.turns.end(new RequestFault(404, 'model_id', 'the model ended before an earlier request of it had come'));
    await model.engine?.dispose();
    model.engine = undefined;
  }

  /** A trainable engine with the weights of a checkpoint; without `optimizer` its moments start at zero. */
  async loadEngine(folder: string, optimizer: boolean): Promise<Engine> {
    const { base } = this.options;
    const loaded = await base.fork({ frozen: !optimizer });
    try {
      await loaded.loadState(folder);
      if (optimizer) return loaded;
      const trainable = await loaded.fork();
      await loaded.dispose();
      return trainable;
    } catch (error) {
      await loaded.dispose();
      throw error;
    }
  }

  sampler(id: string): Sampler {
    const sampler = this.samplers.get(id);
    if (sampler === undefined) {
      const rule = 'must be a sampling session of this server; its session ended, or the server was restarted';
      throw new RequestFault(404, 'sampling_session_id', rule);
    }
    sampler.session.lastSeen = Date.now();
    return sampler;
  }

  /**
   * The sampling session `seq` of a session, made on first use.
   *
   * @param modelPath A saved checkpoint; undefined with `weights` undefined: the base.
   */
  addSampler(session: Session, seq: number | string, modelPath?: string, weights?: string): Sampler {
    const id = `${session.id}:sample:${seq}`;
    const known = this.samplers.get(id);
    if (known !== undefined) return known;
    const sampler: Sampler = { id, session, modelPath, weights: weights ?? modelPath, clients: 0 };
    this.samplers.set(id, sampler);
    session.samplers.add(id);
    return sampler;
  }

  /** A snapshot of a model's weights as they are now, for sampling; its key. Unchanged weights are not copied again. */
  async snapshot(model: TrainedModel): Promise<string> {
    const key = `${model.id} version ${model.version}`;
    if (!this.weights.has(key)) this.weights.hold(key, await this.engineOf(model).fork({ frozen: true }));
    return key;
  }

  /** Lends the weights that a sampler names (`SamplerWeights` key or path; undefined: the base) to `act`. */
  async withWeights<T>(
    weights: string | undefined,
    act: (engine: Engine, batcher: SampleBatcher) => Promise<T>,
  ): Promise<T> {
    const { base } = this.options;
    if (weights === undefined) return await act(base, this.batcher(base));
    const load = weights.startsWith('tinker://') ? () => this.loadFrozen(weights) : undefined;
    return await this.weights.use(weights, load, (engine) => act(engine, this.batcher(engine)));
  }

  /** Throws a `RequestFault` unless clients may call the base model so. */
  checkBaseModel(field: string, name: string): void {
    const { modelName, aliases = [] } = this.options;
    if (name === modelName || aliases.includes(name)) return;
    throw new RequestFault(400, field, `must be ${JSON.stringify(modelName)}, the model of this server, got ${name}`);
  }

  /** Ends every session that has been silent for too long at `now` (milliseconds since 1970). */
  endSilentSessions(now: number): void {
    for (const session of this.sessions.values()) {
      if (now - session.lastSeen >= this.options.sessionTimeoutMs) this.endSession(session);
    }
  }

  /** Ends the session with models that has been silent longest, if its client seems to be gone. */
  private endSilentest(now: number): void {
    const training = [...this.sessions.values()].filter(({ models }) => models.size > 0);
    const [silentest] = training.sort((a, b) => a.lastSeen - b.lastSeen);
    if (silentest !== undefined && now - silentest.lastSeen >= SILENT_MS) this.endSession(silentest);
  }

  private endSession(session: Session): void {
    this.sessions.delete(session.id);
    for (const id of session.samplers) this.samplers.delete(id);
    for (const id of session.models) {
      const model = this.models.get(id);
      this.models.delete(id);
      // Behind whatever is under way.
      if (model === undefined) continue;
      // What an engine that fails now leaves behind, nobody is there to be told of.
      model.turns.run(undefined, () => this.removeModel(model)).catch(() => undefined);
    }
  }

  async dispose(): Promise<void> {
    clearInterval(this.sweep);
    this.futures.cancelAll();
    for (const model of this.models.values()) await this.removeModel(model);
    await this.weights.dispose();
  }

  private async loadFrozen(path: string): Promise<Engine> {
    const { folder } = await this.checkpoints.find('model_path', parseTinkerPath('model_path', path));
    const engine = await this.options.base.fork({ frozen: true });
    try {
      await engine.loadState(folder);
      return engine;
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  private batcher(engine: Engine): SampleBatcher {
    const known = this.batchers.get(engine);
    if (known !== undefined) return known;
    const batcher = new SampleBatcher(engine, BATCHING);
    this.batchers.set(engine, batcher);
    return batcher;
  }
}
