import type { ColumnName, DifferentiableColumn, RolloutBatch } from '../objective.js';
import { Tape } from './tape.js';
import type { Value } from './value.js';

/** Largest disagreement between the tape and central finite differences, and where. */
export interface GradientCheck {
  /** |tape - numeric| / (1 + |numeric|) */
  readonly error: number;
  readonly at: string;
}

/**
 * Compares tape gradients of a formula with central finite differences at every entry of every differentiated column,
 * tokens under the mask included. Constants and stop-gradients are held at their values of the unperturbed batch, so a
 * formula with stop-gradients is checked against what it means and not against its value.
 */
export function checkGradients(
  batch: RolloutBatch,
  wanted: readonly DifferentiableColumn[],
  formula: (tape: Tape) => Value,
  step = 1e-6,
): GradientCheck {
  const tape = new Tape(batch);
  const loss = formula(tape);
  const frozen = tape.recordedConstants;
  const gradients = tape.gradients(loss);
  const valueOf = (changed: RolloutBatch) => formula(new Tape(changed, frozen)).scalar;
  let worst: GradientCheck = { error: 0, at: 'nowhere' };
  for (const name of wanted) {
    const column = columnOf(batch, name);
    const gradient = gradients[name] ?? new Float64Array(column.length);
    for (let i = 0; i < column.length; i++) {
      const up = valueOf(perturbed(batch, name, i, step));
      const down = valueOf(perturbed(batch, name, i, -step));
      const numeric = (up - down) / (2 * step);
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
