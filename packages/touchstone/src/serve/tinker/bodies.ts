import { z } from 'zod';
import { maybe, RequestFault } from '../http.js';
import { denseTensor, fromSparseRows, type Tensor } from './tensors.js';

/**
 * JSON bodies of the Tinker API (SDK 0.38; fields that the SDK may send and that change nothing here are read and
 * dropped). Requests that compute refuse unknown keys: an option that is not known must not be ignored.
 */

/** A datum of `forward_backward`, from JSON and protobuf alike. */
export interface TrainingDatum {
  readonly tokens: Int32Array;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

export interface TrainingRequest {
  readonly modelId: string;
  readonly seqId: number | undefined;
  readonly data: readonly TrainingDatum[];
  readonly lossName: string;
  readonly config: Readonly<Record<string, number | string>>;
  readonly forwardOnly: boolean;
}

const metadata = maybe(z.record(z.string(), z.unknown()));
const seqId = maybe(z.number().int().nonnegative());
const id = z.string().min(1).max(255);
const token = z.number().int().nonnegative();

const tensor = z.strictObject({
  data: z.array(z.number()),
  dtype: z.enum(['float32', 'int64']).optional(),
  shape: maybe(z.array(z.number().int().nonnegative())),
  sparse_crow_indices: maybe(z.array(z.number().int().nonnegative())),
  sparse_col_indices: maybe(z.array(z.number().int().nonnegative())),
});

const modelInput = z.strictObject({
  chunks: z.array(
    z.strictObject({
      type: z.literal('encoded_text', 'must be encoded_text; images and audio are not served').optional(),
      tokens: z.array(token),
    }),
  ),
});

const datum = z.strictObject({
  model_input: modelInput,
  loss_fn_inputs: z.record(z.string(), tensor),
  model_input_spans: z.unknown().optional(),
  loss_fn_input_spans: z.unknown().optional(),
});

const lossInput = z.strictObject({
  data: z.array(datum),
  loss_fn: z.string(),
  loss_fn_config: maybe(z.record(z.string(), z.union([z.number(), z.string()]))),
});

export const forwardBackwardBody = z.strictObject({
  model_id: id,
  forward_backward_input: lossInput,
  seq_id: seqId,
  type: z.string().optional(),
});

export const forwardBody = z.strictObject({
  model_id: id,
  forward_input: lossInput,
  seq_id: seqId,
  type: z.string().optional(),
});

export function trainingRequest(
  { model_id, seq_id }: { readonly model_id: string; readonly seq_id: number | undefined },
  input: z.infer<typeof lossInput>,
  forwardOnly: boolean,
): TrainingRequest {
  return {
    modelId: model_id,
    seqId: seq_id,
    data: input.data.map(({ model_input, loss_fn_inputs }, i) => ({
      tokens: tokensOf(model_input),
      inputs: Object.fromEntries(
        Object.entries(loss_fn_inputs).map(([name, given]) => [
          name,
          tensorOf(`data[${i}].loss_fn_inputs.${name}`, given),
        ]),
      ),
    })),
    lossName: input.loss_fn,
    config: input.loss_fn_config ?? {},
    forwardOnly,
  };
}

/** The dense tensor of a JSON one; entries that a sparse one leaves out are `empty`. */
export function tensorOf(field: string, given: z.infer<typeof tensor>, empty = 0): Tensor {
  const { data, shape, sparse_crow_indices: crow, sparse_col_indices: col } = given;
  if (crow === undefined) return denseTensor(field, data, shape);
  if (col === undefined || shape === undefined) {
    throw new RequestFault(400, field, 'a sparse tensor must have sparse_col_indices and shape');
  }
  return fromSparseRows(field, { values: data, crow, col }, shape, empty);
}

export function tokensOf(input: z.infer<typeof modelInput>): Int32Array {
  return Int32Array.from(input.chunks.flatMap(({ tokens }) => tokens));
}

const finite = z.number().finite();

export const optimStepBody = z.strictObject({
  model_id: id,
  adam_params: z.strictObject({
    learning_rate: finite.nonnegative().default(1e-4),
    beta1: finite.min(0).lt(1).default(0.9),
    beta2: finite.min(0).lt(1).default(0.95),
    eps: finite.nonnegative().default(1e-12),
    weight_decay: finite.nonnegative().default(0),
    grad_clip_norm: finite.default(0),
  }),
  seq_id: seqId,
  type: z.string().optional(),
});

/** `stop` is a text, several, or token ids. */
export const sampleBody = z.strictObject({
  num_samples: z.number().int().min(1).default(1),
  prompt: modelInput,
  sampling_params: z.strictObject({
    max_tokens: maybe(z.number().int().min(1)),
    seed: maybe(z.number().int()),
    stop: maybe(z.union([z.string(), z.array(z.string()), z.array(token)])),
    temperature: finite.nonnegative().default(1),
    top_k: z.number().int().min(-1).default(-1),
    top_p: finite.gt(0).max(1).default(1),
  }),
  base_model: maybe(z.string()),
  model_path: maybe(z.string()),
  sampling_session_id: maybe(id),
  seq_id: seqId,
  prompt_logprobs: maybe(z.boolean()),
  topk_prompt_logprobs: z.number().int().nonnegative().default(0),
  topk_sample_logprobs: z.number().int().nonnegative().default(0),
  target_prompt_logprobs: maybe(tensor),
  prompt_alt_tokens_k: z.literal(0, 'must be 0: this server draws no alternatives to prompt tokens').optional(),
  prompt_logprobs_last_n: maybe(z.number().int().min(1)),
  record_stability_info: maybe(z.boolean()),
  type: z.string().optional(),
});
export type SampleBody = z.infer<typeof sampleBody>;

export const createSessionBody = z.object({
  user_metadata: metadata,
  display_name: maybe(z.string()),
});

export const sessionBody = z.object({ session_id: id });
export const modelBody = z.object({ model_id: id });
export const samplingSessionBody = z.object({ sampling_session_id: id });

const optimizerConfig = maybe(
  z.object({ type: z.literal('adamw', 'must be adamw, the one optimiser of this server').optional() }),
);

export const createModelBody = z.strictObject({
  session_id: id,
  model_seq_id: z.number().int().nonnegative(),
  base_model: z.string(),
  lora_config: maybe(z.object({ rank: z.number().int().nonnegative().optional(), seed: maybe(z.number().int()) })),
  optimizer_config: optimizerConfig,
  user_metadata: metadata,
  type: z.string().optional(),
});

export const createSamplingSessionBody = z.strictObject({
  session_id: id,
  sampling_session_seq_id: z.number().int().nonnegative(),
  base_model: maybe(z.string()),
  model_path: maybe(z.string()),
  type: z.string().optional(),
});

const ttl = maybe(z.number().int().positive());

export const saveWeightsBody = z.strictObject({
  model_id: id,
  path: maybe(z.string()),
  seq_id: seqId,
  ttl_seconds: ttl,
  overwrite: z.boolean().default(false),
  user_metadata: metadata,
  type: z.string().optional(),
});

export const saveForSamplerBody = z.strictObject({
  model_id: id,
  path: maybe(z.string()),
  sampling_session_seq_id: maybe(z.number().int().nonnegative()),
  kind: z.literal('snapshot', 'must be snapshot: weights of a sampler do not change here').default('snapshot'),
  seq_id: seqId,
  ttl_seconds: ttl,
  user_metadata: metadata,
  type: z.string().optional(),
});

/** Either into a model that is there, or as the first request of a new one of a session. */
export const loadWeightsBody = z.strictObject({
  model_id: maybe(id),
  seq_id: seqId,
  session_id: maybe(id),
  model_seq_id: maybe(z.number().int().nonnegative()),
  base_model: maybe(z.string()),
  path: z.string(),
  optimizer: z.boolean(),
  optimizer_config: optimizerConfig,
  user_metadata: metadata,
  weights_access_token: maybe(z.string()),
  type: z.string().optional(),
});

export const retrieveFutureBody = z.object({ request_id: id });
export const weightsInfoBody = z.object({ tinker_path: z.string() });
