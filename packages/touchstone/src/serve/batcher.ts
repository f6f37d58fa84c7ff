import type { Engine, Sample, SampleOptions, SampleRequest } from '@touchstone/engine';

/** One request to sample, as a client made it. */
export interface SampleJob {
  readonly request: SampleRequest & { readonly maxNewTokens: number };
  /** Jobs with equal options are sampled side by side. */
  readonly options: Omit<SampleOptions, 'maxNewTokens'>;
  /** Each token of completion `member` as it is drawn, where the engine tells; see `Engine.sample`. */
  readonly onToken?: (member: number, token: number, logProb: number) => void;
  /** Once aborted the job ends with what it has. */
  readonly signal?: AbortSignal;
}

interface Waiting {
  readonly job: SampleJob;
  readonly key: string;
  readonly resolve: (samples: Sample[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatcherOptions {
  /** Completions that one call of the engine makes; a job with more has a call of its own. */
  readonly maxCompletions: number;
  /** How long the first of several jobs waits for the others, in milliseconds. */
  readonly gatherMs?: number;
}

/**
 * Samples what concurrent clients ask for in common calls of the engine: while one call runs, jobs gather; the next call
 * takes the oldest and every other job with the same options that fits. No job waits for one that came after it.
 */
export class SampleBatcher {
  private waiting: Waiting[] = [];
  private running = false;

  constructor(
    private readonly engine: Engine,
    private readonly options: BatcherOptions,
  ) {}

  /** Jobs that have not been given to the engine. */
  get queued(): number {
    return this.waiting.length;
  }

  run(job: SampleJob): Promise<Sample[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ job, key: JSON.stringify(job.options), resolve, reject });
      if (this.running) return;
      this.running = true;
      setTimeout(() => void this.drain(), this.options.gatherMs ?? 0);
    });
  }

  private async drain(): Promise<void> {
    for (;;) {
      const batch = this.takeBatch();
      if (batch.length === 0) break;
      await this.sample(batch);
    }
    this.running = false;
  }

  private takeBatch(): Waiting[] {
    const cut = this.waiting.filter(({ job }) => job.signal?.aborted === true);
    for (const { job, resolve } of cut) resolve(job.request.seeds.map(() => EMPTY));
    this.waiting = this.waiting.filter((each) => !cut.includes(each));
    const batch: Waiting[] = [];
    let room = this.options.maxCompletions;
    for (const each of this.waiting) {
      const completions = each.job.request.seeds.length;
      if (batch.length > 0 && (each.key !== batch[0]?.key || completions > room)) continue;
      batch.push(each);
      room -= completions;
    }
    this.waiting = this.waiting.filter((each) => !batch.includes(each));
    return batch;
  }

  private async sample(batch: readonly Waiting[]): Promise<void> {
    const jobs = batch.map(({ job }) => job);
    const maxNewTokens = Math.max(...jobs.map(({ request }) => request.maxNewTokens));
    const watched = jobs.some(({ onToken, signal }) => onToken !== undefined || signal !== undefined);
    const watch = {
      signals: jobs.map(({ signal }) => signal),
      ...(jobs.some(({ onToken }) => onToken !== undefined) && {
        onTokens: (drawn: readonly { request: number; member: number; token: number; logProb: number }[]) => {
          for (const { request, member, token, logProb } of drawn) jobs[request]?.onToken?.(member, token, logProb);
        },
      }),
    };
    try {
      const requests = jobs.map(({ request }) => request);
      const options = { ...jobs[0]?.options, maxNewTokens };
      const samples = await (watched
        ? this.engine.sample(requests, options, watch)
        : this.engine.sample(requests, options));
      batch.forEach(({ resolve }, i) => resolve(samples[i] as Sample[]));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

/** What a job that was aborted before its turn has. */
const EMPTY: Sample = { tokens: new Int32Array(0), logProbs: new Float32Array(0), finish: 'length' };
