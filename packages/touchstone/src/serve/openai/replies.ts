import type { TextCodec } from '../../environment/environment.js';
import type { TextToken } from './choice-text.js';
import type { Choice, GenerationPlan, ScoredToken } from './generate.js';

/** The shapes of the OpenAI API: one reply a request, or chunks of it. */

export interface ReplyHead {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export function usageOf(plans: readonly GenerationPlan[], choices: readonly (readonly Choice[])[]): Usage {
  const prompt_tokens = plans.reduce((sum, { prompt }) => sum + prompt.length, 0);
  const completion_tokens = choices.flat().reduce((sum, { sampled }) => sum + sampled, 0);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

/** How a kind of completion words its choices. */
export interface ReplyShape {
  readonly object: string;
  readonly chunkObject: string;
  readonly idPrefix: string;
  choice(codec: TextCodec, plan: GenerationPlan, choice: Choice, index: number): object;
  /** Sent before the first tokens of a choice; undefined: nothing. */
  opening(index: number): object | undefined;
  piece(codec: TextCodec, plan: GenerationPlan, tokens: readonly ScoredToken[], index: number, offset: number): object;
  ending(finish: Choice['finish'], index: number): object;
}

export const chatShape: ReplyShape = {
  object: 'chat.completion',
  chunkObject: 'chat.completion.chunk',
  idPrefix: 'chatcmpl-',
  choice: (codec, { scores }, { tokens, finish }, index) => ({
    index,
    message: { role: 'assistant', content: textOf(tokens), refusal: null },
    logprobs: scores === undefined ? null : chatLogProbs(codec, tokens),
    finish_reason: finish,
  }),
  opening: (index) => ({ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }),
  piece: (codec, { scores }, tokens, index) => ({
    index,
    delta: { content: textOf(tokens) },
    logprobs: scores === undefined ? null : chatLogProbs(codec, tokens),
    finish_reason: null,
  }),
  ending: (finish, index) => ({ index, delta: {}, logprobs: null, finish_reason: finish }),
};

export const completionShape: ReplyShape = {
  object: 'text_completion',
  chunkObject: 'text_completion',
  idPrefix: 'cmpl-',
  choice: (codec, plan, { prompt, tokens, finish }, index) => ({
    index,
    text: textOf([...prompt, ...tokens]),
    logprobs: textLogProbs(codec, plan, [...prompt, ...tokens], 0),
    finish_reason: finish,
  }),
  opening: () => undefined,
  piece: (codec, plan, tokens, index, offset) => ({
    index,
    text: textOf(tokens),
    logprobs: textLogProbs(codec, plan, tokens, offset),
    finish_reason: null,
  }),
  ending: (finish, index) => ({ index, text: '', logprobs: null, finish_reason: finish }),
};

export function textOf(tokens: readonly TextToken[]): string {
  return tokens.map(({ text }) => text).join('');
}

function chatLogProbs(codec: TextCodec, tokens: readonly ScoredToken[]): object {
  return {
    content: tokens.map(({ token, logProb, top = [] }) => ({
      ...namedToken(codec, token, logProb),
      top_logprobs: top.map((each) => namedToken(codec, each.token, each.logProb)),
    })),
    refusal: null,
  };
}

function namedToken(codec: TextCodec, token: number, logProb: number): object {
  const text = tokenText(codec, token);
  // Part of a character has no text of its own, and so no bytes that could be told from it.
  return { token: text, logprob: logProb, bytes: text.includes('\ufffd') ? null : [...Buffer.from(text)] };
}

function tokenText(codec: TextCodec, token: number): string {
  return codec.decode(Int32Array.of(token));
}

/** @param offset Characters of the choice before these tokens. */
function textLogProbs(
  codec: TextCodec,
  { scores, echo }: GenerationPlan,
  tokens: readonly ScoredToken[],
  offset: number,
): object | null {
  if (scores === undefined) return null;
  let at = offset;
  const offsets = tokens.map(({ text }) => {
    const start = at;
    at += text.length;
    return start;
  });
  // The first token of an echoed prompt follows nothing: it has no log-prob.
  const known = tokens.map((token, t) => (echo && offset === 0 && t === 0 ? undefined : token));
  const likeliest = ({ top = [] }: ScoredToken) =>
    Object.fromEntries(top.map((each) => [tokenText(codec, each.token), each.logProb]));
  return {
    tokens: tokens.map(({ token }) => tokenText(codec, token)),
    token_logprobs: known.map((token) => token?.logProb ?? null),
    top_logprobs: scores.top === 0 ? null : known.map((token) => (token === undefined ? null : likeliest(token))),
    text_offset: offsets,
  };
}
