import type { ColumnName, DifferentiableColumn, RolloutBatch } from '../objective.js';
import { Tape } from './tape.js';
import type { Value } from './value.js';

const STEP = 1e-6;

/** Largest disagreement between the tape and central finite differences, and where. */
export interface GradientCheck {
  /** |tape - numeric| / (1 + |numeric|) */
  readonly error: number;
  readonly at: string;
}

/**
 * Compares tape gradients of a formula with central finite differences at every entry of every differentiated column,
 * tokens under the mask included. Constants and stop-gradients are held at their values of the unperturbed batch, so a
 * formula with stop-gradients is checked against what it means and not against its value. `moving` lets them follow: the
 * disagreement then shows that a stop-gradient is in force.
 */
export function checkGradients(
  batch: RolloutBatch,
  wanted: readonly DifferentiableColumn[],
  formula: (tape: Tape) => Value,
  constants: 'held' | 'moving' = 'held',
): GradientCheck {
  const tape = new Tape(batch);
  const loss = formula(tape);
  const frozen = constants === 'held' ? tape.recordedConstants : undefined;
  const gradients = tape.gradients(loss);
  const valueOf = (changed: RolloutBatch) => formula(new Tape(changed, frozen)).scalar;
  let worst: GradientCheck = { error: 0, at: 'nowhere' };
  for (const name of wanted) {
    const column = columnOf(batch, name);
    const gradient = gradients[name] ?? new Float64Array(column.length);
    for (let i = 0; i < column.length; i++) {
      const up = valueOf(perturbed(batch, name, i, STEP));
      const down = valueOf(perturbed(batch, name, i, -STEP));
      const numeric = (up - down) / (2 * STEP);
      const error = Math.abs(gradient[i]! - numeric) / (1 + Math.abs(numeric));
      if (!(error <= worst.error)) {
        worst = { error, at: `${name}[${i}]: tape ${gradient[i]}, finite differences ${numeric}` };
      }
    }
  }
  return worst;
}

function columnOf(batch: RolloutBatch, name: DifferentiableColumn): Float64Array {
  const column = name === 'topK' ? batch.topK?.logProb : batch.columns[name];
  if (column === undefined) throw new Error(`checkGradients: column ${name} is missing from the batch; add it`);
  return column;
}

function perturbed(batch: RolloutBatch, name: DifferentiableColumn, at: number, by: number): RolloutBatch {
  const column = Float64Array.from(columnOf(batch, name));
  column[at]! += by;
  if (name === 'topK') return { ...batch, topK: { ...batch.topK!, logProb: column } };
  return { ...batch, columns: { ...batch.columns, [name satisfies ColumnName]: column } };
}
