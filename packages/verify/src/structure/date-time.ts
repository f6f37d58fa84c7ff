/** @file Dates and times of day in text, read without the machine's clock, locale or time zone. */
import { lastCommand, tagContent } from '../format/tags.js';
import { correct, incorrect, unscorable, type Verdict } from '../verdict.js';

/** A calendar date, a time of day in seconds after midnight, or both; what is not stated is null. */
export interface DateTime {
  readonly date: { readonly year: number; readonly month: number; readonly day: number } | null;
  readonly seconds: number | null;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

function monthNumber(name: string): number {
  return months.indexOf(name.slice(0, 3).toLowerCase()) + 1;
}

function daysIn(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}

type Found<T> = { readonly at: number; readonly value: T };

const monthName =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?';

/** How `03/04/2021` is read. */
export type DateOrder = 'month-first' | 'day-first';

interface DateForm {
  readonly pattern: RegExp;
  /** Year, month and day out of the groups. */
  readonly read: (groups: readonly string[], order: DateOrder) => readonly [number, number, number];
}

const forms: readonly DateForm[] = [
  { pattern: /\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)/g, read: ([y, m, d]) => [Number(y), Number(m), Number(d)] },
  {
    pattern: new RegExp(`\\b${monthName} (\\d{1,2})(?:st|nd|rd|th)?,? (\\d{4})\\b`, 'gi'),
    read: ([m, d, y]) => [Number(y), monthNumber(m!), Number(d)],
  },
  {
    pattern: new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)? (?:of )?${monthName},? (\\d{4})\\b`, 'gi'),
    read: ([d, m, y]) => [Number(y), monthNumber(m!), Number(d)],
  },
  {
    pattern: /(?<![\d/.-])(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b/g,
    read: ([a, b, y], order) =>
      order === 'month-first' ? [Number(y), Number(a), Number(b)] : [Number(y), Number(b), Number(a)],
  },
];

function lastDate(text: string, order: DateOrder): DateTime['date'] {
  let last: Found<NonNullable<DateTime['date']>> | null = null;
  for (const { pattern, read } of forms) {
    for (const match of text.matchAll(pattern)) {
      const [year, month, day] = read(match.slice(1), order);
      const exists = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
      if (exists && match.index >= (last?.at ?? -1)) last = { at: match.index, value: { year, month, day } };
    }
  }
  return last?.value ?? null;
}

const clock = /(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:]) ?([ap]\.?m\b)?|(?<![\d:.])(\d{1,2}) ?([ap]\.?m\b)/gi;

function lastSeconds(text: string): number | null {
  let last: number | null = null;
  for (const match of text.matchAll(clock)) {
    const hour = Number(match[1] ?? match[5]);
    const minute = Number(match[2] ?? 0);
    const second = Number(match[3] ?? 0);
    const half = (match[4] ?? match[6])?.charAt(0).toLowerCase();
    if (minute > 59 || second > 59 || hour > 23 || (half !== undefined && (hour < 1 || hour > 12))) continue;
    const hour24 = half === undefined ? hour : (hour % 12) + (half === 'p' ? 12 : 0);
    last = hour24 * 3600 + minute * 60 + second;
  }
  return last;
}

/** Only this much from the end of a text is read. */
const windowLength = 2000;

/**
 * The last date and the last time of day that a text states: ISO, `March 5, 2021`, `5 March 2021`, `3/5/2021`; `14:30`,
 * `2:30 pm`, `2pm`. Dates that do not exist are passed over. Null when it states neither.
 */
export function readDateTime(text: string, order: DateOrder = 'month-first'): DateTime | null {
  // Runs of blanks count as one, and `T` between date and time as a blank.
  const flat = text
    .slice(-windowLength)
    .replace(/(\d)T(?=\d)/g, '$1 ')
    .replace(/\s+/g, ' ');
  const date = lastDate(flat, order);
  const seconds = lastSeconds(flat);
  return date === null && seconds === null ? null : { date, seconds };
}

function sameDate(left: DateTime['date'], right: DateTime['date']): boolean {
  return left?.year === right?.year && left?.month === right?.month && left?.day === right?.day;
}

/**
 * Judges a date, a time, or both: what the reference states must agree, what it leaves open is not looked at.
 * `options.order` is `month-first` (default) or `day-first` and says how `03/04/2021` is read on both sides.
 */
export function verifyDateTime(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
): Verdict {
  const order = options['order'] === 'day-first' ? 'day-first' : 'month-first';
  const wanted = typeof reference === 'string' ? readDateTime(reference, order) : null;
  if (wanted === null)
    return unscorable('bad-reference', { feedback: 'the reference must state a date, a time, or both' });
  const text = lastCommand(response, 'boxed') ?? tagContent(response, 'answer') ?? response;
  const found = readDateTime(text, order);
  if (found === null) return incorrect('no-answer');
  const dateRight = wanted.date === null || sameDate(found.date, wanted.date);
  const timeRight = wanted.seconds === null || found.seconds === wanted.seconds;
  const extracted = JSON.stringify(found);
  return dateRight && timeRight ? correct('equal', { extracted }) : incorrect('different', { extracted });
}
