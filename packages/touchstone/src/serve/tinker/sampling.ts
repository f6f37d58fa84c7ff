import { randomInt } from 'node:crypto';
import type { Engine, ModelInfo, Sample, TokenColumns } from '@touchstone/engine';
import type { SampleBatcher, SampleJob } from '../batcher.js';
import { RequestFault } from '../http.js';
import { sequenceBatch } from '../sequence-batch.js';
import { tensorOf, tokensOf, type SampleBody } from './bodies.js';
import type { SampledSequence, SampleResult, TopK } from './sample-result.js';
import type { Tensor } from './tensors.js';

/** A checked sampling request. */
export interface SamplePlan {
  readonly job: SampleJob;
  readonly prompt: Int32Array;
  /** Log-probs that are reported are those at temperature 1, so that they compare with those of training. */
  readonly rescore: boolean;
  readonly sampleTopK: number;
  readonly promptLogProbs: boolean;
  readonly promptTopK: number;
  /** First prompt token whose log-probs are wanted. */
  readonly promptFrom: number;
  /** [prompt - 1, width] Tokens whose log-probs are wanted; -1: none. */
  readonly promptTargets: Tensor | undefined;
}

const MAX_SAMPLES = 1024;
const MAX_TOP_K = 1000;

/** Checks a request against the model. Throws a `RequestFault` that names the first wrong field. */
export function samplePlan(model: ModelInfo, body: SampleBody): SamplePlan {
  const prompt = tokensOf(body.prompt);
  checkPrompt(model, prompt);
  const { max_tokens, temperature, top_k, top_p, seed } = body.sampling_params;
  if (body.num_samples > MAX_SAMPLES) {
    throw new RequestFault(400, 'num_samples', `must be at most ${MAX_SAMPLES}, got ${body.num_samples}`);
  }
  for (const name of ['topk_prompt_logprobs', 'topk_sample_logprobs'] as const) {
    const limit = Math.min(MAX_TOP_K, model.vocabSize);
    if (body[name] > limit) throw new RequestFault(400, name, `must be at most ${limit}, got ${body[name]}`);
  }
  // Seeds of the engine are safe integers from 0; a request without one gets a draw of its own.
  const first = seed === undefined ? randomInt(2 ** 47) : Math.abs(seed);
  const request = {
    prompt,
    seeds: Array.from({ length: body.num_samples }, (_, j) => first + j),
    maxNewTokens: Math.min(max_tokens ?? Infinity, model.contextLength - prompt.length),
  };
  const options = {
    temperature,
    ...(top_k > 0 && { topK: top_k }),
    ...(top_p < 1 && { topP: top_p }),
    ...stops(body),
  };
  return {
    job: { request, options },
    prompt,
    rescore: temperature !== 0 && temperature !== 1,
    sampleTopK: body.topk_sample_logprobs,
    promptLogProbs: body.prompt_logprobs ?? false,
    promptTopK: body.topk_prompt_logprobs,
    promptFrom: promptFrom(body, prompt.length),
    promptTargets: promptTargets(model, body, prompt.length),
  };
}

function checkPrompt(model: ModelInfo, prompt: Int32Array): void {
  if (prompt.length === 0 || prompt.length >= model.contextLength) {
    throw new RequestFault(400, 'prompt', `must hold 1 to ${model.contextLength - 1} tokens, got ${prompt.length}`);
  }
  const wrong = prompt.findIndex((token) => token >= model.vocabSize);
  if (wrong === -1) return;
  throw new RequestFault(400, 'prompt', `tokens must be in [0, ${model.vocabSize}), got ${prompt[wrong]} at ${wrong}`);
}

function stops(body: SampleBody): Pick<SampleJob['options'], 'stopStrings' | 'stopTokenIds'> {
  const { stop } = body.sampling_params;
  if (stop === undefined) return {};
  if (typeof stop === 'string') return { stopStrings: [stop] };
  if (stop.length === 0) {
    const rule = 'must name a stop or be left out: completions end at the end-of-sequence token in any case';
    throw new RequestFault(400, 'sampling_params.stop', rule);
  }
  return typeof stop[0] === 'string' ? { stopStrings: stop as string[] } : { stopTokenIds: stop as number[] };
}

function promptFrom(body: SampleBody, length: number): number {
  const last = body.prompt_logprobs_last_n;
  if (last === undefined) return 1;
  if (body.prompt_logprobs === true && last < length) return length - last;
  const rule = `must be below ${length}, and prompt_logprobs asked for, got ${last}`;
  throw new RequestFault(400, 'prompt_logprobs_last_n', rule);
}

