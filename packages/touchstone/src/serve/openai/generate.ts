import type { Engine, TokenColumns } from '@touchstone/engine';
import type { TextCodec } from '../../environment/environment.js';
import type { SampleBatcher, SampleJob } from '../batcher.js';
import { sequenceBatch } from '../sequence-batch.js';
import { ChoiceText, type TextToken } from './choice-text.js';

export interface ServedModel {
  readonly engine: Engine;
  readonly codec: TextCodec;
  readonly batcher: SampleBatcher;
}

/** What to make of one prompt. */
export interface GenerationPlan {
  readonly prompt: Int32Array;
  readonly seeds: readonly number[];
  /** 0: the prompt is scored, nothing is written. */
  readonly maxNewTokens: number;
  readonly options: SampleJob['options'];
  readonly stops: readonly string[];
  /** Log-probs of tokens, and of the likeliest `top` tokens at each. */
  readonly scores: { readonly top: number } | undefined;
  /** The prompt is part of the answer. */
  readonly echo: boolean;
}

/** A token that is scored; log-probs are those of `Engine.forward`, at temperature 1. */
export interface ScoredToken extends TextToken {
  readonly top?: readonly { readonly token: number; readonly logProb: number }[];
}

export interface Choice {
  readonly prompt: readonly ScoredToken[];
  readonly tokens: readonly ScoredToken[];
  readonly finish: 'stop' | 'length';
  /** Tokens sampled, those that ended the answer included. */
  readonly sampled: number;
}

/** Whether log-probs are known only once an answer is whole: the sampler gives those of the tokens that it drew alone. */
export function scoresAtEnd({ scores, echo, options }: GenerationPlan): boolean {
  const { temperature = 1 } = options;
  return echo || (scores !== undefined && (scores.top > 0 || (temperature !== 0 && temperature !== 1)));
}

/**
 * Answers a prompt, once for each seed.
 *
 * @param onTokens Gets the tokens of choice `index` whose text is certain, as they come; not called for `scoresAtEnd`.
 */
export async function generate(
  model: ServedModel,
  plan: GenerationPlan,
  signal: AbortSignal,
  onTokens?: (index: number, tokens: readonly TextToken[]) => void,
): Promise<Choice[]> {
  const { codec, batcher, engine } = model;
  const { prompt, seeds, maxNewTokens, options, stops } = plan;
  if (maxNewTokens === 0) return await withScores(model, plan, [{ tokens: [], finish: 'length', all: [] }]);
  const texts = seeds.map(() => new ChoiceText((tokens) => codec.decode(tokens), stops));
  const pushed = seeds.map(() => 0);
  const made = seeds.map((): TextToken[] => []);
  const take = (index: number, tokens: readonly TextToken[]) => {
    made[index]?.push(...tokens);
    if (tokens.length > 0) onTokens?.(index, tokens);
  };
  const push = (index: number, token: number, logProb: number) => {
    (pushed[index] as number)++;
    // What ends an answer is no part of it.
    if (!engine.model.eosTokenIds.includes(token)) take(index, texts[index]?.push(token, logProb) ?? []);
  };
  const samples = await batcher.run({
    request: { prompt, seeds, maxNewTokens },
    options: { ...options, ...(stops.length > 0 && { stopStrings: stops }) },
    signal,
    ...(onTokens !== undefined && { onToken: push }),
  });
  samples.forEach(({ tokens, logProbs }, index) => {
    // An engine need not have told of tokens before the end.
    for (let t = pushed[index] as number; t < tokens.length; t++) {
      push(index, tokens[t] as number, logProbs[t] as number);
    }
    take(index, texts[index]?.finish() ?? []);
  });
  const whole = samples.map(({ finish, tokens }, i) => ({ tokens: made[i] ?? [], finish, all: [...tokens] }));
  return await withScores(model, plan, whole);
}

interface Written {
  readonly tokens: readonly TextToken[];
  readonly finish: 'stop' | 'length';
  /** Every token sampled. */
  readonly all: readonly number[];
}

async function withScores(model: ServedModel, plan: GenerationPlan, written: readonly Written[]): Promise<Choice[]> {
  const { prompt, echo, scores } = plan;
  const echoed = echo ? promptTokens(model.codec, prompt) : [];
  const plain = written.map(({ tokens, finish, all }) => ({ prompt: echoed, tokens, finish, sampled: all.length }));
  if (scores === undefined || !scoresAtEnd(plan)) return plain;
  const sequences = written.map(({ all }) => Int32Array.of(...prompt, ...all));
  const batch = sequenceBatch(sequences, echo ? 1 : prompt.length);
  const columns = await model.engine.forward(batch, scores.top > 0 ? { topK: scores.top } : {});
  return plain.map((choice, i) => {
    const start = batch.offsets[i] as number;
    const scored = (tokens: readonly TextToken[], from: number) =>
      tokens.map((token, t) => scoreOf(token, columns, scores.top, start + from + t));
    return { ...choice, prompt: scored(echoed, 0), tokens: scored(choice.tokens, prompt.length) };
  });
}

function scoreOf(token: TextToken, columns: TokenColumns, width: number, at: number): ScoredToken {
  const { logProb, topKIds, topKLogProb } = columns;
  const scored = { ...token, logProb: logProb[at] as number };
  if (topKIds === undefined || topKLogProb === undefined) return scored;
  const top = Array.from({ length: width }, (_, j) => ({
    token: topKIds[at * width + j] as number,
    logProb: topKLogProb[at * width + j] as number,
  }));
  return { ...scored, top };
}

function promptTokens(codec: TextCodec, prompt: Int32Array): TextToken[] {
  const text = new ChoiceText((tokens) => codec.decode(tokens), []);
  const tokens = [...prompt].flatMap((token) => text.push(token, NaN));
  return [...tokens, ...text.finish()];
}
