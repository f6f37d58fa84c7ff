import type { Dim, Graph, Value } from '../graph/graph.js';
import type { Tape } from '../graph/tape.js';
import {
  flatRows,
  gatherRows,
  sideBySide,
  sumOfBlocks,
  sumOfCells,
  type AttentionCells,
  type CellBlock,
  type CellLayout,
} from './attention-cells.js';
import { matmul } from './matrix.js';

/** Sizes of grouped-query attention. */
export interface HeadLayout {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/**
 * Attention over whole sequences, with scaled queries: q [tokens, heads * headDim], k and v [tokens, kvHeads * headDim]
 * and the `filled` cells of the latter. The query heads that share a key head are laid out as further rows of one
 * matrix, so keys and values are never repeated.
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
  const blocks = cells.blocks.map((block) => blockAttention(graph, q, filled, block, layout));
  const tokens = (parts: readonly Value[]) =>
    flatRows(graph, sideBySide(graph, parts, [0, heads, -1, headDim]), cells.queryCells, heads * headDim);
  const y = tokens(blocks.map(({ mixed }) => mixed));
  tape.record(y, (dy, gradients) => {
    const slopes = blocks.map((block) => block.backward(dy));
    const collect = (parts: readonly Value[]) =>
      sumOfCells(graph, sumOfBlocks(graph, parts, cells), cells, kvHeads * headDim);
    tape.accumulate(gradients, v, collect(slopes.map(({ dValues }) => dValues)));
    tape.accumulate(gradients, k, collect(slopes.map(({ dKeys }) => dKeys)));
    tape.accumulate(gradients, q, tokens(slopes.map(({ dQueries }) => dQueries)));
  });
  return y;
}

/** Attention of the queries of one block: `mixed` [batch, kvHeads, group*rows, headDim], and its gradients. */
function blockAttention(graph: Graph, q: Value, filled: AttentionCells, block: CellBlock, layout: HeadLayout) {
  const { heads, kvHeads, headDim } = layout;
  const { queryTokens, mask } = block;
  const group = heads / kvHeads;
  const [rows, seen] = mask.shape.slice(-2) as [Dim, Dim];
  const queryShape: Dim[] = ['batch', kvHeads, `group*${rows}`, headDim];
  const queryCells = (x: Value) =>
    graph.reshape(gatherRows(graph, x, queryTokens, headDim), [0, kvHeads, -1, headDim], queryShape);
  const [queries, keys, values] = [queryCells(q), block.keyCells(filled.keys), block.keyCells(filled.values)];
  const scores = matmul(graph, queries, keys, { transposeB: true });
  const square: Dim[] = ['batch', kvHeads, group, rows, seen];
  const masked = graph.add(graph.reshape(scores, [0, kvHeads, group, -1, seen], square), mask);
  const softmax = graph.op('Softmax', [masked], square, { axis: -1 });
  const weights = graph.reshape(softmax, [0, kvHeads, -1, seen], scores.shape);
  const mixed = matmul(graph, weights, values);
  const backward = (dy: Value) => {
    const dMixed = queryCells(dy);
    const dWeights = matmul(graph, dMixed, values, { transposeB: true });
    const rowSums = graph.sum(graph.mul(dMixed, mixed), -1);
    const dScores = graph.mul(weights, graph.sub(dWeights, rowSums));
    return {
      dValues: matmul(graph, weights, dMixed, { transposeA: true }),
      dKeys: matmul(graph, dScores, queries, { transposeA: true }),
      dQueries: matmul(graph, dScores, keys),
    };
  };
  return { mixed, backward };
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
  const own = graph.integers([-1]);
  const fromPast = matmul(graph, graph.slice(weights, 3, [0, own], pastScores.shape), cache.values);
  const ownWeight = graph.slice(weights, 3, [own, undefined], ownScore.shape);
  const fromOwn = graph.op('Mul', [ownWeight, byHead(v, 1)], queries.shape);
  return graph.reshape(graph.add(fromPast, fromOwn), [-1, heads * headDim], ['batch', heads * headDim]);
}
