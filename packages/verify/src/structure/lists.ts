/** @file Lists in model text: as sequences, as sets, and as rankings. */
import { lastCommand, tagContent } from '../format/tags.js';
import { normalizeAnswer } from '../text/normalize.js';
import { countItems, f1, lcsLength } from '../text/overlap.js';
import { correct, incorrect, partial, unscorable, type Verdict } from '../verdict.js';
import { extractJson } from './json.js';

/** Most items that are compared. */
const mostItems = 1000;

/** Only this much from the end of a response is read: answers stand there. */
const windowLength = 50_000;

const marker = /^\s*(?:[-*•+]|\(?\d{1,4}[.):]|\(?[a-zA-Z][.)])\s+/;

function jsonItems(text: string): string[] | null {
  const value = extractJson(text)?.value;
  if (!Array.isArray(value) || value.some((entry) => typeof entry === 'object')) return null;
  return value.map(String);
}

/** The items of a text: a JSON array, marked lines, lines, or pieces between semicolons, arrows or commas. */
export function readList(text: string): string[] {
  const items = jsonItems(text);
  if (items !== null) return items;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const marked = lines.filter((line) => marker.test(line));
  if (marked.length >= 2) return marked.map((line) => line.replace(marker, '').trim());
  if (lines.length > 1) return lines.map((line) => line.trim());
  const separator = [';', '→', '->', '>', ','].find((mark) => text.includes(mark)) ?? ',';
  return text
    .replace(/^[\s[({]+|[\s\])}.]+$/g, '')
    .split(separator)
    .map((item) => item.replace(/^\s*and\s+/i, '').trim());
}

function comparable(items: readonly string[]): string[] {
  return items.map(normalizeAnswer).filter((item) => item !== '');
}

function readBoth(response: string, reference: unknown): { items: string[]; wanted: string[] } | null {
  const source = typeof reference === 'string' ? readList(reference) : reference;
  if (!Array.isArray(source) || source.length === 0) return null;
  if (!source.every((entry) => typeof entry === 'string' || typeof entry === 'number')) return null;
  const end = response.slice(-windowLength);
  const answer = lastCommand(end, 'boxed') ?? tagContent(end, 'answer') ?? end;
  return {
    items: comparable(readList(answer)).slice(0, mostItems),
    wanted: comparable(source.map(String)).slice(0, mostItems),
  };
}

function sameInOrder(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}

/**
 * Judges a list against a list of items (or the text of one). By default order does not matter but repeats do; with
 * `options.ordered: true` it does. The score is F1 over items, or over the longest common subsequence when ordered.
 */
export function verifyList(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
): Verdict {
  const both = readBoth(response, reference);
  if (both === null || both.wanted.length === 0) {
    return unscorable('bad-reference', {
      feedback: 'the reference must be a list of texts or numbers, or the text of one',
    });
  }
  const { items, wanted } = both;
  if (items.length === 0) return incorrect('no-answer');
  const extracted = items.join(', ');
  const ordered = options['ordered'] === true;
  const left = ordered ? items : [...items].sort();
  const right = ordered ? wanted : [...wanted].sort();
  if (sameInOrder(left, right)) return correct('equal', { extracted });
  const hits = ordered ? (lcsLength(items, wanted) ?? 0) : sharedItems(items, wanted);
  return partial(f1(hits, items.length, wanted.length), hits === 0 ? 'different' : 'incomplete', { extracted });
}

function sharedItems(left: readonly string[], right: readonly string[]): number {
  const counts = countItems(right);
  let shared = 0;
  for (const [item, count] of countItems(left)) shared += Math.min(count, counts.get(item) ?? 0);
  return shared;
}

/**
 * Kendall's tau of two orders of the same different items, in [-1, 1]: the share of pairs in the same order minus the
 * share in opposite order. Null unless both hold the same items, at least two, each once.
 */
export function kendallTau(order: readonly string[], reference: readonly string[]): number | null {
  const place = new Map(reference.map((item, index) => [item, index]));
  if (order.length !== reference.length || place.size !== reference.length || reference.length < 2) return null;
  const places = order.map((item) => place.get(item));
  if (!places.every((index) => index !== undefined) || new Set(places).size !== places.length) return null;
  let agreement = 0;
  for (let left = 0; left < places.length; left++) {
    for (let right = left + 1; right < places.length; right++) agreement += places[left]! < places[right]! ? 1 : -1;
  }
  return agreement / ((places.length * (places.length - 1)) / 2);
}

/**
 * Judges a ranking: the same items in the reference's order. The score is (tau + 1) / 2 for a permutation of the
 * reference's items and 0 for anything else, so that leaving items out never pays.
 */
export function verifyRanking(response: string, reference: unknown): Verdict {
  const both = readBoth(response, reference);
  if (both === null || new Set(both.wanted).size !== both.wanted.length || both.wanted.length < 2) {
    return unscorable('bad-reference', { feedback: 'the reference must be a list of two or more different items' });
  }
  const extracted = both.items.join(' > ');
  const tau = kendallTau(both.items, both.wanted);
  if (tau === null) return incorrect(both.items.length === 0 ? 'no-answer' : 'other-items', { extracted });
  const detail = { extracted, parts: { tau } };
  return tau === 1 ? correct('equal', detail) : partial((tau + 1) / 2, 'different', detail);
}
