import type { Connection } from './connection.js';
import { floats, whole } from './data.js';
import { Trial } from './trial.js';
import type { Datum, ServerCapabilities } from './wire.js';
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
  return await Trial.with(connection, baseModel, async (trial) => {
    const { idempotent, norms } = await tryServer(trial);
    return {
      baseModels: models.map(({ name }) => name),
      contextLength: models.find(({ name }) => name === baseModel)?.context,
      reduction: reductionOf(norms),
      idempotent,
      clipsGradients: schema.adam === undefined || schema.adam.includes('grad_clip_norm'),
      tellsGradNorm: norms !== undefined,
      losses: schema.losses ?? LOSS_FUNCTIONS,
    };
  });
}

interface TrialOutcome {
  readonly idempotent: boolean;
  /** Gradient norms of two losses, where the server tells them. */
  readonly norms: readonly [number, number] | undefined;
}

async function tryServer(trial: Trial): Promise<TrialOutcome> {
  const idempotent = await trial.backwardTwice(weighted(1), { name: 'cross_entropy' });
  const first = await trial.gradNorm();
  await trial.backward(weighted(3), { name: 'cross_entropy' });
  const second = await trial.gradNorm();
  return { idempotent, norms: first === undefined || second === undefined ? undefined : [first, second] };
}

/** A few tokens whose loss has this weight each. */
function weighted(weight: number): Datum[] {
  const weights = floats([weight, weight, weight, weight]);
  const model_input = { chunks: [{ type: 'encoded_text', tokens: [0, 1, 2, 3] }] } as const;
  return [{ model_input, loss_fn_inputs: { target_tokens: whole([1, 2, 3, 4]), weights } }];
}

/** Weights of 1 and then of 3: a sum of gradients grows with them, a weighted mean does not. */
function reductionOf(norms: readonly [number, number] | undefined): Reduction {
  // A server that tells no norm is taken at the word of the documentation.
  if (norms === undefined || norms[0] === 0) return 'sum';
  return Math.abs(norms[1] / norms[0] - 1) < 0.1 ? 'sequence-mean' : 'sum';
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
