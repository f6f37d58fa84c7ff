import type { Verdict } from '@touchstone/verify';

/** Training learns from `train` only; `test` is held out. A source never has one problem in both. */
export type Split = 'train' | 'test';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One question whose answer can be checked. Plain data: it survives JSON, so stored rollouts can be judged again. */
export interface Task {
  /** Unique within its source and equal in every run with the same settings. */
  readonly id: string;
  /** Text that the model continues as it stands, or messages for its chat template. */
  readonly prompt: string | readonly ChatMessage[];
  /** The final answer. */
  readonly reference: string;
  /** A whole response that earns the full score, where one is known. */
  readonly solution?: string;
  /** What the judge needs beside the reference, and what reports group by (`family`, ...). */
  readonly metadata: Readonly<Record<string, Json>>;
}

/**
 * Judges a response by the task's own data. Never throws on what a model wrote, and ends in bounded time: hostile text
 * is a wrong answer with a reason. Throws only when the task is not one of this source's.
 */
export type Judge = (response: string, task: Task) => Verdict | Promise<Verdict>;

/**
 * An indexable supply of tasks. `task` is a function of the source's settings (its seed among them), the split and the
 * index: no order of calls, no state.
 */
export interface TaskSource {
  readonly name: string;
  /** Number of tasks in a split; Infinity for tasks made on the spot. */
  size(split: Split): number;
  /** `index` in [0, size(split)). Throws a RangeError otherwise. */
  task(split: Split, index: number): Task;
  readonly judge: Judge;
  /** Ends what the source holds open, such as worker threads. These never keep a process alive by themselves. */
  readonly close?: () => Promise<void>;
}

/** A right or wrong step of a worked response: characters `start` to `end` of it. */
export interface StepVerdict {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** A step after a wrong one stands on nothing and is wrong, too. */
  readonly right: boolean;
  /** What is wrong with it; empty when right. */
  readonly fault: string;
}

/** The verdict of the families made on the spot: they judge the steps, too. `parts`: `answer`, `steps`, `format`. */
export interface WorkedVerdict extends Verdict {
  readonly steps: readonly StepVerdict[];
}

/** Throws unless `index` is one of the source's. */
export function requireIndex(source: string, index: number, size: number): void {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`${source}: index must be an integer in [0, ${size}), got ${index}`);
  }
}
