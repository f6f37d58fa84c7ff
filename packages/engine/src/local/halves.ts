import type { DrawnToken, Sample, SampleRequest, TokenBatch, TokenColumns } from '../engine.js';

/**
 * Cuts requests in two of about equal work, in order; null where one has nothing. The second half begins with the
 * request that the first one ends with, whose seeds are cut.
 */
export function halveRequests(
  requests: readonly SampleRequest[],
  maxNewTokens: number,
): readonly [readonly SampleRequest[], readonly SampleRequest[]] | null {
  const workOfSeed = (request: SampleRequest) => Math.min(maxNewTokens, request.maxNewTokens ?? Infinity);
  const total = requests.reduce((sum, request) => sum + workOfSeed(request) * request.seeds.length, 0);
  let before = 0;
  for (const [i, request] of requests.entries()) {
    const each = workOfSeed(request);
    const end = before + each * request.seeds.length;
    if (end < total / 2) {
      before = end;
      continue;
    }
    const mine = Math.round((total / 2 - before) / each);
    const first = [...requests.slice(0, i), { ...request, seeds: request.seeds.slice(0, mine) }];
    const second = [{ ...request, seeds: request.seeds.slice(mine) }, ...requests.slice(i + 1)];
    const some = (half: readonly SampleRequest[]) => half.some(({ seeds }) => seeds.length > 0);
    return some(first) && some(second) ? [first, second] : null;
  }
  return null;
}

/** The tokens of the second half, numbered as in the whole. */
export function renumberDrawn(first: readonly SampleRequest[], drawn: readonly DrawnToken[]): DrawnToken[] {
  const cut = first.length - 1;
  const before = first[cut]?.seeds.length ?? 0;
  return drawn.map((each) => ({
    ...each,
    request: each.request + cut,
    member: each.request === 0 ? each.member + before : each.member,
  }));
}

/** The groups of both halves, the one that was cut through put together. */
export function joinSamples(first: readonly Sample[][], second: readonly Sample[][]): Sample[][] {
  const cut = [...(first.at(-1) ?? []), ...(second[0] ?? [])];
  return [...first.slice(0, -1), cut, ...second.slice(1)];
}

/** Cuts the sequences of a batch in two of about equal numbers of tokens, those with equal prompts side by side. */
export function halveSequences(batch: TokenBatch): readonly [ReadonlySet<number>, ReadonlySet<number>] {
  const { offsets } = batch;
  const [first, second] = [new Set<number>(), new Set<number>()];
  let before = 0;
  for (let i = 0; i + 1 < offsets.length; i++) {
    const length = (offsets[i + 1] as number) - (offsets[i] as number);
    (before + length / 2 <= batch.tokens.length / 2 ? first : second).add(i);
    before += length;
  }
  return [first, second];
}

/** Adds columns of which at most one is not 0 at any place. */
export function joinColumns(into: TokenColumns, from: TokenColumns): TokenColumns {
  for (const [name, column] of Object.entries(into) as [keyof TokenColumns, Float32Array][]) {
    const other = from[name] as Float32Array;
    for (let i = 0; i < column.length; i++) column[i] = (column[i] as number) + (other[i] as number);
  }
  return into;
}
