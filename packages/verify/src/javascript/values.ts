import { MAX_DEPTH } from './guest-data.js';

/** Sign of a text that stands for what JSON lacks; the programs' side of it is in `guest-data.ts`. */
const SIGN = '\0';

/**
 * Data for a program as JSON. Numbers that JSON lacks and big integers travel as signed texts. Throws a `TypeError` for
 * what is not data: functions, symbols, circles.
 */
export function encodeData(value: unknown): string {
  const text = JSON.stringify(value ?? null, (_, each: unknown) => {
    if (typeof each === 'string') return each.startsWith(SIGN) ? `${SIGN}s${each}` : each;
    if (typeof each === 'bigint') return `${SIGN}b${each}`;
    if (typeof each === 'number' && !Number.isFinite(each)) return `${SIGN}n${each}`;
    if (typeof each === 'function' || typeof each === 'symbol') {
      throw new TypeError(`encodeData: arguments must be plain data, got a ${typeof each}; give JSON-like values`);
    }
    return each;
  });
  return text;
}

/** Digits of an integer: the time that it takes to read and write one grows with their square. */
const MAX_DIGITS = 20_000;

/**
 * What a program returned. Throws for a text that `guest-data.ts` would not write, and a `RangeError` for what would hurt
 * whoever reads it: nesting without end, integers without end.
 */
export function decodeData(text: string): unknown {
  if (isDeeper(text, MAX_DEPTH)) {
    throw new RangeError(`the result must nest at most ${MAX_DEPTH} deep, got a deeper one`);
  }
  return JSON.parse(text, (_, each: unknown) => {
    if (typeof each !== 'string' || !each.startsWith(SIGN)) return each;
    const rest = each.slice(2);
    if (each[1] === 'b') return integer(rest);
    return each[1] === 'n' ? Number(rest) : rest;
  });
}

function integer(digits: string): bigint {
  if (/^-?\d+$/.test(digits) && digits.length <= MAX_DIGITS) return BigInt(digits);
  throw new RangeError(`integers of the result must have at most ${MAX_DIGITS} digits, got ${digits.length}`);
}

/** Whether brackets outside of texts nest deeper than a limit. */
function isDeeper(json: string, limit: number): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < json.length; at++) {
    const sign = json[at];
    if (isText) {
      if (sign === '\\') at++;
      else if (sign === '"') isText = false;
    } else if (sign === '"') isText = true;
    else if (sign === '[' || sign === '{') depth++;
    else if (sign === ']' || sign === '}') depth--;
    if (depth > limit) return true;
  }
  return false;
}
