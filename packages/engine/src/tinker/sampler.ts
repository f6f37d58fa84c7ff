import type { ModelInfo, Sample, SampleOptions, SampleRequest } from '../engine.js';
import { EngineError, shown } from '../errors.js';
import type { Connection } from './connection.js';
import { RefusedRequest, WorkLost } from './connection.js';
import { textField } from './remote-model.js';
import type { TrainingModel } from './training-model.js';
import type { SampledSequence, SampleOutput, SamplingParams, WireSampleRequest } from './wire.js';
import { ROUTES } from './wire.js';

/** Seeds travel as signed 32-bit integers. */
const SEED_RANGE = 2 ** 31;
/** Requests that are sent before the first of them is answered. */
const IN_FLIGHT = 64;
const MAX_RECOVERIES = 30;

/** Sampling weights of one model on the server, made when they are asked for and the model has changed since. */
export class Sampler {
  private session: Promise<string> | undefined;
  private generation = -1;
  private seq = 0;

  constructor(
    private readonly connection: Connection,
    private readonly model: ModelInfo,
  ) {}

  /** The weights have changed. */
  expire(): void {
    this.session = undefined;
  }

  async sample(
    training: TrainingModel,
    requests: readonly SampleRequest[],
    options: SampleOptions,
  ): Promise<Sample[][]> {
    checkSampling(requests, options);
    const ends = [...this.model.eosTokenIds, ...(options.stopTokenIds ?? [])];
    const outputs = await this.all(training, requests, (request) => this.bodyOf(request, options, ends));
    return outputs.map(({ sequences }, i) => {
      const expected = requests[i]?.seeds.length ?? 0;
      if (sequences.length !== expected) throw wrongCount(expected, sequences.length);
      return sequences.map((sequence) => toSample(sequence, ends, options));
    });
  }

  async promptLogProbs(training: TrainingModel, prompts: readonly Int32Array[]): Promise<Float32Array[]> {
    const outputs = await this.all(training, prompts, (prompt) => ({
      prompt: { chunks: [{ type: 'encoded_text', tokens: Array.from(prompt) }] },
      sampling_params: { max_tokens: 1, seed: 0, temperature: 0 },
      num_samples: 1,
      prompt_logprobs: true,
      type: 'sample',
    }));
    return outputs.map(({ prompt_logprobs }, i) =>
      alignPrompt(prompt_logprobs ?? [], (prompts[i] as Int32Array).length),
    );
  }

  /** Every request answered under the same weights, at most `IN_FLIGHT` at a time. */
  private async all<T>(
    training: TrainingModel,
    items: readonly T[],
    bodyOf: (item: T) => WireSampleRequest,
  ): Promise<SampleOutput[]> {
    const outputs = new Array<SampleOutput>(items.length);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let i = next++; i < items.length; i = next++) {
        outputs[i] = await this.one(training, bodyOf(items[i] as T));
      }
    };
    await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, items.length) }, work));
    return outputs;
  }

  private async one(training: TrainingModel, body: WireSampleRequest): Promise<SampleOutput> {
    for (let attempt = 0; ; attempt++) {
      const generation = training.generation;
      try {
        const session = await this.sessionOf(training);
        const request = { ...body, sampling_session_id: session, seq_id: ++this.seq };
        const first = await this.connection.post(ROUTES.asample, request);
        const id = textField(first, 'request_id', ROUTES.asample);
        return (await this.connection.result(id, { unwanted: 'cancel' })) as SampleOutput;
      } catch (error) {
        const gone = error instanceof WorkLost || (error instanceof RefusedRequest && error.status === 404);
        if (!gone || attempt >= MAX_RECOVERIES) throw error;
        await training.replace(generation);
      }
    }
  }

  private async sessionOf(training: TrainingModel): Promise<string> {
    if (this.session === undefined || this.generation !== training.generation) {
      this.generation = training.generation;
      const saving = training.saveForSampler();
      this.session = saving;
      this.seq = 0;
      saving.catch(() => {
        if (this.session === saving) this.session = undefined;
      });
    }
    return await this.session;
  }

  private bodyOf(request: SampleRequest, options: SampleOptions, ends: readonly number[]): WireSampleRequest {
    const { prompt, seeds, maxNewTokens = options.maxNewTokens } = request;
    const { temperature = 1, topP = 1, topK = 0, stopStrings = [] } = options;
    const params: SamplingParams = {
      max_tokens: Math.min(maxNewTokens, options.maxNewTokens, this.model.contextLength - prompt.length),
      seed: Math.abs(seeds[0] ?? 0) % SEED_RANGE,
      // Texts or tokens, never both: after a stop text the end tokens are looked for here.
      stop: stopStrings.length > 0 ? stopStrings : ends,
      temperature: temperature as number,
      top_p: topP,
      top_k: topK === 0 ? -1 : topK,
    };
    return {
      prompt: { chunks: [{ type: 'encoded_text', tokens: Array.from(prompt) }] },
      sampling_params: params,
      num_samples: seeds.length,
      type: 'sample',
    };
  }
}

function checkSampling(requests: readonly SampleRequest[], { temperature = 1, constraint }: SampleOptions): void {
  const at = 'TinkerEngine.sample';
  const cut = requests.find(({ drawn = 0 }) => drawn > 0);
  if (cut !== undefined) {
    const rule = 'a server cannot go on with a completion that was cut';
    throw new EngineError('server-limited', { at, rule, got: shown(cut.drawn), fix: 'leave drawn out' });
  }
  if (typeof temperature !== 'number') {
    const rule = 'temperature must be one number on a server';
    throw new EngineError('server-limited', {
      at,
      rule,
      got: shown(temperature),
      fix: 'leave schedules to the local engine',
    });
  }
  if (constraint !== undefined) {
    const rule = 'a server cannot sample along a trie';
    throw new EngineError('server-limited', { at, rule, fix: 'leave constraint out, or use the local engine' });
  }
}

function toSample(sequence: SampledSequence, ends: readonly number[], options: SampleOptions): Sample {
  const { temperature = 1 } = options;
  const end = sequence.tokens.findIndex((token) => ends.includes(token));
  const length = end === -1 ? sequence.tokens.length : end + 1;
  const tokens = Int32Array.from(sequence.tokens.slice(0, length));
  const known = temperature === 0 || temperature === 1 ? sequence.logprobs : undefined;
  const logProbs = Float32Array.from(tokens, (_, t) => known?.[t] ?? Number.NaN);
  return { tokens, logProbs, finish: end === -1 ? sequence.stop_reason : 'stop' };
}

/** With the entry of the first token, which SkyRL leaves out and others give as null. */
function alignPrompt(given: readonly (number | null)[], length: number): Float32Array {
  if (given.length !== length && given.length !== length - 1) throw wrongCount(length, given.length);
  const missing = length - given.length;
  return Float32Array.from({ length }, (_, t) => given[t - missing] ?? Number.NaN);
}

function wrongCount(expected: number, got: number): EngineError {
  return new EngineError('server-failed', {
    at: 'TinkerEngine.sample',
    rule: `the answer must have ${expected} entries`,
    got: String(got),
    fix: 'check that the address is a server of the Tinker API',
  });
}
