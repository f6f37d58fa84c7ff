import type { Dim, Value } from '../graph/graph.js';
import type { Tape } from '../graph/tape.js';
import { matmul } from './matrix.js';

/** Sizes of grouped-query attention. */
export interface HeadLayout {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/**
 * Causal attention over whole sequences: q [batch * time, heads * headDim], k and v [batch * time, kvHeads * headDim],
 * mask [time, time] added to the scores. The query heads that share a key head are laid out as further rows of one
 * matrix, so keys and values are never repeated.
 */
export function causalAttention(tape: Tape, q: Value, k: Value, v: Value, mask: Value, layout: HeadLayout): Value {
  const { graph } = tape;
  const { heads, kvHeads, headDim } = layout;
  const group = heads / kvHeads;
  const scale = 1 / Math.sqrt(headDim);
  const byHead = (x: Value, count: number) =>
    graph.transpose(graph.reshape(x, ['batch', 'time', count, headDim]), [0, 2, 1, 3]);
  const queryShape: Dim[] = ['batch', kvHeads, 'group*time', headDim];
  const asQueries = (x: Value) => graph.reshape(byHead(x, heads), ['batch', kvHeads, -1, headDim], queryShape);
  const flat = (x: Value, count: number) => {
    const split = graph.reshape(x, ['batch', count, 'time', headDim]);
    return graph.reshape(graph.transpose(split, [0, 2, 1, 3]), [-1, count * headDim], ['tokens', count * headDim]);
  };
  const [queries, keys, values] = [asQueries(q), byHead(k, kvHeads), byHead(v, kvHeads)];
  const scores = matmul(graph, queries, keys, { transposeB: true, scale });
  const square: Dim[] = ['batch', kvHeads, group, 'time', 'time'];
  const masked = graph.add(graph.reshape(scores, square), mask);
  const weights = graph.reshape(
    graph.op('Softmax', [masked], square, { axis: -1 }),
    ['batch', kvHeads, -1, 'time'],
    scores.shape,
  );
  const mixed = matmul(graph, weights, values);
  const y = flat(mixed, heads);
  tape.record(y, (dy, gradients) => {
    const dMixed = asQueries(dy);
    const dWeights = matmul(graph, dMixed, values, { transposeB: true });
    const rowSums = graph.sum(graph.mul(dMixed, mixed), -1);
    const dScores = graph.mul(weights, graph.sub(dWeights, rowSums));
    tape.accumulate(gradients, v, flat(matmul(graph, weights, dMixed, { transposeA: true }), kvHeads));
    tape.accumulate(gradients, k, flat(matmul(graph, dScores, queries, { transposeA: true, scale }), kvHeads));
    tape.accumulate(gradients, q, flat(matmul(graph, dScores, keys, { scale }), heads));
  });
  return y;
}

/** What one layer keeps of the past while it generates, time-major so that a step writes one slice in place. */
export interface LayerCache {
  /** [past, batch, kvHeads, headDim] */
  readonly keys: Value;
  readonly values: Value;
}

/**
 * Attention of one new token a row over its cache and itself: q [batch, heads * headDim], k and v
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
  const scale = 1 / Math.sqrt(headDim);
  const queries = graph.reshape(q, ['batch', kvHeads, group, headDim]);
  const newKeys = graph.reshape(k, ['batch', kvHeads, 1, headDim]);
  const newValues = graph.reshape(v, ['batch', kvHeads, 1, headDim]);
  const past: Dim[] = ['batch', kvHeads, group, 'past'];
  const fused = (a: Value, b: Value, transB: number, alpha: number, shape: readonly Dim[]) =>
    graph.op('FusedMatMul', [a, b], shape, { transB, transBatchB: 1, alpha: { real: alpha } });
  const pastScores = graph.add(fused(queries, cache.keys, 1, scale, past), mask);
  const ownScore = matmul(graph, queries, newKeys, { transposeB: true, scale });
  const joined: Dim[] = ['batch', kvHeads, group, 'past+1'];
  const scores = graph.op('Concat', [pastScores, ownScore], joined, { axis: -1 });
  const weights = graph.op('Softmax', [scores], joined, { axis: -1 });
  const slice = (from: number, to: number, shape: readonly Dim[]) =>
    graph.op('Slice', [weights, graph.integers([from]), graph.integers([to]), graph.integers([3])], shape);
  const END = 2 ** 31;
  const fromPast = fused(slice(0, -1, past), cache.values, 0, 1, queries.shape);
  const fromOwn = graph.op('Mul', [slice(-1, END, ownScore.shape), newValues], queries.shape);
  return graph.reshape(graph.add(fromPast, fromOwn), [-1, heads * headDim], ['batch', heads * headDim]);
}