function promptTargets(model: ModelInfo, body: SampleBody, length: number): Tensor | undefined {
  const field = 'target_prompt_logprobs';
  if (body.target_prompt_logprobs === undefined) return undefined;
  const targets = tensorOf(field, body.target_prompt_logprobs, -1);
  if (targets.shape.length !== 2 || targets.shape[0] !== length - 1) {
    const got = `[${targets.shape.join(', ')}]`;
    throw new RequestFault(400, field, `must have a row for each of ${length - 1} tokens after the first, got ${got}`);
  }
  for (let i = 0; i < targets.data.length; i++) {
    const token = targets.data[i] as number;
    if (Number.isInteger(token) && token >= -1 && token < model.vocabSize) continue;
    throw new RequestFault(400, field, `tokens must be in [0, ${model.vocabSize}) or -1, got ${token}`);
  }
  return targets;
}

/** Samples, and scores what the request wants scored. */
export async function runSample(
  engine: Engine,
  batcher: SampleBatcher,
  plan: SamplePlan,
  signal: AbortSignal,
): Promise<SampleResult> {
  const prompt = await scorePrompt(engine, plan);
  const samples = await batcher.run({ ...plan.job, signal });
  const sequences = await describeSamples(engine, plan, samples);
  return prompt === undefined ? { sequences } : { sequences, prompt };
}

async function describeSamples(
  engine: Engine,
  plan: SamplePlan,
  samples: readonly Sample[],
): Promise<SampledSequence[]> {
  const plain = samples.map(({ finish, tokens, logProbs }) => ({ finish, tokens, logProbs }));
  if ((!plan.rescore && plan.sampleTopK === 0) || samples.every(({ tokens }) => tokens.length === 0)) return plain;
  const { prompt, sampleTopK } = plan;
  const batch = sequenceBatch(
    samples.map(({ tokens }) => Int32Array.of(...prompt, ...tokens)),
    prompt.length,
  );
  const columns = await engine.forward(batch, sampleTopK > 0 ? { topK: sampleTopK } : {});
  return plain.map((sequence, i) => {
    const start = (batch.offsets[i] as number) + prompt.length;
    const end = start + sequence.tokens.length;
    const logProbs = plan.rescore ? columns.logProb.slice(start, end) : sequence.logProbs;
    return { ...sequence, logProbs, ...(sampleTopK > 0 && { topK: topKOf(columns, sampleTopK, start, end) }) };
  });
}

/** Log-probs of the prompt itself, NaN where none were asked for. */
async function scorePrompt(engine: Engine, plan: SamplePlan): Promise<SampleResult['prompt']> {
  const { prompt, promptLogProbs, promptTopK, promptFrom: from, promptTargets: targets } = plan;
  if (!promptLogProbs && promptTopK === 0 && targets === undefined) return undefined;
  const width = targets?.shape[1] ?? 0;
  const columns = await engine.forward(sequenceBatch([prompt], targets === undefined ? from : 1), {
    ...(promptTopK > 0 && { topK: promptTopK }),
    ...(targets !== undefined && { tokenIds: { ids: shifted(targets, width), width } }),
  });
  return {
    ...(promptLogProbs && { logProbs: columns.logProb.map((value, t) => (t < from ? NaN : value)) }),
    ...(promptTopK > 0 && { topK: blankBefore(topKOf(columns, promptTopK, 0, prompt.length), from) }),
    ...(targets !== undefined && { targets: scoredTargets(targets, columns, width) }),
  };
}

/** [prompt, width]: row t holds the tokens asked for at prompt token t; the first token has none. */
function shifted({ data }: Tensor, width: number): Int32Array {
  const ids = new Int32Array(data.length + width);
  for (let i = 0; i < data.length; i++) ids[i + width] = Math.max(0, data[i] as number);
  return ids;
}

function scoredTargets({ data, shape }: Tensor, columns: TokenColumns, width: number): Tensor {
  const logProbs = columns.tokenIdsLogProb as Float32Array;
  return { shape, data: Array.from(data, (id, i) => (id === -1 ? 0 : (logProbs[i + width] as number))) };
}

function topKOf({ topKIds, topKLogProb }: TokenColumns, width: number, start: number, end: number): TopK {
  return {
    width,
    ids: (topKIds as Int32Array).slice(start * width, end * width),
    logProbs: (topKLogProb as Float32Array).slice(start * width, end * width),
  };
}

function blankBefore({ ids, logProbs, width }: TopK, from: number): TopK {
  return { ids, width, logProbs: logProbs.map((value, i) => (i < from * width ? NaN : value)) };
}
