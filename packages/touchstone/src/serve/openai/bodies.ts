import { z } from 'zod';
import { maybe } from '../http.js';

/**
 * Bodies of the OpenAI API. What this server cannot do is refused where it is asked for, and accepted where it says
 * "as usual"; fields that only bill, label or store are read and dropped. Other keys are refused, as OpenAI does.
 */

const wants = (what: string) => `must be left out: this server has no ${what}`;

const finite = z.number().finite();

const common = {
  model: z.string(),
  n: maybe(z.number().int().min(1).max(128)),
  temperature: maybe(finite.min(0).max(2)),
  top_p: maybe(finite.gt(0).max(1)),
  /** Beyond the API of OpenAI; 0 and -1 are the whole vocabulary. */
  top_k: maybe(z.number().int().min(-1)),
  stop: maybe(z.union([z.string(), z.array(z.string()).max(16)])),
  seed: maybe(z.number().int()),
  stream: maybe(z.boolean()),
  stream_options: maybe(z.object({ include_usage: maybe(z.boolean()) })),
  max_tokens: maybe(z.number().int().min(0)),
  presence_penalty: maybe(z.literal(0, wants('presence penalty'))),
  frequency_penalty: maybe(z.literal(0, wants('frequency penalty'))),
  logit_bias: maybe(z.record(z.string(), z.never(wants('logit bias')))),
  user: z.unknown().optional(),
  metadata: z.unknown().optional(),
};

const textPart = z.object({
  type: z.literal('text', 'must be text: this server reads no other parts'),
  text: z.string(),
});

export const chatBody = z.strictObject({
  ...common,
  messages: z
    .array(
      z.object({
        role: z.enum(['system', 'developer', 'user', 'assistant']),
        content: maybe(z.union([z.string(), z.array(textPart)])),
        name: maybe(z.string()),
        tool_calls: maybe(z.array(z.never(wants('tools')))),
      }),
    )
    .min(1),
  max_completion_tokens: maybe(z.number().int().min(0)),
  logprobs: maybe(z.boolean()),
  top_logprobs: maybe(z.number().int().min(0).max(100)),
  tools: maybe(z.array(z.never(wants('tools')))),
  functions: maybe(z.array(z.never(wants('functions')))),
  tool_choice: maybe(z.literal('none', wants('tools'))),
  response_format: maybe(z.object({ type: z.literal('text', wants('constrained output')) })),
  modalities: maybe(z.array(z.literal('text', wants('other modality')))),
  store: z.unknown().optional(),
  service_tier: z.unknown().optional(),
  parallel_tool_calls: z.unknown().optional(),
});
export type ChatBody = z.infer<typeof chatBody>;

const token = z.number().int().nonnegative();

export const completionBody = z.strictObject({
  ...common,
  prompt: z.union([z.string(), z.array(z.string()), z.array(token), z.array(z.array(token))]),
  echo: maybe(z.boolean()),
  logprobs: maybe(z.number().int().min(0).max(100)),
  best_of: maybe(z.number().int()),
  suffix: maybe(z.literal('', wants('insertion'))),
});
export type CompletionBody = z.infer<typeof completionBody>;
