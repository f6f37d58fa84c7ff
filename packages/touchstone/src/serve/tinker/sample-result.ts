import type { Tensor } from './tensors.js';

/** The k likeliest tokens of each position, row-major with `width` entries a position; NaN log-probs where none are known. */
export interface TopK {
  readonly ids: Int32Array;
  readonly logProbs: Float32Array;
  readonly width: number;
}

export interface SampledSequence {
  readonly finish: 'stop' | 'length';
  readonly tokens: Int32Array;
  readonly logProbs: Float32Array;
  readonly topK?: TopK;
}

/** What a sampling request gets; `prompt` holds what it asked to know of its prompt, an entry a token. */
export interface SampleResult {
  readonly sequences: readonly SampledSequence[];
  readonly prompt?: {
    /** NaN where not scored: at the first token, and before the last n where n were asked for. */
    readonly logProbs?: Float32Array;
    readonly topK?: TopK;
    /** [prompt tokens - 1, width] */
    readonly targets?: Tensor;
  };
}

/** The JSON of a result, for clients that take no protobuf. */
export function sampleResultJson({ sequences, prompt }: SampleResult): unknown {
  return {
    type: 'sample',
    sequences: sequences.map(({ finish, tokens, logProbs, topK }) => ({
      stop_reason: finish,
      tokens: [...tokens],
      logprobs: [...logProbs],
      ...(topK && { topk_logprobs: topKJson(topK) }),
    })),
    ...(prompt?.logProbs && {
      prompt_logprobs: [...prompt.logProbs].map((value) => (Number.isNaN(value) ? null : value)),
    }),
    ...(prompt?.topK && { topk_prompt_logprobs: topKJson(prompt.topK) }),
    ...(prompt?.targets && {
      target_prompt_logprobs: {
        data: Array.from(prompt.targets.data),
        dtype: 'float32',
        shape: [...prompt.targets.shape],
      },
    }),
  };
}

function topKJson({ ids, logProbs, width }: TopK): unknown {
  return Array.from({ length: ids.length / width }, (_, row) => {
    if (Number.isNaN(logProbs[row * width])) return null;
    return Array.from({ length: width }, (__, j) => [ids[row * width + j], logProbs[row * width + j]]);
  });
}
