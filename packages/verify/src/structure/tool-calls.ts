/** @file Tool calls written as JSON between tool-call tags: parsing, and matching against the calls that were wanted. */
import { correct, incorrect, partial, unscorable, type Verdict } from '../verdict.js';
import { isRecord, jsonEqual, parseJson } from './json.js';

export interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** A response taken apart: the text before the first call, and its calls; null when none could be read. */
export interface ToolTurn {
  readonly content: string;
  readonly toolCalls: readonly ToolCall[] | null;
}

const open = '<tool_call>';
const close = '</tool_call>';

/** `{ name, arguments }` where the arguments may be an object or the JSON text of one; null for anything else. */
export function readToolCall(value: unknown): ToolCall | null {
  if (!isRecord(value) || typeof value['name'] !== 'string' || value['name'] === '') return null;
  const raw = value['arguments'] ?? {};
  const read = typeof raw === 'string' ? parseJson(raw)?.value : raw;
  return isRecord(read) ? { name: value['name'], arguments: read } : null;
}

/**
 * Parses the calls of one turn (the Hermes and Qwen convention). Segments that are not valid calls are skipped; when no
 * segment is valid the whole text is content and `toolCalls` is null.
 */
export function parseToolCalls(text: string): ToolTurn {
  const start = text.indexOf(open);
  if (start < 0) return { content: text, toolCalls: null };
  const calls = text
    .slice(start)
    .split(close)
    .map((segment) => segment.trim())
    .filter((segment) => segment.startsWith(open))
    .map((segment) => readToolCall(parseJson(segment.slice(open.length).trim())?.value))
    .filter((call) => call !== null);
  return calls.length === 0
    ? { content: text, toolCalls: null }
    : { content: text.slice(0, start).trim(), toolCalls: calls };
}

/** Credit of one call against a wanted one, in [0, 1]: 0 for another tool, else half for the name and half for arguments. */
export function callCredit(call: ToolCall, wanted: ToolCall): number {
  if (call.name !== wanted.name) return 0;
  const names = new Set([...Object.keys(call.arguments), ...Object.keys(wanted.arguments)]);
  if (names.size === 0) return 1;
  const equal = [...names].filter(
    (name) =>
      Object.hasOwn(call.arguments, name) &&
      Object.hasOwn(wanted.arguments, name) &&
      jsonEqual(call.arguments[name], wanted.arguments[name]),
  ).length;
  return 0.5 + (0.5 * equal) / names.size;
}

/** Most calls that are compared pairwise. */
const mostCalls = 100;

/** Best total credit by taking the highest-credit pairs first; in order, call i is compared with wanted call i only. */
function totalCredit(calls: readonly ToolCall[], wanted: readonly ToolCall[], inOrder: boolean): number {
  if (inOrder) return wanted.reduce((sum, each, index) => sum + (calls[index] ? callCredit(calls[index], each) : 0), 0);
  const pairs = calls.flatMap((call, left) =>
    wanted.map((each, right) => ({ left, right, credit: callCredit(call, each) })),
  );
  const usedLeft = new Set<number>();
  const usedRight = new Set<number>();
  let sum = 0;
  for (const { left, right, credit } of pairs.sort((a, b) => b.credit - a.credit)) {
    if (usedLeft.has(left) || usedRight.has(right)) continue;
    usedLeft.add(left);
    usedRight.add(right);
    sum += credit;
  }
  return sum;
}

/**
 * Judges the calls of a response against the wanted ones (a call or a list of `{ name, arguments }`; an empty list means
 * that no tool may be called). The score is the credit of the matched calls over the larger number of calls, so missing
 * and surplus calls both cost. `options.ordered: true` compares position by position.
 */
export function verifyToolCalls(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
): Verdict {
  const wanted = (Array.isArray(reference) ? reference : [reference]).map(readToolCall);
  if (!wanted.every((call) => call !== null) || wanted.length > mostCalls) {
    return unscorable('bad-reference', { feedback: 'the reference must be { name, arguments } or a list of them' });
  }
  const calls = parseToolCalls(response).toolCalls ?? [];
  if (calls.length === 0 && response.includes(open)) return incorrect('malformed-call');
  if (wanted.length === 0) return calls.length === 0 ? correct('no-call') : incorrect('surplus-call');
  if (calls.length === 0) return incorrect('no-call');
  if (calls.length > mostCalls) return incorrect('too-many-calls');
  const extracted = JSON.stringify(calls);
  const score = totalCredit(calls, wanted, options['ordered'] === true) / Math.max(calls.length, wanted.length);
  return score === 1 ? correct('equal', { extracted }) : partial(score, 'different', { extracted });
}
