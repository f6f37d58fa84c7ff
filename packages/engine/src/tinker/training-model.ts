import { EngineError } from '../errors.js';
import type { Connection } from './connection.js';
import { OutcomeUnknown, RefusedRequest, WorkLost } from './connection.js';
import type { Change, LossCall, ModelPlan } from './remote-model.js';
import { dropCheckpoint, RemoteModel, textField } from './remote-model.js';
import type {
  AdamParams,
  Datum,
  ForwardBackwardOutput,
  ForwardRequest,
  OptimStepOutput,
  SaveWeightsForSamplerRequest,
  SaveWeightsRequest,
} from './wire.js';
import { ROUTES } from './wire.js';

export interface ModelOptions {
  /** The server carries out a request that it gets twice under one `seq_id` once. */
  readonly idempotent: boolean;
  /** Optimiser steps that are kept for replay before the server is asked for a checkpoint. */
  readonly replayedSteps: number;
  readonly notice: (sentence: string) => void;
}

interface SaveOptions {
  /** After which the server may forget it; absent: never. */
  readonly ttlSeconds?: number;
  /** Waited for before the server is asked, with the path that it will have; once for each name that is tried. */
  readonly expect?: (path: string) => Promise<void>;
}

/** A change that the server has taken and whose result is waited for. */
interface Flight {
  readonly change: Change;
  /** Its result from the model of now: another promise once that model had to be replaced. */
  answer: Promise<unknown>;
}

/** Losses of a server in a row before the error is passed on: more is no accident. */
const MAX_RECOVERIES = 30;
const LOST = 'the server has lost the model';
const UNCLEAR = 'the server did not say whether it took a request';
const HEARTBEAT_MS = 10_000;
/** Checkpoints that only guard against the loss of a server are kept for a week where the server can forget. */
const GUARD_TTL_SECONDS = 7 * 24 * 3600;

/**
 * One model in training on the server. Changes are sent in the order in which they are asked for, each once the server
 * has taken the one before; what reads the model waits for their results. Changes since the last checkpoint are
 * remembered: where the server loses the model (a restart), or the fate of a request cannot be known, a new model is made
 * from the checkpoint and the rest is applied to it again, so that each change counts exactly once.
 */
export class TrainingModel {
  /** Rises with every model that takes the place of a lost one: sampling weights of the old one are gone. */
  generation = 0;
  private samplers = 0;
  private names = 0;
  private from: string | undefined;
  /** A checkpoint that only guards against the loss of the server, until the next one. */
  private guard: string | undefined;
  private journal: Change[] = [];
  private flights: Flight[] = [];
  private asked = 0;
  /** Changes up to this number that have not been sent fail: one before them has. */
  private failedTo = 0;
  /** The model on the server has changes that must not count. */
  private stale = false;
  /** Ends with the last change that was sent. */
  private landed: Promise<unknown> = Promise.resolve();
  private readonly turns = new Turns();
  /** Sending changes, and replacing the model. */
  private readonly wire = new Turns();
  private readonly heartbeat: NodeJS.Timeout;

