import type { Dim, Graph, Value } from '../graph/graph.js';
import type { Tape } from '../graph/tape.js';

/** Rows of `table` [vocab, width] at `ids` [rows] (i32). */
export function embedding(tape: Tape, table: Value, ids: Value): Value {
  return gatherRows(tape, table, ids);
}

/** Rows of x [rows, width] at `indices` [selected] (i64), which may repeat. */
export function selectRows(tape: Tape, x: Value, indices: Value): Value {
  return gatherRows(tape, x, indices);
}

function gatherRows(tape: Tape, x: Value, indices: Value): Value {
  const { graph } = tape;
  const shape = [indices.shape[0] as Dim, x.shape[1] as Dim];
  const y = graph.op('Gather', [x, indices], shape, { axis: 0 });
  tape.record(y, (dy, gradients) => {
    const column = graph.reshape(indices, [shape[0] as Dim, 1]);
    gradients.add(x, (soFar) => addRows(graph, soFar ?? graph.filled(0, x.shape), column, dy));
  });
  return y;
}

/** `onto` with each of `rows` [rows, width] added to its row at `indices` [rows, 1], which may repeat. */
function addRows(graph: Graph, onto: Value, indices: Value, rows: Value): Value {
  if (graph.singleThreaded) return graph.op('ScatterND', [onto, graph.long(indices), rows], onto.shape, ADD);
  // Row by row threads would race on repeated indices; element by element they do not, but that takes ten times as long.
  const everywhere = graph.op('Expand', [indices, graph.shapeTensor(rows.shape)], rows.shape);
  return graph.op('ScatterElements', [onto, everywhere, rows], onto.shape, { axis: 0, ...ADD });
}

const ADD = { reduction: 'add' };
