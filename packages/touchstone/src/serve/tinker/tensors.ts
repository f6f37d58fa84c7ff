import { RequestFault } from '../http.js';

/** A dense tensor as a request gave it, row-major. */
export interface Tensor {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/** Values of a row-major matrix that are not 0, in compressed sparse rows: row i owns `crow[i] .. crow[i + 1]`. */
export interface SparseRows {
  readonly values: ArrayLike<number>;
  readonly crow: ArrayLike<number>;
  readonly col: ArrayLike<number>;
}

/** Entries a dense tensor may have: a sparse one of a few bytes must not ask for gigabytes. */
const MAX_ENTRIES = 2 ** 26;

/** A tensor whose shape fits its data; an absent shape means one dimension. */
export function denseTensor(field: string, data: ArrayLike<number>, shape?: readonly number[]): Tensor {
  const dimensions = shape ?? [data.length];
  if (entriesOf(field, dimensions) !== data.length) {
    throw new RequestFault(400, field, `shape must fit the data: [${dimensions.join(', ')}] for ${data.length} values`);
  }
  return { data, shape: dimensions };
}

/** The dense form of a sparse matrix, with `empty` in every entry that is not listed. */
export function fromSparseRows(field: string, sparse: SparseRows, shape: readonly number[], empty = 0): Tensor {
  const { values, crow, col } = sparse;
  const [rows = 0, width = 0] = shape;
  const wrong = (rule: string) => new RequestFault(400, field, rule);
  if (shape.length !== 2) throw wrong(`a sparse tensor must have two dimensions, got ${shape.length}`);
  if (crow.length !== rows + 1) throw wrong(`sparse_crow_indices must have ${rows + 1} entries, got ${crow.length}`);
  if (col.length !== values.length) throw wrong('sparse_col_indices must have an entry for each value');
  const data = new Float64Array(entriesOf(field, shape)).fill(empty);
  for (let row = 0; row < rows; row++) {
    for (let i = crow[row] as number; i < (crow[row + 1] as number); i++) {
      const column = col[i];
      if (column === undefined || !(column >= 0 && column < width)) {
        throw wrong(`sparse_col_indices must be below ${width} and as many as sparse_crow_indices say`);
      }
      data[row * width + column] = values[i] as number;
    }
  }
  return { data, shape };
}

function entriesOf(field: string, shape: readonly number[]): number {
  const entries = shape.reduce((product, size) => product * size, 1);
  if (Number.isSafeInteger(entries) && entries >= 0 && entries <= MAX_ENTRIES) return entries;
  throw new RequestFault(400, field, `shape must have at most ${MAX_ENTRIES} entries, got [${shape.join(', ')}]`);
}
