import type { Dim, Value } from '../graph/graph.js';
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
    // ScatterND with an add reduction races on repeated indices; ScatterElements does not.
    const column = graph.reshape(indices, [shape[0] as Dim, 1]);
    const everywhere = graph.op('Expand', [column, graph.shapeTensor(shape)], shape);
    gradients.add(x, (soFar) => {
      const onto = soFar ?? graph.filled(0, x.shape);
      return graph.op('ScatterElements', [onto, everywhere, dy], x.shape, { axis: 0, reduction: 'add' });
    });
  });
  return y;
}
