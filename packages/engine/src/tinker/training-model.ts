import { EngineError, shown } from '../errors.js';
import type { Connection } from './connection.js';
import { OutcomeUnknown, RefusedRequest, WorkLost } from './connection.js';
import type {
  AdamParams,
  CreateModelRequest,
  CreateSessionRequest,
  Datum,
  ForwardBackwardOutput,
  ForwardBackwardRequest,
  ForwardRequest,
  LoadWeightsRequest,
  LoraConfig,
  OptimStepOutput,
  OptimStepRequest,
  SaveWeightsForSamplerRequest,
  SaveWeightsRequest,
} from './wire.js';
import { ROUTES } from './wire.js';

/** What changes a model on the server; everything else may be asked twice. */
export type Change =
  | { readonly kind: 'forward_backward'; readonly data: readonly Datum[]; readonly loss: LossCall }
  | { readonly kind: 'optim_step'; readonly adam: AdamParams };

export interface LossCall {
  readonly name: string;
  readonly config?: Readonly<Record<string, number>>;
}

export interface ModelPlan {
  /** As the server names it. */
  readonly baseModel: string;
  readonly lora: LoraConfig;
  /** `tinker://` path of weights and optimiser state to begin with; absent: the base model with a fresh adapter. */
  readonly from?: string | undefined;
}

export interface ModelOptions {
  /** The server carries out a request that it gets twice under one `seq_id` once. */
  readonly idempotent: boolean;
  /** Optimiser steps that are kept for replay before the server is asked for a checkpoint. */
  readonly replayedSteps: number;
  readonly notice: (sentence: string) => void;
}

/** Losses of a server in a row before the error is passed on: more is no accident. */
const MAX_RECOVERIES = 30;
const LOST = 'the server has lost the model';
const HEARTBEAT_MS = 10_000;
const CLIENT = 'touchstone';
/** Checkpoints that only guard against the loss of a server are kept for a week where the server can forget. */
const GUARD_TTL_SECONDS = 7 * 24 * 3600;

/**
 * One model in training on the server, with its session. Requests go out one after the other under rising `seq_id`s.
 * What was applied since the last checkpoint is remembered: where the server loses the model (a restart), or the fate of
 * a request cannot be known, a new model is made from the checkpoint and the rest is applied to it again, so that each
 * change counts exactly once.
 */
export class TrainingModel {
  /** Rises with every model that takes the place of a lost one: sampling weights of the old one are gone. */
  generation = 0;
  private session = '';
  private id = '';
  private seq = 0;
  private models = 0;
  private samplers = 0;
  private names = 0;
  private from: string | undefined;
  /** A checkpoint that only guards against the loss of the server, until the next one. */
  private guard: string | undefined;
  private journal: Change[] = [];
  private tail: Promise<unknown> = Promise.resolve();
  private heartbeat: NodeJS.Timeout | undefined;

  private constructor(
    private readonly connection: Connection,
    readonly plan: ModelPlan,
    private readonly options: ModelOptions,
  ) {
    this.from = plan.from;
  }

  static async create(connection: Connection, plan: ModelPlan, options: ModelOptions): Promise<TrainingModel> {
    const model = new TrainingModel(connection, plan, options);
    await model.exclusive(() => model.open());
    model.heartbeat = setInterval(() => void model.beat(), HEARTBEAT_MS);
    model.heartbeat.unref();
    return model;
  }

  async forwardBackward(data: readonly Datum[], loss: LossCall): Promise<ForwardBackwardOutput> {
    return (await this.apply({ kind: 'forward_backward', data, loss })) as ForwardBackwardOutput;
  }

  async optimStep(adam: AdamParams): Promise<OptimStepOutput> {
    const output = (await this.apply({ kind: 'optim_step', adam })) as OptimStepOutput;
    const steps = this.journal.filter(({ kind }) => kind === 'optim_step').length;
    if (steps >= this.options.replayedSteps) await this.saveGuard();
    return output;
  }

  /** Takes back the last `count` gradients. No server can: the model is made anew without them. */
  async discard(count: number): Promise<void> {
    await this.exclusive(async () => {
      this.journal = this.journal.slice(0, this.journal.length - count);
      await this.recover('a gradient must be taken back', true);
    });
  }

  /** Log-probs of the targets; changes nothing. */
  async forward(data: readonly Datum[]): Promise<ForwardBackwardOutput> {
    return (await this.withRecovery(async () => {
      const request: ForwardRequest = {
        model_id: this.id,
        forward_input: { data, loss_fn: 'cross_entropy' },
        seq_id: this.seq + 1,
      };
      return await this.send(ROUTES.forward, request, true);
    })) as ForwardBackwardOutput;
  }

