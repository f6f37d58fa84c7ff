/**
 * The verbs every engine has. They follow the Tinker training API, so that one recipe runs on the embedded engine and
 * on a cluster. Text never crosses this line: tokens in, tokens out.
 */
export interface Engine {
  readonly model: ModelInfo;
  /** What this engine cannot do of all below. Absent: it can do everything. */
  readonly limits?: EngineLimits;
  /** Samples a group for each request; `result[i][j]` continues `requests[i].prompt` with `requests[i].seeds[j]`. */
  sample(requests: readonly SampleRequest[], options: SampleOptions, watch?: SampleWatch): Promise<Sample[][]>;
  /** Token columns of given sequences under the current weights. No gradient. */
  forward(batch: TokenBatch, wanted: ColumnRequest): Promise<TokenColumns>;
  /**
   * Adds to the gradient accumulator: sum over tokens of weight x d(column)/d(parameters). The caller differentiates
   * its loss with respect to the columns; the engine does the rest. Returns the log-probs, and the columns in
   * `wanted`, met on the way.
   */
  forwardBackward(batch: TokenBatch, gradients: TokenGradients, wanted?: ColumnRequest): Promise<TokenColumns>;
  /**
   * `forwardBackward` with a loss that the engine differentiates itself, so that no log-probs are asked for first.
   * Undefined: it does not compute this loss as it is written here, or a log-ratio left the bound, and nothing was
   * accumulated. Engines that gain nothing by it lack it.
   */
  forwardBackwardLoss?(batch: TokenBatch, loss: PolicyLoss): Promise<TokenColumns | undefined>;
  /**
   * One AdamW step with the accumulated gradient, which is then cleared. Need not wait for a `forwardBackward` that was
   * called before: the step comes after it, and fails with it.
   */
  optimStep(options: OptimOptions): Promise<OptimStats>;
  /**
   * Gives the model a value head: a linear map of the last hidden state to one number a token, trained and saved with
   * the rest. Its weights are drawn from `seed` as those of a classifier of transformers. A model that has one, such as
   * one loaded with it, keeps it. Before training. Absent: an engine without `value` in `limits.columns`.
   */
  addValueHead?(seed: number): Promise<void>;
  /**
   * Writes a Hugging Face folder (`config.json`, `model.safetensors`, tokenizer files) and, beside it, a value head and
   * the optimiser state.
   */
  saveState(folder: string, options?: SaveOptions): Promise<void>;
  /** Restores what `saveState` wrote, bit for bit. */
  loadState(folder: string): Promise<void>;
  /** Forgets what `saveState` put elsewhere than into the folder, which is about to be removed. Absent: nothing. */
  dropState?(folder: string): Promise<void>;
  /** A second set of weights, equal now and independent from here on; `frozen` ones cannot be trained and hold no optimiser state. */
  fork(options?: { readonly frozen?: boolean }): Promise<Engine>;
  /**
   * Moves these weights a `share` of the way to those of `other`, a fork of the same model (0: stays, 1: takes them over):
   * an exponential moving average where it is done after every step. The weights only, frozen ones too. Absent: an
   * engine that cannot.
   */
  moveTowards?(other: Engine, share: number): Promise<void>;
  dispose(): Promise<void>;
}

export interface EngineLimits {
  /** The columns of `ColumnRequest` that it gives, and of those but `logit` and `topLogProb` the gradients that it takes. */
  readonly columns: readonly (keyof ColumnRequest)[];
  /** Whether log-probs can be taken under other temperatures than 1. */
  readonly temperatures: boolean;
  /** Whether `optimStep` minds `maxGradNorm`. */
  readonly clipsGradients: boolean;
}

export interface ModelInfo {
  readonly family: string;
  readonly parameters: number;
  readonly vocabSize: number;
  /** Longest sequence, prompt and completion together, in tokens. */
  readonly contextLength: number;
  readonly eosTokenIds: readonly number[];
}

/** A ragged batch without padding: sequence i is `tokens[offsets[i] .. offsets[i + 1])`. */
export interface TokenBatch {
  readonly tokens: Int32Array;
  /** Length = sequences + 1, first 0, last `tokens.length`. */
  readonly offsets: Int32Array;
  /**
   * 1 where columns are wanted and gradients may flow, 0 elsewhere (prompts); same length as `tokens`. The first token
   * of a sequence has no distribution and is never scored. Absent: every token but the first of each sequence.
   */
  readonly scored?: Uint8Array;
  /** Logits are divided by this before the softmax: one number for all, or one a token. Default 1. */
  readonly temperature?: number | Float32Array;
}

/** Which columns `forward` computes beyond the log-prob of the token itself. */
export interface ColumnRequest {
  readonly entropy?: boolean;
  /** Mean over the vocabulary of the log-probs. */
  readonly meanLogProb?: boolean;
  /** Log-prob of the likeliest token. */
  readonly topLogProb?: boolean;
  /** Of the value head, which the model must have; see `Engine.addValueHead`. */
  readonly value?: boolean;
  /** Logit of the token itself, before the temperature divides it. Only differences within a position mean anything. */
  readonly logit?: boolean;
  /** The k likeliest tokens and their log-probs. */
  readonly topK?: number;
  /** Log-probs of these tokens at each position: length `tokens.length * width`, row-major. */
  readonly tokenIds?: { readonly ids: Int32Array; readonly width: number };
}

