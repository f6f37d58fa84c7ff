/** Where a result leaves what was expected: the path, and both values as text. */
export interface Difference {
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

/**
 * The first difference between a result and what a case expects; undefined when they agree. Only keys of `expected` are
 * looked at. Numbers agree within `tol` absolute plus `tol` relative to the expected one; null, NaN, booleans and
 * strings exactly. Typed arrays count as arrays; lengths must be equal.
 */
export function firstDifference(expected: unknown, got: unknown, tol: number, path = ''): Difference | undefined {
  if (Array.isArray(expected)) {
    const list = listOf(got);
    if (list?.length !== expected.length) return difference(path, expected, got);
    return firstOf(expected, (item, i) => firstDifference(item, list[i], tol, `${path}[${i}]`));
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof got !== 'object' || got === null) return difference(path, expected, got);
    const record = got as Readonly<Record<string, unknown>>;
    return firstOf(Object.entries(expected), ([key, item]) => {
      const inner = path === '' ? key : `${path}.${key}`;
      return firstDifference(item, record[key], tol, inner);
    });
  }
  return sameLeaf(expected, got, tol) ? undefined : difference(path, expected, got);
}

function sameLeaf(expected: unknown, got: unknown, tol: number): boolean {
  if (typeof expected !== 'number' || typeof got !== 'number') return expected === got;
  if (!Number.isFinite(expected)) return Object.is(expected, got);
  return Math.abs(expected - got) <= tol + tol * Math.abs(expected);
}

function listOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as readonly unknown[];
  return ArrayBuffer.isView(value) && 'length' in value ? Array.from(value as Float64Array) : undefined;
}

function firstOf<T>(
  items: readonly T[],
  check: (item: T, i: number) => Difference | undefined,
): Difference | undefined {
  for (const [i, item] of items.entries()) {
    const found = check(item, i);
    if (found !== undefined) return found;
  }
  return undefined;
}

function difference(path: string, expected: unknown, got: unknown): Difference {
  return { path, expected: text(expected), got: text(got) };
}

function text(value: unknown): string {
  const list = listOf(value);
  const words = typeof value === 'number' ? String(value) : (JSON.stringify(list ?? value) ?? String(value));
  return words.length > 200 ? `${words.slice(0, 200)} ...` : words;
}
