import type {
  ColumnRequest,
  DrawnToken,
  OptimOptions,
  OptimStats,
  Sample,
  SampleOptions,
  SampleRequest,
  TokenBatch,
  TokenColumns,
  TokenGradients,
} from '../engine.js';
import { beginStep } from './adamw.js';
import { HalfStep } from './half-step.js';
import type { HostedModel } from './host.js';
import { sharedFloats, trainingState, type TrainingState } from './model-state.js';
import { WorkerClient } from './worker-client.js';

interface Copy {
  readonly id: number;
  version: number;
  hasGradient: boolean;
  /** What both lanes' steps work on: made when the lane first takes part in training `of`. */
  step: { readonly of: TrainingState; readonly half: HalfStep } | undefined;
}

/**
 * A second worker with copies of the models, which computes half of what can be halved. Two threads at different places
 * of the model keep a machine busier than two in one matrix product: while one multiplies, the other adds or waits for
 * memory, and neither waits for the other at the end of every operation.
 */
export class SecondLane {
  private client: WorkerClient | undefined;
  private readonly copies = new Map<HostedModel, Copy>();
  /** The worker counts its models from 0, as this does. */
  private nextId = 0;

  constructor(private readonly threads: number) {}

  async sample(
    model: HostedModel,
    requests: readonly SampleRequest[],
    options: SampleOptions,
    cancelled?: Uint8Array,
    report?: (drawn: readonly DrawnToken[]) => void,
  ): Promise<Sample[][]> {
    const { id } = this.copyOf(model);
    const progress = report && ((drawn: unknown) => report(drawn as readonly DrawnToken[]));
    if (!progress) return await this.worker.call('sample', id, requests, options, cancelled);
    return await this.worker.watch('sample', progress, id, requests, options, cancelled);
  }

  async columns(
    model: HostedModel,
    batch: TokenBatch,
    wanted: ColumnRequest,
    gradients: TokenGradients | undefined,
    among: ReadonlySet<number>,
  ): Promise<TokenColumns> {
    const copy = this.copyOf(model);
    if (gradients) this.joinTraining(model, copy);
    return await this.worker.call('columns', copy.id, batch, wanted, gradients, among);
  }

  /** Whether a part of the model's gradient was accumulated here. */
  holdsGradient(model: HostedModel): boolean {
    return this.copies.get(model)?.hasGradient === true;
  }

  /** Clears what was accumulated here. */
  async dropGradient(model: HostedModel): Promise<void> {
    const copy = this.copies.get(model);
    if (!copy?.hasGradient) return;
    copy.hasGradient = false;
    await this.worker.call('clearGradient', copy.id);
  }

  /** An AdamW step by the gradients of both lanes, each of which moves half of the weights; see `adamwStep`. */
  async optimStep(model: HostedModel, options: OptimOptions): Promise<Required<OptimStats>> {
    // The weights may have changed since the gradient was accumulated.
    const copy = this.copyOf(model);
    if (!copy.step) throw new Error('SecondLane: it takes no part in this training; this is our bug');
    const { half } = copy.step;
    const { worker } = this;
    await both(worker.call('offerGradient', copy.id), () => half.offerGradient());
    const [squares, otherSquares] = await both(worker.call('addGradient', copy.id), () => half.addGradient());
    const { rates, ...stats } = beginStep(model.state, options, squares + otherSquares);
    await both(worker.call('updateHalf', copy.id, rates), () => half.update(rates));
    copy.hasGradient = false;
    if (rates) await both(worker.call('takeWeights', copy.id), () => half.takeWeights());
    copy.version = model.state.version;
    return stats;
  }

  async release(model: HostedModel): Promise<void> {
    const copy = this.copies.get(model);
    this.copies.delete(model);
    if (copy) await this.worker.call('release', copy.id);
  }

  private get worker(): WorkerClient {
    return (this.client ??= new WorkerClient({ threads: this.threads, halves: false }));
  }

  /** The model's copy, to which its present weights are under way: the worker takes calls in order. */
  private copyOf(model: HostedModel): Copy {
    const { version } = model.state;
    const copy = this.copies.get(model) ?? this.begin(model);
    if (copy.version !== version) {
      this.inTheBackground(this.worker.give('setWeights', copy.id, model.state.weights.data.slice()));
      copy.version = version;
    }
    return copy;
  }

  private begin(model: HostedModel): Copy {
    const { state, companions } = model;
    const { config, weights, frozen, version } = state;
    const copy: Copy = { id: this.nextId++, version, hasGradient: false, step: undefined };
    this.copies.set(model, copy);
    this.inTheBackground(this.worker.call('create', { config, weights, companions }, frozen));
    return copy;
  }

  private joinTraining(model: HostedModel, copy: Copy): void {
    copy.hasGradient = true;
    const training = trainingState(model.state);
    if (copy.step?.of === training) return;
    const { firstMoment, secondMoment } = training;
    const exchange = sharedFloats(firstMoment.length);
    copy.step = { of: training, half: new HalfStep(model.state, 'first', exchange) };
    this.inTheBackground(this.worker.call('joinTraining', copy.id, { firstMoment, secondMoment }, exchange));
  }

  /** A call that is followed by one that waits: if this one fails, so does that. */
  private inTheBackground(call: Promise<unknown>): void {
    call.catch(() => undefined);
  }
}

/** What this thread computes, and what the other does meanwhile. Where one fails, the other has ended all the same. */
export async function both<T, U>(theirs: Promise<T>, ours: () => U | Promise<U>): Promise<[ours: U, theirs: T]> {
  const own = (async () => await ours())();
  await Promise.allSettled([own, theirs]);
  return [await own, await theirs];
}
