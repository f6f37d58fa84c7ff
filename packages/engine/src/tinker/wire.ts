/**
 * The Tinker training API as it travels: JSON bodies, field names as on the wire. Read from the `tinker` Python package
 * 0.38 (`tinker/types`) and SkyRL 0.3 (`skyrl/tinker/api.py`). Optional fields are those that one of them leaves out.
 * Client and server share this file; it holds types and names only.
 */

export const API_PREFIX = '/api/v1';

/** The paths below `API_PREFIX` that client and server agree on. All are POST but those marked GET. */
export const ROUTES = {
  /** GET */
  healthz: '/healthz',
  /** GET */
  serverCapabilities: '/get_server_capabilities',
  clientConfig: '/client/config',
  createSession: '/create_session',
  sessionHeartbeat: '/session_heartbeat',
  createSamplingSession: '/create_sampling_session',
  createModel: '/create_model',
  unloadModel: '/unload_model',
  getInfo: '/get_info',
  forward: '/forward',
  forwardBackward: '/forward_backward',
  optimStep: '/optim_step',
  asample: '/asample',
  saveWeights: '/save_weights',
  saveWeightsForSampler: '/save_weights_for_sampler',
  loadWeights: '/load_weights',
  weightsInfo: '/weights_info',
  retrieveFuture: '/retrieve_future',
  cancelFuture: '/cancel_future',
  telemetry: '/telemetry',
  /** GET; below it DELETE `/<model>/checkpoints/<kind>/<name>` */
  trainingRuns: '/training_runs',
} as const;

export type TensorDtype = 'float32' | 'int64';

/** Row-major. SkyRL reads `data` only; `shape` absent means one dimension. */
export interface WireTensor {
  readonly data: readonly number[];
  readonly dtype?: TensorDtype;
  readonly shape?: readonly number[] | null;
}

export interface EncodedTextChunk {
  readonly type?: 'encoded_text';
  readonly tokens: readonly number[];
}

/** Images come as other kinds of chunks; Touchstone sends and serves text only. */
export interface ModelInput {
  readonly chunks: readonly EncodedTextChunk[];
}

/** `loss_fn_inputs.target_tokens[t]` is the token after `model_input` position t; the other tensors are aligned with it. */
export interface Datum {
  readonly model_input: ModelInput;
  readonly loss_fn_inputs: Readonly<Record<string, WireTensor>>;
}

/**
 * Losses with the inputs that each reads beside `target_tokens` (lp: log-prob of the target token, r = exp(lp - logprobs)):
 * `cross_entropy`: -sum(weights * lp); `importance_sampling`: -sum(r * advantages);
 * `ppo`: -sum(min(r A, clip(r) A)); `cispo`: -sum(stopgrad(clip(r)) * A * lp), clip between `clip_low_threshold` and
 * `clip_high_threshold`, 0.8 and 1.2 by default. Sums over tokens and data, nothing is divided.
 */
export const LOSS_FUNCTIONS = ['cross_entropy', 'importance_sampling', 'ppo', 'cispo'] as const;
export type LossFunction = (typeof LOSS_FUNCTIONS)[number];

export interface ForwardBackwardInput {
  readonly data: readonly Datum[];
  /** A `LossFunction`, or a name that only some servers know. */
  readonly loss_fn: string;
  readonly loss_fn_config?: Readonly<Record<string, number | string>> | null;
}

export interface ForwardBackwardRequest {
  readonly model_id: string;
  readonly forward_backward_input: ForwardBackwardInput;
  readonly seq_id?: number | null;
}

export interface ForwardRequest {
  readonly model_id: string;
  readonly forward_input: ForwardBackwardInput;
  readonly seq_id?: number | null;
}

