import { join } from 'node:path';
import { Template } from '@huggingface/jinja';
import { EngineError, shown } from '../errors.js';
import { parseJson } from '../model/files.js';
import { parseSpecialTokens } from './special-tokens.js';
import type { SpecialTokens } from './special-tokens.js';

/** A turn of a conversation; templates may read further keys (`reasoning_content`, `tool_calls`). */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  readonly [key: string]: unknown;
}

export interface RenderOptions {
  /** End with the opening of the assistant's turn. Default true. */
  readonly addGenerationPrompt?: boolean;
  /** JSON schemas of functions, for templates that know tools. */
  readonly tools?: readonly unknown[];
  /** Further variables of the template, such as `enable_thinking` or `date_string`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Jinja drops the first newline after a block, so this line leaves no trace in the output. */
const NO_CLOCK = '{% set strftime_now = undefined %}\n';

/**
 * A model's chat template: messages to the text that the model was trained on. Templates are not told today's date
 * (`strftime_now` is undefined), so that equal messages give equal prompts on every day.
 */
export class ChatTemplate {
  readonly #template: Template;
  readonly #specialTokens: SpecialTokens;
  readonly #at: string;

  /**
   * @param source Jinja.
   * @param at Named in errors.
   * @throws EngineError `chat-template-failed` where the source is malformed.
   */
  constructor(source: string, specialTokens: SpecialTokens = {}, at = 'chat template') {
    this.#specialTokens = specialTokens;
    this.#at = at;
    this.#template = this.#guard(
      'must be a valid Jinja template',
      'correct the template',
      () => new Template(NO_CLOCK + source),
    );
  }

  /**
   * From the files of a model folder, by name: `chat_template.jinja`, else `chat_template.json`, else the key
   * `chat_template` of `tokenizer_config.json` (of several named templates, `default`).
   *
   * @throws EngineError `chat-template-missing`, `chat-template-failed`, `tokenizer-invalid`.
   */
  static fromFiles(files: ReadonlyMap<string, Uint8Array>, folder = 'model'): ChatTemplate {
    const text = (name: string) => {
      const bytes = files.get(name);
      return bytes && Buffer.from(bytes).toString('utf8');
    };
    const json = (name: string) => {
      const content = text(name);
      const value = content === undefined ? {} : parseJson(content, join(folder, name), 'tokenizer-invalid');
      return (value ?? {}) as Readonly<Record<string, unknown>>;
    };
    const config = json('tokenizer_config.json');
    const tokens = parseSpecialTokens({ ...json('special_tokens_map.json'), ...config });
    const jinja = text('chat_template.jinja');
    if (jinja !== undefined) return new ChatTemplate(jinja, tokens, join(folder, 'chat_template.jinja'));
    for (const name of ['chat_template.json', 'tokenizer_config.json']) {
      const source = defaultTemplate(json(name)['chat_template']);
      if (source !== undefined) return new ChatTemplate(source, tokens, `${join(folder, name)}: chat_template`);
    }
    throw new EngineError('chat-template-missing', {
      at: folder,
      rule: 'must have a chat template (chat_template.jinja, or chat_template in tokenizer_config.json)',
      fix: 'add one, or use plain prompts instead of messages',
    });
  }

  /**
   * The text of a conversation; encode it without adding special tokens, for the template has written them.
   *
   * @throws EngineError `chat-template-failed` where the template refuses the messages.
   */
  render(messages: readonly ChatMessage[], options: RenderOptions = {}): string {
    const values: Record<string, unknown> = {
      ...this.#specialTokens,
      tools: options.tools ?? null,
      documents: null,
      ...options.variables,
      messages,
      add_generation_prompt: options.addGenerationPrompt ?? true,
    };
    return this.#guard('must accept the messages', 'change the messages or the template', () =>
      this.#template.render(values),
    );
  }

  #guard<T>(rule: string, fix: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      const got = error instanceof Error ? error.message : shown(error);
      throw new EngineError('chat-template-failed', { at: this.#at, rule, got, fix, cause: error });
    }
  }
}

/** The template itself, or the one named "default" in a list of named ones. */
function defaultTemplate(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value as readonly { readonly name?: unknown; readonly template?: unknown }[];
  const template = named.find((entry) => entry?.name === 'default')?.template;
  return typeof template === 'string' ? template : undefined;
}
