import type { Verdict } from '@touchstone/verify';
import { crashed } from '@touchstone/verify';
import { UserError } from '../errors.js';
import type { ChatMessage, Task, TaskSource } from '../task/task.js';

/** Text to tokens and back, as the model's own tokenizer does it. */
export interface TextCodec {
  /** Without special tokens beyond those that the text spells out. */
  encode(text: string): Int32Array;
  /** Special tokens such as the end of a sequence are left out. Never throws on ids inside the vocabulary. */
  decode(tokens: Int32Array): string;
  /** The model's chat template over these messages, ready for the assistant to speak. Throws where the model has none. */
  encodeChat(messages: readonly ChatMessage[]): Int32Array;
}

/** Where a policy acts: what it is shown, and what its answer is worth. */
export interface Environment {
  /** Tokens that the model continues. */
  prompt(task: Task): Int32Array;
  /** The tokens of any prompt, however long. */
  encode(prompt: Task['prompt']): Int32Array;
  /** Never rejects on what a model wrote; a judge that fails is a `crashed` verdict, never a wrong answer. */
  judge(task: Task, response: string): Promise<Verdict>;
  /** Text of sampled tokens, for the judge and for people. Never encoded again for training. */
  decode(tokens: Int32Array): string;
}

export interface SingleTurnOptions {
  readonly codec: TextCodec;
  readonly source: Pick<TaskSource, 'name' | 'judge'>;
  /** Of the model, in tokens; a prompt must leave room for at least one new token. */
  readonly contextLength: number;
}

/** One prompt, one response, one verdict. */
export function singleTurnEnvironment({ codec, source, contextLength }: SingleTurnOptions): Environment {
  const encode = (prompt: Task['prompt']): Int32Array =>
    typeof prompt === 'string' ? codec.encode(prompt) : codec.encodeChat(prompt);
  return {
    encode,
    prompt(task) {
      const tokens = encode(task.prompt);
      if (tokens.length === 0) {
        throw new UserError(`${source.name}: prompt of task ${task.id} must not be empty, got 0 tokens; mend the task`);
      }
      if (tokens.length >= contextLength) {
        throw new UserError(
          `${source.name}: prompt of task ${task.id} must be shorter than the model's context of ${contextLength} ` +
            `tokens, got ${tokens.length}; shorten the prompt or choose a model with a longer context`,
        );
      }
      return tokens;
    },
    async judge(task, response) {
      const started = performance.now();
      try {
        return await source.judge(response, task);
      } catch (error) {
        const feedback = error instanceof Error ? error.message : String(error);
        return crashed('judge-threw', { feedback, elapsedMs: performance.now() - started });
      }
    },
    decode: (tokens) => codec.decode(tokens),
  };
}
