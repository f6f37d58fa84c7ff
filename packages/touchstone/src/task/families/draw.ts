import type { Random } from '../../random.js';

/** A decimal number of exactly this many digits, uniform, never 0. */
export function drawDigits(random: Random, digits: number): string {
  let text = String(random.integer(1, 9));
  while (text.length < digits) text += String(random.integer(0, 9));
  return text;
}

/** A wrong value that a slip of the pen gives: one decimal place of `value` off by one, never below 0. */
export function nearMiss(random: Random, value: bigint): bigint {
  const place = 10n ** BigInt(random.integer(0, value.toString().length - 1));
  return value < place || random.chance(0.5) ? value + place : value - place;
}
