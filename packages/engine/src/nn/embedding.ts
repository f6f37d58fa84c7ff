import type { Dim, Value } from '../graph/graph.js';
import type { Tape } from '../graph/tape.js';

/** Rows of `table` [vocab, width] at `ids` [rows] (i32). */
export function embedding(tape: Tape, table: Value, ids: Value): Value {
  const { graph } = tape;
  const shape = [ids.shape[0] as Dim, table.shape[1] as Dim];
  const y = graph.op('Gather', [table, ids], shape, { axis: 0 });
  tape.record(y, (dy, gradients) => {
    // ScatterND with an add reduction races on repeated ids; ScatterElements does not.
    const column = graph.reshape(ids, [shape[0] as Dim, 1]);
    const everywhere = graph.op('Expand', [column, graph.shapeTensor(shape)], shape);
    gradients.add(table, (soFar) => {
      const onto = soFar ?? graph.filled(0, table.shape);
      return graph.op('ScatterElements', [onto, everywhere, dy], table.shape, { axis: 0, reduction: 'add' });
    });
  });
  return y;
}

/** Rows of x [rows, width] at `indices` [selected] (i64, each at most once). */
export function selectRows(tape: Tape, x: Value, indices: Value): Value {
  const { graph } = tape;
  const shape = [indices.shape[0] as Dim, x.shape[1] as Dim];
  const y = graph.op('Gather', [x, indices], shape, { axis: 0 });
  tape.record(y, (dy, gradients) => {
    const column = graph.reshape(indices, [shape[0] as Dim, 1]);
    tape.accumulate(gradients, x, graph.op('ScatterND', [graph.filled(0, x.shape), column, dy], x.shape));
  });
  return y;
}
