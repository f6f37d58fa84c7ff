import { EngineError, shown } from '../errors.js';
import type { Connection } from './connection.js';
import { RefusedRequest, WorkLost } from './connection.js';
import type {
  AdamParams,
  CreateModelRequest,
  CreateSessionRequest,
  Datum,
  ForwardBackwardRequest,
  LoadWeightsRequest,
  LoraConfig,
  OptimStepRequest,
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

const CLIENT = 'touchstone';

/** One model on the server, in a session of its own. Its requests carry rising `seq_id`s and are sent one by one. */
export class RemoteModel {
  private seq = 0;

  private constructor(
    private readonly connection: Connection,
    private readonly session: string,
    readonly id: string,
  ) {}

  /** A session, a model in it, and the weights it begins with. */
  static async open(connection: Connection, { baseModel, lora, from }: ModelPlan): Promise<RemoteModel> {
    const session: CreateSessionRequest = { tags: [], user_metadata: {}, sdk_version: CLIENT, type: 'create_session' };
    const opened = await connection.post(ROUTES.createSession, session);
    const session_id = textField(opened, 'session_id', ROUTES.createSession);
    const request: CreateModelRequest = {
      ...{ session_id, model_seq_id: 0, base_model: baseModel, lora_config: lora, type: 'create_model' },
    };
    const first = await connection.post(ROUTES.createModel, request);
    const made = await connection.result(textField(first, 'request_id', ROUTES.createModel));
    const model = new RemoteModel(connection, session_id, textField(made, 'model_id', ROUTES.createModel));
    if (from !== undefined) await model.load(from);
    return model;
  }

  /** Sends a change; gives the id of its result once the server has taken it. */
  async postChange(change: Change, repeatable: boolean): Promise<string> {
    if (change.kind === 'optim_step') {
      const step: Omit<OptimStepRequest, Stamp> = { adam_params: change.adam, type: 'optim_step' };
      return await this.post(ROUTES.optimStep, step, repeatable);
    }
    const { data, loss } = change;
    const input = { data, loss_fn: loss.name, ...(loss.config !== undefined && { loss_fn_config: loss.config }) };
    const gradient: Omit<ForwardBackwardRequest, Stamp> = { forward_backward_input: input };
    return await this.post(ROUTES.forwardBackward, gradient, repeatable);
  }

  /** Sends a request under this model's next `seq_id`, which counts once the server has taken it. */
  async post(route: string, request: object, repeatable: boolean): Promise<string> {
    let first: unknown;
    try {
      const stamped = { ...request, model_id: this.id, seq_id: this.seq + 1 };
      first = await this.connection.post(route, stamped, { repeatable });
    } catch (error) {
      // The model was named by us: a server that does not know it has lost it.
      if (error instanceof RefusedRequest && error.status === 404) throw new WorkLost('server-failed', error.parts);
      throw error;
    }
    this.seq++;
    return textField(first, 'request_id', route);
  }

  async result(requestId: string): Promise<unknown> {
    return await this.connection.result(requestId);
  }

  async beat(): Promise<void> {
    // A session that is gone shows when the model is used next.
    await this.connection.tryPost(ROUTES.sessionHeartbeat, { session_id: this.session, type: 'session_heartbeat' });
  }

  /** Clears the gradient before the place is freed: SkyRL's next model in it would start with what is left. */
  async abandon(): Promise<void> {
    const adam: AdamParams = { learning_rate: 0, beta1: 0, beta2: 0, eps: 1 };
    await this.connection.tryPost(ROUTES.optimStep, { model_id: this.id, adam_params: adam, seq_id: this.seq + 1 });
    await this.unload();
  }

  async unload(): Promise<void> {
    await this.connection.tryPost(ROUTES.unloadModel, { model_id: this.id, type: 'unload_model' });
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
}

/** What every request of a model carries beside its content. */
type Stamp = 'model_id' | 'seq_id';

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
