import type { Connection } from './connection.js';
import { floats, whole } from './data.js';
import { textField } from './training-model.js';
import type { AdamParams, CreateModelRequest, Datum, OptimStepOutput, ServerCapabilities } from './wire.js';
import { LOSS_FUNCTIONS, ROUTES } from './wire.js';

/**
 * How a server turns the losses of tokens into the loss that it differentiates. `sum`: adds them up, as the API is
 * documented. `sequence-mean`: divides the sum of each sequence by its sum of weights, and the whole by the number of
 * sequences since the last optimiser step (SkyRL's JAX back end).
 */
export type Reduction = 'sum' | 'sequence-mean';

/** What is found out about a server before the first step. */
export interface ServerFacts {
  /** As `create_model` takes them; empty where the server does not say. */
  readonly baseModels: readonly string[];
  /** Longest sequence in tokens that the server names for the base model. */
  readonly contextLength: number | undefined;
  readonly reduction: Reduction;
  /** A request that comes twice under one `seq_id` is carried out once. */
  readonly idempotent: boolean;
  /** `optim_step` clips by the global norm. */
  readonly clipsGradients: boolean;
  /** `optim_step` tells the norm of the gradient. */
  readonly tellsGradNorm: boolean;
  readonly losses: readonly string[];
}

/** Reads what the server says of itself, before any model is made. */
export async function serverModels(
  connection: Connection,
): Promise<readonly { name: string; context: number | undefined }[]> {
  const { supported_models } = (await connection.get(ROUTES.serverCapabilities)) as ServerCapabilities;
  return supported_models.flatMap(({ model_name, max_context_length }) =>
    typeof model_name === 'string' ? [{ name: model_name, context: max_context_length ?? undefined }] : [],
  );
}

/**
 * Tries the server on a small model of its own, which is gone afterwards: nobody writes down how losses are reduced or
 * whether a repeated request counts twice, and servers differ. Costs two passes over five tokens.
 */
export async function serverFacts(connection: Connection, baseModel: string): Promise<ServerFacts> {
  const models = await serverModels(connection);
  const schema = await apiSchema(connection);
  const trial = await Trial.open(connection, baseModel);
  try {
    const { idempotent, norms } = await trial.run();
    return {
      baseModels: models.map(({ name }) => name),
      contextLength: models.find(({ name }) => name === baseModel)?.context,
      reduction: reductionOf(norms),
      idempotent,
      clipsGradients: schema.adam === undefined || schema.adam.includes('grad_clip_norm'),
      tellsGradNorm: norms !== undefined,
      losses: schema.losses ?? LOSS_FUNCTIONS,
    };
  } finally {
    await trial.close();
  }
}

/** Weights of 1 and then of 3: a sum of gradients grows with them, a weighted mean does not. */
function reductionOf(norms: readonly [number, number] | undefined): Reduction {
  // A server that tells no norm is taken at the word of the documentation.
  if (norms === undefined || norms[0] === 0) return 'sum';
  return Math.abs(norms[1] / norms[0] - 1) < 0.1 ? 'sequence-mean' : 'sum';
}

class Trial {
  private seq = 0;

  private constructor(
    private readonly connection: Connection,
    private readonly model: string,
  ) {}

  static async open(connection: Connection, baseModel: string): Promise<Trial> {
    const session = await connection.post(ROUTES.createSession, {
      tags: [],
      user_metadata: {},
      sdk_version: 'touchstone',
      type: 'create_session',
    });
    const request: CreateModelRequest = {
      session_id: textField(session, 'session_id', ROUTES.createSession),
      model_seq_id: 0,
      base_model: baseModel,
      lora_config: { rank: 1, seed: 0 },
      type: 'create_model',
    };
    const first = await connection.post(ROUTES.createModel, request);
    const made = await connection.result(textField(first, 'request_id', ROUTES.createModel));
    return new Trial(connection, textField(made, 'model_id', ROUTES.createModel));
  }

  async run(): Promise<{ readonly idempotent: boolean; readonly norms: readonly [number, number] | undefined }> {
    this.seq++;
    const one = await this.backward(1);
    const again = await this.backward(1);
    await this.connection.result(one);
    if (again !== one) await this.connection.result(again);
    const first = await this.gradNorm();
    this.seq++;
    await this.connection.result(await this.backward(3));
    const second = await this.gradNorm();
    return {
      idempotent: again === one,
      norms: first === undefined || second === undefined ? undefined : [first, second],
    };
  }

  /** Sends the loss of a few tokens with this weight each; gives the id of the request. */
  private async backward(weight: number): Promise<string> {
    const datum: Datum = {
      model_input: { chunks: [{ type: 'encoded_text', tokens: [0, 1, 2, 3] }] },
      loss_fn_inputs: { target_tokens: whole([1, 2, 3, 4]), weights: floats([weight, weight, weight, weight]) },
    };
    const input = { data: [datum], loss_fn: 'cross_entropy' };
    const request = { model_id: this.model, forward_backward_input: input, seq_id: this.seq };
    return textField(await this.connection.post(ROUTES.forwardBackward, request), 'request_id', ROUTES.forwardBackward);
  }

  private async gradNorm(): Promise<number | undefined> {
    this.seq++;
    const adam: AdamParams = { learning_rate: 0, beta1: 0.9, beta2: 0.95, eps: 1e-8 };
    const request = { model_id: this.model, adam_params: adam, seq_id: this.seq, type: 'optim_step' };
    const first = await this.connection.post(ROUTES.optimStep, request);
    return gradNormOf(
      (await this.connection.result(textField(first, 'request_id', ROUTES.optimStep))) as OptimStepOutput,
    );
  }

  async close(): Promise<void> {
    await this.connection.tryPost(ROUTES.unloadModel, { model_id: this.model, type: 'unload_model' });
  }
}

/** Norm of the gradient before clipping, which servers give under different prefixes. */
export function gradNormOf({ metrics }: OptimStepOutput): number | undefined {
  const named = Object.entries(metrics ?? {}).find(([name]) => /(^|[/.:_])grad(ient)?_norm(:\w+)?$/.test(name));
  return named?.[1];
}

interface ApiSchema {
  /** Names of the optimiser's parameters. */
  readonly adam?: readonly string[] | undefined;
  readonly losses?: readonly string[] | undefined;
}

/** What an OpenAPI description says, for servers that publish one, such as SkyRL's. */
async function apiSchema(connection: Connection): Promise<ApiSchema> {
  const document = await connection.document('/openapi.json');
  const schemas = at(at(document, 'components'), 'schemas');
  const adam = at(at(schemas, 'AdamParams'), 'properties');
  const losses = at(at(at(at(schemas, 'ForwardBackwardInput'), 'properties'), 'loss_fn'), 'enum');
  return {
    adam: typeof adam === 'object' && adam !== null ? Object.keys(adam) : undefined,
    losses: Array.isArray(losses) ? losses.map(String) : undefined,
  };
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