  /** Saves weights and optimiser state on the server; gives their `tinker://` path. */
  async save(name: string, ttlSeconds?: number): Promise<string> {
    return await this.withRecovery(async () => {
      const path = await this.saveUnder(name, ttlSeconds);
      this.from = path;
      await this.dropGuard();
      // A gradient that no step has taken yet is no part of a checkpoint.
      this.journal = this.journal.slice(this.journal.findLastIndex(({ kind }) => kind === 'optim_step') + 1);
      return path;
    });
  }

  /** A checkpoint against the loss of the server, in place of the one before. */
  private async saveGuard(): Promise<void> {
    const path = await this.save('guard', GUARD_TTL_SECONDS);
    this.guard = path;
  }

  /** A sampling session with the weights as they are now. */
  async saveForSampler(): Promise<string> {
    return await this.withRecovery(async () => {
      for (;;) {
        const request: SaveWeightsForSamplerRequest = {
          model_id: this.id,
          sampling_session_seq_id: this.samplers++,
          seq_id: this.seq + 1,
          type: 'save_weights_for_sampler',
        };
        const output = await this.unlessTaken(ROUTES.saveWeightsForSampler, request);
        if (output === undefined) continue;
        return textField(output, 'sampling_session_id', ROUTES.saveWeightsForSampler);
      }
    });
  }

  /** Takes the place of a model that sampling found lost, unless that has happened since `generation`. */
  async replace(generation: number): Promise<void> {
    await this.exclusive(async () => {
      if (this.generation === generation) await this.recover(LOST, false);
    });
  }

  async dispose(): Promise<void> {
    clearInterval(this.heartbeat);
    await this.dropGuard();
    await this.connection.tryPost(ROUTES.unloadModel, { model_id: this.id, type: 'unload_model' });
  }

  private async dropGuard(): Promise<void> {
    const { guard } = this;
    this.guard = undefined;
    if (guard !== undefined) await dropCheckpoint(this.connection, guard);
  }

  private async apply(change: Change): Promise<unknown> {
    return await this.withRecovery(async () => {
      const output = await this.carryOut(change);
      this.journal.push(change);
      return output;
    });
  }

  private async carryOut(change: Change): Promise<unknown> {
    const seq_id = this.seq + 1;
    if (change.kind === 'optim_step') {
      const request: OptimStepRequest = { model_id: this.id, adam_params: change.adam, seq_id, type: 'optim_step' };
      return await this.send(ROUTES.optimStep, request, this.options.idempotent);
    }
    const { data, loss } = change;
    const input = { data, loss_fn: loss.name, ...(loss.config !== undefined && { loss_fn_config: loss.config }) };
    const request: ForwardBackwardRequest = { model_id: this.id, forward_backward_input: input, seq_id };
    return await this.send(ROUTES.forwardBackward, request, this.options.idempotent);
  }

  /** Sends a request of this model and waits for its result. A `seq_id` counts once the server has taken it. */
  private async send(route: string, request: object, repeatable: boolean): Promise<unknown> {
    let first: unknown;
    try {
      first = await this.connection.post(route, request, { repeatable });
    } catch (error) {
      // The model was named by us: a server that does not know it has lost it.
      if (error instanceof RefusedRequest && error.status === 404) throw new WorkLost('server-failed', error.parts);
      throw error;
    }
    this.seq++;
    return await this.connection.result(textField(first, 'request_id', route));
  }

  /** Undefined: the name is taken, by an attempt whose answer was lost. */
  private async unlessTaken(route: string, request: object): Promise<unknown> {
    try {
      return await this.send(route, request, true);
    } catch (error) {
      if (error instanceof RefusedRequest && error.status === 409) return undefined;
      throw error;
    }
  }

  private async saveUnder(name: string, ttlSeconds: number | undefined): Promise<string> {
    for (;;) {
      const request: SaveWeightsRequest = {
        model_id: this.id,
        path: `${name}-${++this.names}`,
        seq_id: this.seq + 1,
        type: 'save_weights',
        ...(ttlSeconds !== undefined && { ttl_seconds: ttlSeconds }),
      };
      const output = await this.unlessTaken(ROUTES.saveWeights, request);
      if (output !== undefined) return textField(output, 'path', ROUTES.saveWeights);
    }
  }

