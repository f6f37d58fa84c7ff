/** @file Format gates: is a response laid out as the prompt asked? They say nothing of whether its answer is right. */
import { correct, incorrect, unscorable, type Verdict } from '../verdict.js';
import { commandSpans, occurrences, tagSpans } from './tags.js';

type Gate = (response: string) => boolean;

/** One `<think>` at the very start, closed somewhere; the answer follows. */
function thinksThenAnswers(response: string): boolean {
  return (
    response.startsWith('<think>') &&
    occurrences(response, '<think>') === 1 &&
    response.includes('</think>', '<think>'.length)
  );
}

/** The whole response is a think block and an answer block, each tag once, with only whitespace between. */
function isThinkAndAnswerBlocks(response: string): boolean {
  const [think] = tagSpans(response, 'think');
  const [answer] = tagSpans(response, 'answer');
  if (think === undefined || answer === undefined || !hasTagsInOrder(response)) return false;
  return (
    response.slice(0, think.start).trim() === '<think>' &&
    response.slice(think.after, answer.start).trim() === '<answer>' &&
    response.slice(answer.after).trim() === ''
  );
}

const fourTags = ['<think>', '</think>', '<answer>', '</answer>'] as const;

/** Each of the four tags exactly once, in order, whatever stands around them. */
function hasTagsInOrder(response: string): boolean {
  if (!fourTags.every((tag) => occurrences(response, tag) === 1)) return false;
  const places = fourTags.map((tag) => response.indexOf(tag));
  return places.every((place, index) => index === 0 || place > places[index - 1]!);
}

function hasSingleBox(response: string): boolean {
  return occurrences(response, '\\boxed{') === 1 && commandSpans(response, 'boxed').length === 1;
}

/** After the last box come only punctuation, closing mathematics marks and whitespace. */
function endsWithBox(response: string): boolean {
  const last = commandSpans(response, 'boxed').at(-1);
  return (
    last !== undefined &&
    /^[\s.$\\)\]}*]*$/.test(response.slice(last.after, last.after + 200)) &&
    response.length - last.after < 200
  );
}

const gates = {
  'think-then-answer': thinksThenAnswers,
  'think-and-answer-tags': isThinkAndAnswerBlocks,
  'tags-in-order': hasTagsInOrder,
  'single-box': hasSingleBox,
  'ends-with-box': endsWithBox,
  'answer-tag': (response) => occurrences(response, '<answer>') === 1 && tagSpans(response, 'answer').length === 1,
  'no-trailing-text': (response) => {
    const last = tagSpans(response, 'answer').at(-1);
    return last !== undefined && response.slice(last.after).trim() === '';
  },
} as const satisfies Record<string, Gate>;

export type FormatGate = keyof typeof gates;

export const formatGates = Object.keys(gates) as readonly FormatGate[];

export function isFormatGate(name: unknown): name is FormatGate {
  return typeof name === 'string' && Object.hasOwn(gates, name);
}

/** Whether the response passes one gate. Linear in its length. */
export function passesGate(response: string, gate: FormatGate): boolean {
  return gates[gate](response);
}

/** All gates named by the reference (one, or a list) must pass; the score is the share that does. */
export function verifyFormat(response: string, reference: unknown): Verdict {
  const wanted: unknown[] = Array.isArray(reference) ? reference : [reference];
  if (wanted.length === 0 || !wanted.every(isFormatGate)) {
    return unscorable('bad-reference', { feedback: `the reference must name gates: ${formatGates.join(', ')}` });
  }
  const parts = Object.fromEntries(wanted.map((gate) => [gate, Number(passesGate(response, gate))]));
  const failed = wanted.filter((gate) => parts[gate] === 0);
  if (failed.length === 0) return correct('well-formed', { parts });
  return incorrect('malformed', { parts, feedback: `not laid out as asked: ${failed.join(', ')}` });
}
