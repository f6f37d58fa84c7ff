/**
 * Whether what a program printed is what was expected: line by line, spaces at the ends of lines and empty lines at the
 * end left out, runs of blanks as one. With a tolerance, tokens that are numbers on both sides may differ by it.
 */
export function sameOutput(expected: string, actual: string, floatTolerance = 0): boolean {
  const left = lines(expected);
  const right = lines(actual);
  return (
    left.length === right.length && left.every((line, index) => sameLine(line, right[index] ?? [], floatTolerance))
  );
}

function lines(text: string): string[][] {
  const all = text.split(/\r\n|\n|\r/).map((line) => line.split(/[ \t\f\v]+/).filter((token) => token !== ''));
  while (all.length > 0 && all.at(-1)?.length === 0) all.pop();
  return all;
}

function sameLine(expected: readonly string[], actual: readonly string[], tolerance: number): boolean {
  return (
    expected.length === actual.length &&
    expected.every((token, index) => token === actual[index] || near(token, actual[index] ?? '', tolerance))
  );
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Relative to the expected number where that is beyond 1, absolute below. */
function near(expected: string, actual: string, tolerance: number): boolean {
  if (tolerance <= 0 || !NUMBER.test(expected) || !NUMBER.test(actual)) return false;
  const wanted = Number(expected);
  return Math.abs(wanted - Number(actual)) <= tolerance * Math.max(1, Math.abs(wanted));
}
