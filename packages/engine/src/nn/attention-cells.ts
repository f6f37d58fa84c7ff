import type { Dim, Graph, Value } from '../graph/graph.js';

/**
 * How attention over whole sequences is laid out: a matrix of `batch` bins by `time` cells into which tokens are copied.
 * Indices name rows of headDim elements, of [tokens, heads, headDim] or of [batch, heads, time, headDim].
 */
export interface CellLayout {
  /** [batch, kvHeads, time] The token whose key and value each cell holds. */
  readonly keyTokens: Value;
  /** [tokens, heads] The cell of each token's query. */
  readonly queryCells: Value;
  /** [copies, shared, kvHeads] The cells of the first tokens, which may stand in several; free cells fill up. */
  readonly sharedCells: () => Value;
  /** [own, kvHeads] The cell of each further token. */
  readonly ownCells: () => Value;
  /** [1] Cells of the first block. */
  readonly half: Value;
  /**
   * The queries in two parts: those of the first half of the cells see only that half, so a quarter of all pairs is
   * never computed.
   */
  readonly blocks: readonly [CellBlock, CellBlock];
}

/** Queries of consecutive cells, and the cells from the first one on that they see. */
export interface CellBlock {
  /** [batch, heads, rows] The token of each query; padding in free cells and in all copies of a token but one. */
  readonly queryTokens: Value;
  /** [batch, 1, 1, rows, seen] Added to the scores. */
  readonly mask: Value;
  /** Of [batch, kvHeads, time, headDim] the cells that are seen. */
  readonly keyCells: (all: Value) => Value;
}

/** Lays attention out from the cells of all tokens: queryTokens [batch, heads, time], mask [batch, 1, 1, time, time]. */
export function halveCells(
  graph: Graph,
  all: Pick<CellLayout, 'keyTokens' | 'queryCells' | 'sharedCells' | 'ownCells'>,
  queryTokens: Value,
  mask: Value,
): CellLayout {
  const half = graph.dimension('half');
  const [batch, heads] = queryTokens.shape as [Dim, Dim, Dim];
  const early = graph.slice(mask, 3, [0, half], [batch, 1, 1, 'half', 'time']);
  const seenByEarly = graph.slice(early, 4, [0, half], [batch, 1, 1, 'half', 'half']);
  const late = graph.slice(mask, 3, [half, undefined], [batch, 1, 1, 'rest', 'time']);
  const firstCells = (cells: Value) =>
    graph.slice(cells, 2, [0, half], [...cells.shape.slice(0, 2), 'half', ...cells.shape.slice(3)]);
  const blocks: [CellBlock, CellBlock] = [
    { queryTokens: firstCells(queryTokens), mask: seenByEarly, keyCells: firstCells },
    {
      queryTokens: graph.slice(queryTokens, 2, [half, undefined], [batch, heads, 'rest']),
      mask: late,
      keyCells: (cells) => cells,
    },
  ];
  return { ...all, half, blocks };
}

/** The cells of k and v: [batch, kvHeads, time, headDim]. */
export interface AttentionCells {
  readonly keys: Value;
  readonly values: Value;
}

/** Copies the tokens of k and v [tokens, kvHeads * headDim] into their cells. */
export function fillCells(graph: Graph, k: Value, v: Value, { keyTokens }: CellLayout, headDim: number) {
  return { keys: gatherRows(graph, k, keyTokens, headDim), values: gatherRows(graph, v, keyTokens, headDim) };
}

/** Consecutive blocks of cells as one: each reshaped to `shape` with its cells on the third axis. */
export function sideBySide(graph: Graph, parts: readonly Value[], shape: readonly [0, number, -1, number]): Value {
  const [, heads, , headDim] = shape;
  const views = parts.map((part, i) => graph.reshape(part, shape, ['batch', heads, `cells ${i}`, headDim]));
  return graph.op('Concat', views, ['batch', heads, 'time', headDim], { axis: 2 });
}

/** The sum of what the queries of each block give to the cells that they see, the first cells in each: [..., time, headDim]. */
export function sumOfBlocks(graph: Graph, parts: readonly Value[], { half }: CellLayout): Value {
  const [first, last] = parts as [Value, Value];
  const { shape } = first;
  const both = graph.add(first, graph.slice(last, 2, [0, half], shape));
  const rest = graph.slice(last, 2, [half, undefined], last.shape);
  return graph.op('Concat', [both, rest], last.shape, { axis: 2 });
}

/** Rows of headDim elements of x at `indices`: [...indices, headDim]. */
export function gatherRows(graph: Graph, x: Value, indices: Value, headDim: number): Value {
  const rows = graph.reshape(x, [-1, headDim], [`rows of ${x.name}`, headDim]);
  return graph.op('Gather', [rows, indices], [...indices.shape, headDim], { axis: 0 });
}

/** Rows at `indices` [tokens, heads], side by side: [tokens, width]. */
export function flatRows(graph: Graph, x: Value, indices: Value, width: number): Value {
  const gathered = gatherRows(graph, x, indices, width / Number(indices.shape[1]));
  return graph.reshape(gathered, [-1, width], [indices.shape[0] as Dim, width]);
}

/** For each token the sum over its cells, [tokens, width]. */
export function sumOfCells(graph: Graph, x: Value, cells: CellLayout, width: number): Value {
  const sharedCells = cells.sharedCells();
  const [copies, shared, kvHeads] = sharedCells.shape as [Dim, Dim, number];
  const gathered = gatherRows(graph, x, sharedCells, width / kvHeads);
  const byCopy = graph.reshape(gathered, [0, -1, width], [copies, shared, width]);
  const sums = graph.op('ReduceSum', [byCopy, graph.integers([0])], [shared, width], { keepdims: 0 });
  const own = flatRows(graph, x, cells.ownCells(), width);
  return graph.op('Concat', [sums, own], ['tokens', width], { axis: 0 });
}
