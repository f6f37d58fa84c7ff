import type { DrawnToken, Engine, Sample, SampleOptions, SampleRequest } from '@touchstone/engine';

/** One request to sample, as a client made it. */
export interface SampleJob {
  readonly request: Pick<SampleRequest, 'prompt' | 'seeds'> & { readonly maxNewTokens: number };
  /** Jobs with equal options are sampled side by side. */
  readonly options: Omit<SampleOptions, 'maxNewTokens' | 'temperature' | 'constraint'> & {
    readonly temperature?: number;
  };
  /** Each token of completion `member` as it is drawn, where the engine tells; see `Engine.sample`. */
  readonly onToken?: (member: number, token: number, logProb: number) => void;
  /** Once aborted the job ends with what it has. */
  readonly signal?: AbortSignal;
}

/** A job under way: its completions so far, and which of them are whole. */
interface Entry {
  readonly job: SampleJob;
  readonly key: string;
  readonly samples: Sample[];
  readonly whole: boolean[];
  readonly resolve: (samples: Sample[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A request of one call of the engine, and which completions of which job it makes. */
interface Part {
  readonly entry: Entry;
  readonly members: readonly number[];
  readonly request: SampleRequest & { readonly maxNewTokens: number };
  /** What the engine has told of each so far. */
  readonly told: readonly { readonly tokens: number[]; readonly logProbs: number[] }[];
}

export interface BatcherOptions {
  /** Completions that one call of the engine makes; a job with more has a call of its own. */
  readonly maxCompletions: number;
  /** How long the first of several jobs waits for the others, in milliseconds. */
  readonly gatherMs?: number;
  /** How long a call runs before jobs that have come since join it. */
  readonly joinMs?: number;
  /** How long it runs while jobs wait that cannot join it. */
  readonly turnMs?: number;
}

/** A call is cut at these times at most, because what has been written is read again when it goes on. */
const JOIN_MS = 250;
const TURN_MS = 2000;

/**
 * Samples what concurrent clients ask for in common calls of the engine. A job that comes while a call runs joins it: the
 * call is cut, and the next one goes on with its completions and the new ones. Jobs that cannot join, for their options or
 * for want of room, take turns with those that run. Draws are those of a call that was not cut. No turn comes before an
 * older one.
 */
export class SampleBatcher {
  private waiting: Entry[] = [];
  /** The call under way: when it began, what runs in it and how it is cut. */
  private call: { readonly began: number; readonly batch: readonly Entry[]; readonly cut: AbortController } | undefined;
  private draining = false;
  /** Grows while calls are cut before each of their completions has a token more: reading them takes that long. */
  private patience = 1;

  constructor(
    private readonly engine: Engine,
    private readonly options: BatcherOptions,
  ) {}

  /** Jobs that are not in the call under way. */
  get queued(): number {
    return this.waiting.length;
  }

  run(job: SampleJob): Promise<Sample[]> {
    return new Promise((resolve, reject) => {
      const samples = job.request.seeds.map(() => EMPTY);
      const whole = job.request.seeds.map(() => false);
      this.waiting.push({ job, key: JSON.stringify(job.options), samples, whole, resolve, reject });
      this.cutLater();
      if (this.draining) return;
      this.draining = true;
      setTimeout(() => void this.drain(), this.options.gatherMs ?? 0);
    });
  }

  private async drain(): Promise<void> {
    for (;;) {
      const batch = this.takeBatch();
      if (batch.length === 0) break;
      await this.sample(batch);
    }
    this.draining = false;
  }

  /** The oldest job with every other that may run beside it. */
  private takeBatch(): Entry[] {
    for (const { job, samples, resolve } of this.waiting) if (job.signal?.aborted === true) resolve(samples);
    this.waiting = this.waiting.filter(({ job }) => job.signal?.aborted !== true);
    const batch: Entry[] = [];
    for (const each of this.waiting) if (batch.length === 0 || this.fits(each, batch)) batch.push(each);
    this.waiting = this.waiting.filter((each) => !batch.includes(each));
    return batch;
  }

  private fits(entry: Entry, batch: readonly Entry[]): boolean {
    const room = batch.reduce((left, each) => left - missing(each), this.options.maxCompletions);
    return entry.key === batch[0]?.key && missing(entry) <= room;
  }

  /** Sees to it that the call under way makes room for what waits. */
  private cutLater(): void {
    const { call } = this;
    const [next] = this.waiting;
    if (call === undefined || next === undefined) return;
    const { joinMs = JOIN_MS, turnMs = TURN_MS } = this.options;
    const runs = this.patience * (this.fits(next, call.batch) ? joinMs : turnMs);
    // By the time of a later turn something else may run.
    setTimeout(
      () => this.call === call && call.cut.abort(),
      Math.max(0, call.began + runs - performance.now()),
    ).unref();
  }

  private async sample(batch: readonly Entry[]): Promise<void> {
    const cut = new AbortController();
    this.call = { began: performance.now(), batch, cut };
    this.cutLater();
    const parts = batch.flatMap((entry) => partsOf(entry));
    try {
      const options = {
        ...batch[0]?.job.options,
        maxNewTokens: Math.max(...parts.map(({ request }) => request.maxNewTokens)),
      };
      const watch = {
        signals: parts.map(({ entry: { job } }) =>
          job.signal === undefined ? cut.signal : AbortSignal.any([job.signal, cut.signal]),
        ),
        onTokens: (drawn: readonly DrawnToken[]) => tell(parts, drawn),
      };
      const samples = await this.engine.sample(
        parts.map(({ request }) => request),
        options,
        watch,
      );
      const stuck = cut.signal.aborted && samples.flat().some(({ tokens }) => tokens.length === 0);
      this.patience = stuck ? 2 * this.patience : 1;
      parts.forEach((part, i) => this.add(part, samples[i] as Sample[]));
      for (const entry of batch) this.settle(entry);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.call = undefined;
    }
  }

  /** What a call has made of those that did not end on the way. */
  private add({ entry, members, request }: Part, samples: readonly Sample[]): void {
    const room = Math.min(request.maxNewTokens, this.engine.model.contextLength - request.prompt.length);
    members.forEach((member, j) => {
      if (entry.whole[member] === true) return;
      const more = samples[j] as Sample;
      entry.samples[member] = joined(entry.samples[member] as Sample, more);
      entry.whole[member] = more.finish === 'stop' || more.tokens.length >= room;
    });
  }

  /** Answers a job whose client has gone with what it has; others that are not done wait for their next turn. */
  private settle(entry: Entry): void {
    if (missing(entry) === 0 || entry.job.signal?.aborted === true) entry.resolve(entry.samples);
    else this.waiting.push(entry);
  }
}

/** Completions that are not whole. */
function missing({ whole }: Entry): number {
  return whole.filter((each) => !each).length;
}

/** The requests that go on with a job: one for all completions that have not begun, one for each that has. */
function partsOf(entry: Entry): Part[] {
  const { prompt, seeds, maxNewTokens } = entry.job.request;
  const members = [...seeds.keys()].filter((member) => entry.whole[member] !== true);
  const drawnOf = (member: number) => (entry.samples[member] as Sample).tokens;
  const part = (list: readonly number[]): Part => {
    const drawn = drawnOf(list[0] as number);
    const request = {
      prompt: drawn.length === 0 ? prompt : Int32Array.of(...prompt, ...drawn),
      seeds: list.map((member) => seeds[member] as number),
      maxNewTokens: maxNewTokens - drawn.length,
      ...(drawn.length > 0 && { drawn: drawn.length }),
    };
    return { entry, members: list, request, told: list.map(() => ({ tokens: [], logProbs: [] })) };
  };
  const fresh = members.filter((member) => drawnOf(member).length === 0);
  const begun = members.filter((member) => drawnOf(member).length > 0);
  return [...(fresh.length > 0 ? [part(fresh)] : []), ...begun.map((member) => part([member]))];
}

/** Passes tokens on as they come, and answers a job with its last: others of its call may take much longer. */
function tell(parts: readonly Part[], drawn: readonly DrawnToken[]): void {
  for (const { request, member, token, logProb, finish } of drawn) {
    const { entry, members, told } = parts[request] as Part;
    const number = members[member] as number;
    const { tokens, logProbs } = told[member] as Part['told'][number];
    tokens.push(token);
    logProbs.push(logProb);
    entry.job.onToken?.(number, token, logProb);
    if (finish === undefined) continue;
    const end = { tokens: Int32Array.from(tokens), logProbs: Float32Array.from(logProbs), finish };
    entry.samples[number] = joined(entry.samples[number] as Sample, end);
    entry.whole[number] = true;
    if (missing(entry) === 0) entry.resolve(entry.samples);
  }
}

function joined(before: Sample, after: Sample): Sample {
  if (before.tokens.length === 0) return after;
  return {
    tokens: Int32Array.of(...before.tokens, ...after.tokens),
    logProbs: Float32Array.of(...before.logProbs, ...after.logProbs),
    finish: after.finish,
  };
}

/** A completion that has not begun. */
const EMPTY: Sample = { tokens: new Int32Array(0), logProbs: new Float32Array(0), finish: 'length' };