  private constructor(
    private readonly connection: Connection,
    private readonly plan: ModelPlan,
    private readonly options: ModelOptions,
    private remote: RemoteModel,
  ) {
    this.from = plan.from;
    this.heartbeat = setInterval(() => void this.remote.beat(), HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  static async create(connection: Connection, plan: ModelPlan, options: ModelOptions): Promise<TrainingModel> {
    return new TrainingModel(connection, plan, options, await RemoteModel.open(connection, plan));
  }

  async forwardBackward(data: readonly Datum[], loss: LossCall): Promise<ForwardBackwardOutput> {
    return (await this.apply({ kind: 'forward_backward', data, loss })) as ForwardBackwardOutput;
  }

  async optimStep(adam: AdamParams): Promise<OptimStepOutput> {
    const output = (await this.apply({ kind: 'optim_step', adam })) as OptimStepOutput;
    const steps = this.journal.filter(({ kind }) => kind === 'optim_step').length;
    if (steps >= this.options.replayedSteps) await this.saveGuard();
    return output;
  }

  /** Takes back the last `count` gradients. No server can: the model is made anew without them. */
  async discard(count: number): Promise<void> {
    await this.whenLanded(async () => {
      this.journal = this.journal.slice(0, this.journal.length - count);
      await this.recover('a gradient must be taken back', true);
    });
  }

  /** Log-probs of the targets; changes nothing. */
  async forward(data: readonly Datum[]): Promise<ForwardBackwardOutput> {
    return (await this.withRecovery(async () => {
      const request: Unstamped<ForwardRequest> = { forward_input: { data, loss_fn: 'cross_entropy' } };
      return await this.call(ROUTES.forward, request);
    })) as ForwardBackwardOutput;
  }

  /** Saves weights and optimiser state on the server; gives their `tinker://` path. */
  async save(name: string, options: SaveOptions = {}): Promise<string> {
    return await this.withRecovery(async () => {
      const path = await this.saveUnder(name, options);
      this.from = path;
      await this.dropGuard();
      // A gradient that no step has taken yet is no part of a checkpoint.
      this.journal = this.journal.slice(this.journal.findLastIndex(({ kind }) => kind === 'optim_step') + 1);
      return path;
    });
  }

  /** A checkpoint against the loss of the server, in place of the one before. */
  private async saveGuard(): Promise<void> {
    const path = await this.save('guard', { ttlSeconds: GUARD_TTL_SECONDS });
    this.guard = path;
  }

  /** A sampling session with the weights as they are now. */
  async saveForSampler(): Promise<string> {
    return await this.withRecovery(async () => {
      for (;;) {
        const request: Unstamped<SaveWeightsForSamplerRequest> = {
          sampling_session_seq_id: this.samplers++,
          type: 'save_weights_for_sampler',
        };
        const output = await this.unlessTaken(ROUTES.saveWeightsForSampler, request);
        if (output === undefined) continue;
        return textField(output, 'sampling_session_id', ROUTES.saveWeightsForSampler);
      }
    });
  }

  /** Takes the place of a model that sampling found lost, unless that has happened since `generation`. */
  async replace(generation: number): Promise<void> {
    await this.whenLanded(async () => {
      if (this.generation === generation) await this.recover(LOST, false);
    });
  }

  async dispose(): Promise<void> {
    clearInterval(this.heartbeat);
    await this.dropGuard();
    await this.remote.unload();
  }

  private async dropGuard(): Promise<void> {
    const { guard } = this;
    this.guard = undefined;
    if (guard !== undefined) await dropCheckpoint(this.connection, guard);
  }

  private async apply(change: Change): Promise<unknown> {
    const order = ++this.asked;
    const landing = await this.turns.take(async () => {
      if (order <= this.failedTo) throw afterFailure();
      const flight = await this.wire.take(() => this.launch(change));
      const output = this.land(flight, this.landed);
      this.landed = output.catch(() => undefined);
      return { output };
    });
    return await landing.output;
  }

  /** Sends a change, as often as it takes to know that the server has it. */
  private async launch(change: Change): Promise<Flight> {
    try {
      return await this.recovering(async () => {
        const flight = { change, answer: this.answerOf(await this.post(change)) };
        this.flights.push(flight);
        return flight;
      });
    } catch (error) {
      this.failedTo = this.asked;
      throw error;
    }
  }

  /** Waits for the result of a change, and for those of the changes before it. */
  private async land(flight: Flight, before: Promise<unknown>): Promise<unknown> {
    await before;
    for (let attempt = 0; ; attempt++) {
      if (!this.flights.includes(flight)) throw afterFailure();
      const { answer } = flight;
      try {
        const output = await answer;
        if (answer !== flight.answer) continue;
        this.flights.shift();
        this.journal.push(flight.change);
        return output;
      } catch (error) {
        await this.wire.take(() => this.mend(flight, answer, error, attempt));
      }
    }
  }

  private async mend(flight: Flight, failed: Promise<unknown>, error: unknown, attempt: number): Promise<void> {
    // The model may have been replaced meanwhile, and the change sent again.
    if (failed !== flight.answer) return;
    try {
      if (!isLoss(error) || attempt >= MAX_RECOVERIES) throw error;
      await this.recoverFrom(error);
    } catch (final) {
      this.failedTo = this.asked;
      // What was sent after a change that failed must not count either.
      this.stale = this.flights.length > 1;
      this.flights = [];
      throw final;
    }
  }

  private async post(change: Change): Promise<string> {
    return await this.remote.postChange(change, this.options.idempotent);
  }

  /** The result of a request; whoever waits for it sees its errors. */
  private answerOf(requestId: string): Promise<unknown> {
    const answer = this.remote.result(requestId);
    answer.catch(() => undefined);
    return answer;
  }

  private async call(route: string, request: object): Promise<unknown> {
    return await this.remote.result(await this.remote.post(route, request, true));
  }

  /** Undefined: the name is taken, by an attempt whose answer was lost. */
  private async unlessTaken(route: string, request: object): Promise<unknown> {
    try {
      return await this.call(route, request);
    } catch (error) {
      if (error instanceof RefusedRequest && error.status === 409) return undefined;
      throw error;
    }
  }

  private async saveUnder(name: string, { ttlSeconds, expect }: SaveOptions): Promise<string> {
    const lost: string[] = [];
    for (;;) {
      const request: Unstamped<SaveWeightsRequest> = {
        path: `${name}-${++this.names}`,
        type: 'save_weights',
        ...(ttlSeconds !== undefined && { ttl_seconds: ttlSeconds }),
      };
      const expected = `tinker://${this.remote.id}/weights/${request.path}`;
      await expect?.(expected);
      const output = await this.unlessTaken(ROUTES.saveWeights, request);
      if (output === undefined) {
        lost.push(expected);
        continue;
      }
      for (const path of lost) await dropCheckpoint(this.connection, path);
      return textField(output, 'path', ROUTES.saveWeights);
    }
  }

  /** Once every change that was asked for before has its result; changes asked for later wait. */
  private async whenLanded<T>(work: () => Promise<T>): Promise<T> {
    return await this.turns.take(async () => {
      await this.landed;
      return await work();
    });
  }

  private async withRecovery<T>(work: () => Promise<T>): Promise<T> {
    return await this.whenLanded(() => this.recovering(work));
  }

  /** `work`, again on a new model after each loss of the old one. */
  private async recovering<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        if (this.stale) await this.recover('a change failed after which others were sent', true);
        return await work();
      } catch (error) {
        if (!isLoss(error) || attempt >= MAX_RECOVERIES) throw error;
        await this.recoverFrom(error);
      }
    }
  }

  private async recoverFrom(loss: unknown): Promise<void> {
    const unclear = loss instanceof OutcomeUnknown;
    await this.recover(unclear ? UNCLEAR : LOST, unclear);
  }

  /** A new model in the state that this one should have. `alive`: the old one is still on the server. */
  private async recover(reason: string, alive: boolean): Promise<void> {
    const since = this.from === undefined ? 'the start' : 'the last checkpoint';
    const steps = this.journal.filter(({ kind }) => kind === 'optim_step').length;
    this.options.notice(`${reason}: going on from ${since}, ${steps} steps are applied again`);
    for (let attempt = 0; ; attempt++) {
      try {
        if (alive) await this.remote.abandon();
        this.remote = await RemoteModel.open(this.connection, { ...this.plan, from: this.from });
        for (const change of this.journal) await this.remote.result(await this.post(change));
        for (const flight of this.flights) flight.answer = this.answerOf(await this.post(flight.change));
        this.generation++;
        this.stale = false;
        return;
      } catch (error) {
        if (!isLoss(error) || attempt >= MAX_RECOVERIES) throw error;
      }
    }
  }
}

/** A request before the model that it is about has put its name and number on it. */
type Unstamped<T> = Omit<T, 'model_id' | 'seq_id'>;

/** One piece of work after the other, in the order in which they come. */
class Turns {
  private tail: Promise<unknown> = Promise.resolve();

  async take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.tail.then(work, work);
    this.tail = turn.catch(() => undefined);
    return await turn;
  }
}

function isLoss(error: unknown): boolean {
  return error instanceof WorkLost || error instanceof OutcomeUnknown;
}

function afterFailure(): EngineError {
  return new EngineError('server-failed', {
    at: 'TinkerEngine',
    rule: 'a change that was asked for before this one must not fail',
    fix: 'look at its error; this change was not made',
  });
}
