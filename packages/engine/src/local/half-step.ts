import { squaredSum, updateWeights, type StepRates, type WeightRange } from './adamw.js';
import { trainingState, type ModelState } from './model-state.js';

/**
 * One lane's part in an optimiser step that two take together. Each accumulated a gradient on its copy of the weights,
 * and each moves the half of the weights that is its own. A step calls the methods in their order; both lanes are through
 * with one before either begins the next.
 */
export class HalfStep {
  private readonly own: WeightRange;
  private readonly other: WeightRange;

  /** @param exchange As long as the weights, in memory that both lanes share. */
  constructor(
    private readonly model: ModelState,
    lane: 'first' | 'second',
    private readonly exchange: Float32Array,
  ) {
    const { length } = model.weights.layout;
    const middle = Math.floor(length / 2);
    const halves = [
      [0, middle],
      [middle, length],
    ] as const;
    [this.own, this.other] = lane === 'first' ? halves : [halves[1], halves[0]];
  }

  /** Lays out the gradient of the weights that the other lane moves. */
  offerGradient(): void {
    copyRange(trainingState(this.model).gradient, this.exchange, this.other);
  }

  /** Adds the other lane's gradient of the own half; the sum of its squares. */
  addGradient(): number {
    const { gradient } = trainingState(this.model);
    for (let i = this.own[0]; i < this.own[1]; i++)
      gradient[i] = (gradient[i] as number) + (this.exchange[i] as number);
    return squaredSum(this.model, this.own);
  }

  /** Moves the own half, lays it out and clears the gradient. Null, for a gradient that is not finite, only clears it. */
  update(rates: StepRates | null): void {
    if (rates) {
      updateWeights(this.model, this.own, rates);
      copyRange(this.model.weights.data, this.exchange, this.own);
    }
    trainingState(this.model).gradient.fill(0);
  }

  /** Takes over the half that the other lane moved; left out where nothing moved. */
  takeWeights(): void {
    copyRange(this.exchange, this.model.weights.data, this.other);
    this.model.version++;
  }
}

function copyRange(from: Float32Array, to: Float32Array, [first, end]: WeightRange): void {
  to.set(from.subarray(first, end), first);
}
