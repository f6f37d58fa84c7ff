import type {
  ColumnRequest,
  DrawnToken,
  Sample,
  SampleOptions,
  SampleRequest,
  TokenBatch,
  TokenColumns,
  TokenGradients,
} from '../engine.js';
import type { HostedModel } from './host.js';
import { trainingState } from './model-state.js';
import { WorkerClient } from './worker-client.js';

interface Copy {
  readonly id: number;
  version: number;
  hasGradient: boolean;
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
    if (gradients) copy.hasGradient = true;
    return await this.worker.call('columns', copy.id, batch, wanted, gradients, among);
  }

  /** Adds the gradient that was accumulated there, and clears it. */
  async collectGradient(model: HostedModel): Promise<void> {
    const copy = this.copies.get(model);
    if (!copy?.hasGradient) return;
    copy.hasGradient = false;
    const part = await this.worker.call('takeGradient', copy.id);
    const { gradient } = trainingState(model.state);
    for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] as number) + (part[i] as number);
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
    const copy = { id: this.nextId++, version, hasGradient: false };
    this.copies.set(model, copy);
    this.inTheBackground(this.worker.call('create', { config, weights, companions }, frozen));
    return copy;
  }

  /** A call that is followed by one that waits: if this one fails, so does that. */
  private inTheBackground(call: Promise<unknown>): void {
    call.catch(() => undefined);
  }
}
