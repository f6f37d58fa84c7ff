import { randomInt } from 'node:crypto';
import type { ModelInfo } from '@touchstone/engine';
import type { TextCodec } from '../../environment/environment.js';
import { deriveSeed } from '../../random.js';
import type { ChatMessage } from '../../task/task.js';
import { RequestFault } from '../http.js';
import type { ChatBody, CompletionBody } from './bodies.js';
import type { GenerationPlan } from './generate.js';

export interface PlanLimits {
  /** Budget of an answer where the request names none; absent: what the context leaves. */
  readonly defaultMaxTokens: number | undefined;
  /** Answers of one request, over all its prompts. */
  readonly maxAnswers: number;
}

/** Budget of a text completion where the request names none, as OpenAI has it. */
const COMPLETION_TOKENS = 16;

export function chatPlan(model: ModelInfo, codec: TextCodec, body: ChatBody, limits: PlanLimits): GenerationPlan {
  const prompt = chatPrompt(codec, body);
  const budget = body.max_completion_tokens ?? body.max_tokens ?? limits.defaultMaxTokens ?? Infinity;
  if (budget < 1) throw new RequestFault(400, 'max_completion_tokens', `must be at least 1, got ${budget}`);
  if (body.top_logprobs !== undefined && body.logprobs !== true) {
    throw new RequestFault(400, 'top_logprobs', 'must come with logprobs true');
  }
  return {
    ...sharedPlan(model, body, prompt, 'messages', budget),
    seeds: seedsOf(body.seed, body.n ?? 1, 0),
    scores: body.logprobs === true ? { top: topOf(model, 'top_logprobs', body.top_logprobs ?? 0) } : undefined,
    echo: false,
  };
}

/** A plan for each prompt of the request. */
export function completionPlans(
  model: ModelInfo,
  codec: TextCodec,
  body: CompletionBody,
  limits: PlanLimits,
): GenerationPlan[] {
  const prompts = promptsOf(codec, body.prompt);
  const n = body.n ?? 1;
  if (body.best_of !== undefined && body.best_of !== n) {
    throw new RequestFault(400, 'best_of', `must be left out or equal n (${n}), got ${body.best_of}`);
  }
  if (prompts.length === 0 || prompts.length * n > limits.maxAnswers) {
    const rule = `must be 1 to ${Math.floor(limits.maxAnswers / n)} with ${n} answers each, got ${prompts.length}`;
    throw new RequestFault(400, 'prompt', rule);
  }
  const budget = body.max_tokens ?? limits.defaultMaxTokens ?? COMPLETION_TOKENS;
  const echo = body.echo ?? false;
  if (budget === 0 && !echo) throw new RequestFault(400, 'max_tokens', 'must be at least 1, or come with echo true');
  if (budget === 0 && n > 1) throw new RequestFault(400, 'n', 'must be 1 where nothing is written');
  const { logprobs } = body;
  return prompts.map((prompt, i) => ({
    ...sharedPlan(model, body, prompt, prompts.length > 1 ? `prompt[${i}]` : 'prompt', budget),
    seeds: seedsOf(body.seed, n, i),
    scores: logprobs === undefined ? undefined : { top: topOf(model, 'logprobs', logprobs) },
    echo,
  }));
}

function sharedPlan(
  model: ModelInfo,
  body: Pick<ChatBody, 'temperature' | 'top_p' | 'top_k' | 'stop'>,
  prompt: Int32Array,
  field: string,
  budget: number,
): Pick<GenerationPlan, 'prompt' | 'maxNewTokens' | 'options' | 'stops'> {
  const { temperature, top_p, top_k, stop } = body;
  const room = model.contextLength - prompt.length;
  // A prompt that is only scored may fill the context.
  if (prompt.length === 0 || room < (budget === 0 ? 0 : 1)) {
    throw new RequestFault(400, field, `must hold 1 to ${model.contextLength - 1} tokens, got ${prompt.length}`);
  }
  const wrong = prompt.find((token) => token >= model.vocabSize);
  if (wrong !== undefined) {
    throw new RequestFault(400, field, `tokens must be in [0, ${model.vocabSize}), got ${wrong}`);
  }
  return {
    prompt,
    maxNewTokens: Math.min(budget, room),
    stops: (typeof stop === 'string' ? [stop] : (stop ?? [])).filter((text) => text !== ''),
    options: {
      temperature: temperature ?? 1,
      ...(top_p !== undefined && top_p < 1 && { topP: top_p }),
      ...(top_k !== undefined && top_k > 0 && { topK: top_k }),
    },
  };
}

function chatPrompt(codec: TextCodec, { messages }: ChatBody): Int32Array {
  const plain = messages.map(({ role, content }): ChatMessage => ({
    // The newer name of the same role, which templates do not know.
    role: role === 'developer' ? 'system' : role,
    content: Array.isArray(content) ? content.map(({ text }) => text).join('') : (content ?? ''),
  }));
  try {
    return codec.encodeChat(plain);
  } catch (error) {
    throw new RequestFault(400, 'messages', (error as Error).message);
  }
}

function promptsOf(codec: TextCodec, prompt: CompletionBody['prompt']): Int32Array[] {
  if (typeof prompt === 'string') return [codec.encode(prompt)];
  if (prompt.length > 0 && prompt.every((each) => typeof each === 'number')) return [Int32Array.from(prompt)];
  return (prompt as readonly (string | readonly number[])[]).map((each) => {
    return typeof each === 'string' ? codec.encode(each) : Int32Array.from(each);
  });
}

/** Answer i of prompt j depends on the seed, i and j only; without a seed every request has draws of its own. */
function seedsOf(seed: number | undefined, n: number, prompt: number): number[] {
  const root = seed ?? randomInt(2 ** 47);
  return Array.from({ length: n }, (_, i) => deriveSeed(root, prompt, i));
}

function topOf(model: ModelInfo, field: string, top: number): number {
  if (top <= model.vocabSize) return top;
  throw new RequestFault(400, field, `must be at most ${model.vocabSize}, the size of the vocabulary, got ${top}`);
}
