/**
 * @file ReWatch-R1 (arXiv 2509.23652): rewards for observing and reasoning over actions written in tags.
 *
 *   r = r_acc (1 + r_obs + r_rea) + r_fmt;  process terms never pay for a wrong answer
 *
 * The verdicts come from judges. Format: at least one step, no stray tag, exactly one answer (ours; weight 1).
 */
import { tagSpans } from '../format/tags.js';
import { mean } from './statistics.js';

export interface ActionTrace {
  readonly steps: readonly (readonly [action: string, observation: string])[];
  /** Actions without a following observation, and observations without an action. */
  readonly stray: number;
  /** The last answer. */
  readonly answer: string | null;
  readonly format: 0 | 1;
}

interface Tag {
  readonly kind: 'action' | 'observation' | 'answer';
  readonly content: string;
}

const kinds = ['action', 'observation', 'answer'] as const;

/** The contents of one kind of tag with their places, left to right; an unclosed tag is left out. */
function tagsOf(text: string, kind: Tag['kind']): (Tag & { readonly at: number })[] {
  return tagSpans(text, kind).map(({ start, end }) => ({ kind, at: start, content: text.slice(start, end).trim() }));
}

/** All three kinds in order of appearance; a tag inside another one's content is part of that content. */
function readTags(text: string): Tag[] {
  const tags: Tag[] = [];
  let after = 0;
  const found = kinds.flatMap((kind) => tagsOf(text, kind)).sort((a, b) => a.at - b.at);
  for (const tag of found) {
    if (tag.at < after) continue;
    tags.push(tag);
    after = text.indexOf(`</${tag.kind}>`, tag.at);
  }
  return tags;
}

/** Takes a response apart into action-observation steps and an answer. */
export function parseActionTrace(text: string): ActionTrace {
  const steps: [string, string][] = [];
  let stray = 0;
  let open: string | null = null;
  const answers: string[] = [];
  for (const { kind, content } of readTags(text)) {
    if (kind === 'answer') {
      answers.push(content);
    } else if (kind === 'action') {
      if (open !== null) stray++;
      open = content;
    } else if (open === null) {
      stray++;
    } else {
      steps.push([open, content]);
      open = null;
    }
  }
  if (open !== null) stray++;
  const isFormatted = steps.length > 0 && stray === 0 && answers.length === 1;
  return { steps, stray, answer: answers.at(-1) ?? null, format: isFormatted ? 1 : 0 };
}

export interface ObservationReasoningReward {
  readonly observation: number;
  readonly reasoning: number;
  readonly total: number;
}

/** The observation and reasoning reward from 0/1 verdicts; without steps both process terms are 0. */
export function observationReasoningReward(verdicts: {
  readonly accuracy: number;
  readonly observations: readonly number[];
  readonly reasoning: number;
  readonly format: number;
}): ObservationReasoningReward {
  const observation = mean(verdicts.observations);
  const reasoning = verdicts.observations.length === 0 ? 0 : verdicts.reasoning;
  return { observation, reasoning, total: verdicts.accuracy * (1 + observation + reasoning) + verdicts.format };
}

/** Keeps a question that is supported and that not every probe solves from the text, or from the summary, alone. */
export function keepsQuestion(
  item: { readonly verified: boolean; readonly textOnly: readonly number[]; readonly summary: readonly number[] },
  thresholds: { readonly text?: number; readonly summary?: number } = {},
): boolean {
  const { text = 1, summary = 1 } = thresholds;
  return item.verified && mean(item.textOnly) < text && mean(item.summary) < summary;
}

/** Events of segments on one clock: the segment's start is added to each event's own time, in seconds. */
export function realignEvents(
  segments: readonly (readonly [start: number, events: readonly (readonly [time: number, text: string])[]])[],
): [number, string][] {
  return segments.flatMap(([start, events]) => events.map(([time, text]): [number, string] => [start + time, text]));
}
