/** Sign of a text that stands for what JSON lacks; the programs' side of it is in `guest.ts`. */
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

/** What a program returned. Throws for a text that `guest.ts` would not write. */
export function decodeData(text: string): unknown {
  return JSON.parse(text, (_, each: unknown) => {
    if (typeof each !== 'string' || !each.startsWith(SIGN)) return each;
    const rest = each.slice(2);
    if (each[1] === 'b') return BigInt(rest);
    return each[1] === 'n' ? Number(rest) : rest;
  });
}