  private async withRecovery<T>(work: () => Promise<T>): Promise<T> {
    return await this.exclusive(async () => {
      for (let attempt = 0; ; attempt++) {
        try {
          return await work();
        } catch (error) {
          if (!isLoss(error) || attempt >= MAX_RECOVERIES) throw error;
          const unclear = error instanceof OutcomeUnknown;
          await this.recover(unclear ? 'the server did not say whether it took a request' : LOST, unclear);
        }
      }
    });
  }

  /** A new model in the state that this one should have. `alive`: the old one is still on the server. */
  private async recover(reason: string, alive: boolean): Promise<void> {
    const since = this.from === undefined ? 'the start' : 'the last checkpoint';
    const steps = this.journal.filter(({ kind }) => kind === 'optim_step').length;
    this.options.notice(`${reason}: going on from ${since}, ${steps} steps are applied again`);
    for (let attempt = 0; ; attempt++) {
      try {
        if (alive) await this.abandon();
        await this.open();
        for (const change of this.journal) await this.carryOut(change);
        this.generation++;
        return;
      } catch (error) {
        if (!isLoss(error) || attempt >= MAX_RECOVERIES) throw error;
      }
    }
  }

  /** Clears the gradient before the place is freed: SkyRL's next model in it would start with what is left. */
  private async abandon(): Promise<void> {
    const adam: AdamParams = { learning_rate: 0, beta1: 0, beta2: 0, eps: 1 };
    await this.connection.tryPost(ROUTES.optimStep, { model_id: this.id, adam_params: adam, seq_id: this.seq + 1 });
    await this.connection.tryPost(ROUTES.unloadModel, { model_id: this.id, type: 'unload_model' });
  }

  /** A session, a model in it, and the weights it begins with. */
  private async open(): Promise<void> {
    const session: CreateSessionRequest = { tags: [], user_metadata: {}, sdk_version: CLIENT, type: 'create_session' };
    this.session = textField(
      await this.connection.post(ROUTES.createSession, session),
      'session_id',
      ROUTES.createSession,
    );
    const { baseModel, lora } = this.plan;
    const request: CreateModelRequest = {
      session_id: this.session,
      model_seq_id: this.models++,
      base_model: baseModel,
      lora_config: lora,
      type: 'create_model',
    };
    const first = await this.connection.post(ROUTES.createModel, request);
    const made = await this.connection.result(textField(first, 'request_id', ROUTES.createModel));
    this.id = textField(made, 'model_id', ROUTES.createModel);
    this.seq = 0;
    if (this.from !== undefined) await this.load(this.from);
  }

  private async load(path: string): Promise<void> {
    const request: LoadWeightsRequest = { model_id: this.id, path, optimizer: true, seq_id: 1, type: 'load_weights' };
    let first: unknown;
    try {
      first = await this.connection.post(ROUTES.loadWeights, request);
    } catch (error) {
      if (!(error instanceof RefusedRequest)) throw error;
      const rule = 'the server must hold this checkpoint';
      const fix = 'resume on the server that wrote it, or start a new run';
      throw new RefusedRequest(error.status, { at: path, rule, got: error.parts.got ?? 'none', fix });
    }
    await this.connection.result(textField(first, 'request_id', ROUTES.loadWeights));
    this.seq = 1;
  }

  private async beat(): Promise<void> {
    // A session that is gone shows when the model is used next.
    await this.connection.tryPost(ROUTES.sessionHeartbeat, { session_id: this.session, type: 'session_heartbeat' });
  }

  private async exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.tail.then(work, work);
    this.tail = turn.catch(() => undefined);
    return await turn;
  }
}

function isLoss(error: unknown): boolean {
  return error instanceof WorkLost || error instanceof OutcomeUnknown;
}

/** Removes a `tinker://model/weights/name` from the server; false where it failed or the server cannot. */
export async function dropCheckpoint(connection: Connection, path: string): Promise<boolean> {
  const [, model, name] = /^tinker:\/\/([^/]+)\/(.+)$/.exec(path) ?? [];
  if (model === undefined || name === undefined) return false;
  return await connection.tryDelete(`${ROUTES.trainingRuns}/${model}/checkpoints/${name}`);
}

/** A field of an answer that must be a text. */
export function textField(value: unknown, field: string, at: string): string {
  const got: unknown =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
  if (typeof got === 'string') return got;
  throw new EngineError('server-failed', {
    at,
    rule: `the answer must have ${field}`,
    got: shown(value),
    fix: 'check that the address is a server of the Tinker API',
  });
}
