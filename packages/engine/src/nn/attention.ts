import type { Dim, Graph, Value } from '../graph/graph.js';
import type { Tape } from '../graph/tape.js';
import { matmul } from './matrix.js';

/** Sizes of grouped-query attention. */
export interface HeadLayout {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/**
 * How attention over whole sequences is laid out: a matrix of `batch` bins by `time` cells into which tokens are copied.
 * Indices name rows of headDim elements, of [tokens, heads, headDim] or of [batch, heads, time, headDim].
 */
export interface CellLayout {
  /** [batch, heads, time] The query of each cell; a row of padding in free cells and in all copies of a token but one. */
  readonly queryTokens: Value;
  /** [batch, kvHeads, time] The key and value of each cell. */
  readonly keyTokens: Value;
  /** [tokens, heads] The cell of each token's query. */
  readonly queryCells: Value;
  /** [copies, shared, kvHeads] The cells of the first tokens, which may stand in several; free cells fill up. */
  readonly sharedCells: () => Value;
  /** [own, kvHeads] The cell of each further token. */
  readonly ownCells: () => Value;
  /** [batch, 1, 1, time, time] Added to the scores. */
  readonly mask: Value;
}

/** The cells of q, k and v: [batch, heads or kvHeads, time, headDim]. */
export interface AttentionCells {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
}

/** Copies the tokens of q [tokens, heads * headDim], k and v [tokens, kvHeads * headDim] into their cells. */
export function fillCells(graph: Graph, q: Value, k: Value, v: Value, cells: CellLayout, headDim: number) {
  const { queryTokens, keyTokens } = cells;
  return {
    queries: gatherRows(graph, q, queryTokens, headDim),
    keys: gatherRows(graph, k, keyTokens, headDim),
    values: gatherRows(graph, v, keyTokens, headDim),
  };
}

/**
 * Attention over whole sequences, with scaled queries: q [tokens, heads * headDim], k and v [tokens, kvHeads * headDim]
 * and their `filled` cells. The query heads that share a key head are laid out as further rows of one matrix, so keys
 * and values are never repeated.
 */
export function cellAttention(
  tape: Tape,
  [q, k, v]: readonly [Value, Value, Value],
  filled: AttentionCells,
  cells: CellLayout,
  layout: HeadLayout,
): Value {
  const { graph } = tape;
  const { heads, kvHeads, headDim } = layout;
  const group = heads / kvHeads;
  const queryShape: Dim[] = ['batch', kvHeads, 'group*time', headDim];
  const byKeyHead = (x: Value) => graph.reshape(x, [0, kvHeads, -1, headDim], queryShape);
  const tokens = (x: Value) => flatRows(graph, x, cells.queryCells, heads * headDim);
  const [queries, keys, values] = [byKeyHead(filled.queries), filled.keys, filled.values];
  const scores = matmul(graph, queries, keys, { transposeB: true });
  const square: Dim[] = ['batch', kvHeads, group, 'time', 'time'];
  const masked = graph.add(graph.reshape(scores, [0, kvHeads, group, -1, 'time'], square), cells.mask);
  const softmax = graph.op('Softmax', [masked], square, { axis: -1 });
  const weights = graph.reshape(softmax, [0, kvHeads, -1, 'time'], scores.shape);
  const mixed = matmul(graph, weights, values);
  const y = tokens(mixed);
  tape.record(y, (dy, gradients) => {
    const dMixed = byKeyHead(gatherRows(graph, dy, cells.queryTokens, headDim));
    const dWeights = matmul(graph, dMixed, values, { transposeB: true });
    const rowSums = graph.sum(graph.mul(dMixed, mixed), -1);
    const dScores = graph.mul(weights, graph.sub(dWeights, rowSums));
    const collect = (x: Value) => sumOfCells(graph, x, cells, kvHeads * headDim);
    tape.accumulate(gradients, v, collect(matmul(graph, weights, dMixed, { transposeA: true })));
    tape.accumulate(gradients, k, collect(matmul(graph, dScores, queries, { transposeA: true })));
    tape.accumulate(gradients, q, tokens(matmul(graph, dScores, keys)));
  });
  return y;
}

/** Rows of headDim elements of x at `indices`: [...indices, headDim]. */
function gatherRows(graph: Graph, x: Value, indices: Value, headDim: number): Value {
  const rows = graph.reshape(x, [-1, headDim], [`rows of ${x.name}`, headDim]);
  return graph.op('Gather', [rows, indices], [...indices.shape, headDim], { axis: 0 });
}

/** Rows at `indices` [tokens, heads], side by side: [tokens, width]. */
function flatRows(graph: Graph, x: Value, indices: Value, width: number): Value {
  const gathered = gatherRows(graph, x, indices, width / Number(indices.shape[1]));
  return graph.reshape(gathered, [-1, width], [indices.shape[0] as Dim, width]);
}

/** For each token the sum over its cells, [tokens, width]. */
function sumOfCells(graph: Graph, x: Value, cells: CellLayout, width: number): Value {
  const sharedCells = cells.sharedCells();
  const [copies, shared, kvHeads] = sharedCells.shape as [Dim, Dim, number];
  const gathered = gatherRows(graph, x, sharedCells, width / kvHeads);
  const byCopy = graph.reshape(gathered, [0, -1, width], [copies, shared, width]);
  const sums = graph.op('ReduceSum', [byCopy, graph.integers([0])], [shared, width], { keepdims: 0 });
  const own = flatRows(graph, x, cells.ownCells(), width);
  return graph.op('Concat', [sums, own], ['tokens', width], { axis: 0 });
}

/** What one layer keeps of the past while it generates. */
export interface LayerCache {
  /** [batch, kvHeads, past, headDim] */
  readonly keys: Value;
  readonly values: Value;
}

/**
 * Attention of one new token a row, with scaled queries, over its cache and itself: q [batch, heads * headDim], k and v
 * [batch, kvHeads * headDim], mask [batch, 1, 1, past] added to the scores of the cache.
 */
export function cachedAttention(
  tape: Tape,
  q: Value,
  k: Value,
  v: Value,
  cache: LayerCache,
  mask: Value,
  layout: HeadLayout,
) {
  const { graph } = tape;
  const { heads, kvHeads, headDim } = layout;
  const group = heads / kvHeads;
  const byHead = (x: Value, rows: number) =>
    graph.reshape(x, [-1, kvHeads, rows, headDim], ['batch', kvHeads, rows, headDim]);
  const queries = byHead(q, group);
  const pastScores = graph.add(matmul(graph, queries, cache.keys, { transposeB: true }), mask);
  const ownScore = matmul(graph, queries, byHead(k, 1), { transposeB: true });
  const joined: Dim[] = ['batch', kvHeads, group, 'past+1'];
  const scores = graph.op('Concat', [pastScores, ownScore], joined, { axis: -1 });
  const weights = graph.op('Softmax', [scores], joined, { axis: -1 });
  const slice = (from: number, to: number, shape: readonly Dim[]) =>
    graph.op('Slice', [weights, graph.integers([from]), graph.integers([to]), graph.integers([3])], shape);
  const END = 2 ** 31;
  const fromPast = matmul(graph, slice(0, -1, pastScores.shape), cache.values);
  const fromOwn = graph.op('Mul', [slice(-1, END, ownScore.shape), byHead(v, 1)], queries.shape);
  return graph.reshape(graph.add(fromPast, fromOwn), [-1, heads * headDim], ['batch', heads * headDim]);
}
