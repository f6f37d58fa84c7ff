import { z } from 'zod';
import type { ChatMessage, Task } from './task.js';

/** How a question becomes a prompt. */
export interface PromptStyle {
  /** Holds `{prompt}` where the question goes. */
  readonly template: string;
  /** As a message for the model's chat template, or as text that the model continues. */
  readonly chat: boolean;
  /** A first message; needs `chat`. */
  readonly system?: string | undefined;
}

/** The keys of `PromptStyle` as settings with these defaults. */
export function promptSettings(defaults: PromptStyle): {
  template: z.ZodDefault<z.ZodString>;
  chat: z.ZodDefault<z.ZodBoolean>;
  system: z.ZodOptional<z.ZodString>;
} {
  return {
    template: z
      .string()
      .includes('{prompt}', { error: 'must hold {prompt} where the question goes' })
      .default(defaults.template)
      .describe('the prompt, with {prompt} where the question goes'),
    chat: z.boolean().default(defaults.chat).describe("a message for the model's chat template, or plain text"),
    system: z.string().optional().describe('a system message before it; needs chat'),
  };
}

/** For `refine`: plain text has no place for a system message. */
export function systemNeedsChat({ chat, system }: Pick<PromptStyle, 'chat' | 'system'>): boolean {
  return chat || system === undefined;
}
export const SYSTEM_WITHOUT_CHAT = 'system needs chat to be true';

export function stylePrompt(question: string, { template, chat, system }: PromptStyle): Task['prompt'] {
  // A function, because `$` in a question must stay what it is.
  const content = template.replaceAll('{prompt}', () => question);
  if (!chat) return content;
  const messages: ChatMessage[] = [{ role: 'user', content }];
  return system === undefined ? messages : [{ role: 'system', content: system }, ...messages];
}