/** One record a datum: `logprobs`, aligned with `target_tokens`, and `elementwise_loss` where the server gives it. */
export interface ForwardBackwardOutput {
  readonly loss_fn_output_type: string;
  readonly loss_fn_outputs: readonly Readonly<Record<string, WireTensor>>[];
  /** `loss:sum` where the server gives it. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** AdamW; `grad_clip_norm` 0 or absent: never. SkyRL has no clipping and ignores it. */
export interface AdamParams {
  readonly learning_rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weight_decay?: number;
  readonly grad_clip_norm?: number;
}

export interface OptimStepRequest {
  readonly model_id: string;
  readonly adam_params: AdamParams;
  readonly seq_id?: number | null;
  readonly type?: 'optim_step';
}

/** Metrics may hold the gradient norm before clipping, under a name that ends in `grad_norm`. */
export interface OptimStepOutput {
  readonly metrics?: Readonly<Record<string, number>> | null;
}

export interface LoraConfig {
  readonly rank: number;
  readonly seed?: number | null;
  readonly train_unembed?: boolean;
  readonly train_mlp?: boolean;
  readonly train_attn?: boolean;
}

export interface CreateSessionRequest {
  readonly tags: readonly string[];
  readonly user_metadata?: Readonly<Record<string, unknown>> | null;
  readonly sdk_version: string;
  readonly type?: 'create_session';
}

export interface CreateSessionResponse {
  readonly type?: 'create_session';
  readonly session_id: string;
  readonly info_message?: string | null;
  readonly warning_message?: string | null;
  readonly error_message?: string | null;
}

export interface SessionHeartbeatRequest {
  readonly session_id: string;
  readonly type?: 'session_heartbeat';
}

/** `model_seq_id` numbers the models of a session: with it a request that is sent again makes no second model. */
export interface CreateModelRequest {
  readonly session_id: string;
  readonly model_seq_id: number;
  readonly base_model: string;
  readonly lora_config: LoraConfig;
  readonly user_metadata?: Readonly<Record<string, unknown>> | null;
  readonly type?: 'create_model';
}

/** What the future of `create_model` resolves to; SkyRL gives `model_id` in the first reply already. */
export interface CreateModelOutput {
  readonly model_id: string;
}

export interface ModelIdRequest {
  readonly model_id: string;
}

export interface GetInfoResponse {
  readonly model_id: string;
  readonly model_data: { readonly model_name?: string | null; readonly base_model?: string | null };
  readonly is_lora?: boolean | null;
  readonly lora_rank?: number | null;
}

export interface SupportedModel {
  readonly model_name?: string | null;
  readonly max_context_length?: number | null;
}

export interface ServerCapabilities {
  readonly supported_models: readonly SupportedModel[];
}

/** `stop` holds token ids or texts, never both. SkyRL stops at the end-of-sequence token only where it is listed. */
export interface SamplingParams {
  readonly max_tokens: number;
  readonly seed?: number | null;
  readonly stop?: readonly number[] | readonly string[] | string | null;
  readonly temperature?: number;
  /** -1: the whole vocabulary. */
  readonly top_k?: number;
  readonly top_p?: number;
}

/**
 * Weights are named by `sampling_session_id` (with `seq_id`, which makes a request that is sent again the same request),
 * or by exactly one of `model_path` and `base_model`. Sample j of a request is drawn with `seed + j`.
 */
export interface WireSampleRequest {
  readonly prompt: ModelInput;
  readonly sampling_params: SamplingParams;
  readonly num_samples: number;
  readonly sampling_session_id?: string | null;
  readonly seq_id?: number | null;
  readonly base_model?: string | null;
  readonly model_path?: string | null;
  readonly prompt_logprobs?: boolean | null;
  readonly topk_prompt_logprobs?: number;
  readonly type?: 'sample';
}

export interface SampledSequence {
  readonly stop_reason: 'stop' | 'length';
  readonly tokens: readonly number[];
  /** Under the weights as they are, before any temperature. */
  readonly logprobs?: readonly number[] | null;
}

export interface SampleOutput {
  readonly sequences: readonly SampledSequence[];
  /** One a prompt token, null for the first; SkyRL leaves the first out. */
  readonly prompt_logprobs?: readonly (number | null)[] | null;
}

/** `path` is a name; the answer has it as `tinker://<model>/weights/<name>`. */
export interface SaveWeightsRequest {
  readonly model_id: string;
  readonly path: string;
  readonly seq_id?: number | null;
  readonly ttl_seconds?: number | null;
  readonly overwrite?: boolean;
  readonly type?: 'save_weights';
}

export interface SaveWeightsOutput {
  readonly path: string;
}

/** Named by `path`, or for a sampling session of their own by `sampling_session_seq_id` and `seq_id`. */
export interface SaveWeightsForSamplerRequest {
  readonly model_id: string;
  readonly path?: string | null;
  readonly sampling_session_seq_id?: number | null;
  readonly seq_id?: number | null;
  readonly ttl_seconds?: number | null;
  readonly type?: 'save_weights_for_sampler';
}

export interface SaveWeightsForSamplerOutput {
  readonly path?: string | null;
  readonly sampling_session_id?: string | null;
}

/** Must be the first request of a model, right after `create_model`. `optimizer`: moments of AdamW too. */
export interface LoadWeightsRequest {
  readonly model_id: string;
  readonly path: string;
  readonly optimizer: boolean;
  readonly seq_id?: number | null;
  readonly type?: 'load_weights';
}

export interface CreateSamplingSessionRequest {
  readonly session_id: string;
  readonly sampling_session_seq_id: number;
  readonly base_model?: string | null;
  readonly model_path?: string | null;
  readonly type?: 'create_sampling_session';
}

export interface CreateSamplingSessionResponse {
  readonly sampling_session_id: string;
}

/** The first reply to everything that takes time. */
export interface UntypedFuture {
  readonly request_id: string;
  readonly model_id?: string | null;
}

export interface RetrieveFutureRequest {
  readonly request_id: string;
}

/** Not done yet: ask again. HTTP 408 says the same. */
export interface TryAgain {
  readonly type: 'try_again';
  readonly request_id: string;
  readonly queue_state?: 'active' | 'paused_capacity' | 'paused_rate_limit';
}

/** The work failed. `category` `user`: the request was wrong; SkyRL answers HTTP 400 with `detail` instead. */
export interface RequestFailed {
  readonly error: string;
  readonly category?: 'unknown' | 'server' | 'user';
}