/**
 * One value a token, aligned with `TokenBatch.tokens`: entry t describes the distribution that token t was drawn from.
 * Unscored entries are 0. Top-k columns are row-major with `topK` entries a token.
 */
export interface TokenColumns {
  readonly logProb: Float32Array;
  readonly entropy?: Float32Array;
  readonly meanLogProb?: Float32Array;
  readonly topLogProb?: Float32Array;
  readonly logit?: Float32Array;
  /** What the value head expects before token t is drawn: it has read the tokens before t. No temperature. */
  readonly value?: Float32Array;
  readonly topKIds?: Int32Array;
  readonly topKLogProb?: Float32Array;
  readonly tokenIdsLogProb?: Float32Array;
}

/** Weights of the columns: dLoss/dColumn, aligned like `TokenColumns`. Unscored entries must be 0. */
export interface TokenGradients {
  readonly logProb: Float32Array;
  readonly entropy?: Float32Array;
  readonly meanLogProb?: Float32Array;
  /** The model must have a value head. */
  readonly value?: Float32Array;
  /** dLoss/d(log-prob of `ids`), row-major with `width` entries a token. */
  readonly topK?: { readonly ids: Int32Array; readonly weights: Float32Array; readonly width: number };
}

/**
 * A sum over scored tokens of, with r = exp(logProb - oldLogProb): `importance_sampling` -r A;
 * `ppo` -min(r A, clip(r, low, high) A); `cispo` -stopgradient(clip(r, low, high)) A logProb.
 */
export interface PolicyLoss {
  readonly name: 'importance_sampling' | 'ppo' | 'cispo';
  readonly low: number;
  readonly high: number;
  /** A, aligned like `TokenColumns`; how token losses are averaged is part of it. */
  readonly advantages: Float32Array;
  readonly oldLogProb: Float32Array;
  /** The formula holds while |logProb - oldLogProb| is at most this wherever A is not 0. */
  readonly logRatioBound: number;
}

export interface SampleRequest {
  readonly prompt: Int32Array;
  /**
   * One completion a seed. The random numbers of a completion depend on its seed only, whatever is sampled with it;
   * the probabilities they meet may differ in the last bits when the requests of a call differ.
   */
  readonly seeds: readonly number[];
  /** Cap of this request, below the common one of `SampleOptions`; budgets that differ by prompt. Absent: the common one. */
  readonly maxNewTokens?: number;
  /**
   * The last `drawn` tokens of `prompt` are the beginning of the completion, from an earlier call that was cut: draws and
   * stops go on as if there had been no cut. With one temperature and without `constraint` only. Default 0.
   */
  readonly drawn?: number;
}

export interface SampleOptions {
  readonly maxNewTokens: number;
  /** 0 is greedy. An array gives one temperature a new token, its last entry holding for the rest. */
  readonly temperature?: number | readonly number[];
  readonly topP?: number;
  readonly topK?: number;
  /** Beside the model's end-of-sequence tokens. */
  readonly stopTokenIds?: readonly number[];
  /** Ends a completion once its decoded text contains one of these; the tokens that completed it are kept. */
  readonly stopStrings?: readonly string[];
  /** Only continuations along this trie are sampled; a completion ends where a path ends. */
  readonly constraint?: TokenTrie;
}

/** A set of allowed token sequences: node -> (token -> node). A node without children ends the completion. */
export interface TokenTrie {
  readonly children: ReadonlyMap<number, TokenTrie>;
}

/** Follows a call of `sample` while it runs. An engine that cannot tell before the end may ignore it. */
export interface SampleWatch {
  /** The tokens drawn since the last report, those of one completion in order. */
  readonly onTokens?: (drawn: readonly DrawnToken[]) => void;
  /** One a request: once aborted, its completions end with the tokens they have and `finish` `length`. */
  readonly signals?: readonly (AbortSignal | undefined)[];
}

/** A token of completion `member` of request `request`. */
export interface DrawnToken {
  readonly request: number;
  readonly member: number;
  readonly token: number;
  /** As in `Sample.logProbs`. */
  readonly logProb: number;
  /** With the last token of a completion, where the engine tells: it will have no more. */
  readonly finish?: Sample['finish'];
}

export interface Sample {
  readonly tokens: Int32Array;
  /** Log-prob of each token under softmax(logits / temperature), before top-p, top-k or a constraint cut the tail. */
  readonly logProbs: Float32Array;
  /** `stop`: an end token, a stop string or the end of a trie path; `length`: cut at `maxNewTokens` or the context. */
  readonly finish: 'stop' | 'length';
}

export interface OptimOptions {
  readonly learningRate: number;
  /** Of the value head alone; its weight decay follows it. Absent: `learningRate`. Refused without a value head. */
  readonly valueHeadLearningRate?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  /** Decoupled; applied to matrices only, never to norms or biases. */
  readonly weightDecay?: number;
  /** Gradients are scaled down to this global L2 norm; absent or 0: never. */
  readonly maxGradNorm?: number;
}

export interface OptimStats {
  /** Global L2 norm of the accumulated gradient before clipping. Non-finite: nothing was applied. Absent: not told. */
  readonly gradNorm?: number;
  /** Number of optimiser steps this engine has taken. */
  readonly step: number;
}

export interface SaveOptions {
  /** Storage of the weights; the optimiser state is always f32. Default f32, the only one that resumes bit for bit. */
  readonly dtype?: 'f32' | 'bf16' | 'f16';
  /** Leave the optimiser state out: a model to use, not to resume. */
  readonly weightsOnly?: boolean;
}
