import type { DrawnToken, Sample, SampleOptions, SampleRequest, TokenTrie } from '../engine.js';
import type { ModelConfig } from '../model/config.js';
import { decodeGraph } from '../nn/graphs.js';
import { chooseToken, uniform } from './choose-token.js';
import { KvTimeline } from './kv-timeline.js';
import type { ModelState } from './model-state.js';
import { prefillPrompts, type PrefilledPrompt } from './prefill.js';
import type { SessionCache } from './session-cache.js';
import { tensor, type GraphSession } from './session.js';

/** Rows that are generated side by side; more gain little once a step is bound by arithmetic. */
const MAX_ROWS = 64;
const MAX_CACHE_BYTES = 2 ** 31;
/** Finished rows are dropped from the batch once at most this share is still alive. */
const SHRINK_AT = 0.75;

/** Longest completion from which on the weights are compiled into the graph of a step. */
const STEPS_WORTH_COMPILING = 32;
/** Compiled weights take memory a second time. */
const MOST_CONSTANT_WEIGHTS = 2 ** 26;

/** Sees a completion token by token; true once it holds a stop string. */
export interface StopWatcher {
  push(token: number): boolean;
}

/** What looks over the sampler's shoulder. */
export interface SamplingFollower {
  /** Makes a watcher for each completion; absent where there are no stop strings. */
  readonly watchStops?: (() => StopWatcher) | undefined;
  /** One a request, written by another thread: not 0 ends its completions. */
  readonly cancelled?: Uint8Array | undefined;
  /** Sees the tokens of each step. */
  readonly report?: ((drawn: readonly DrawnToken[]) => void) | undefined;
}

/** One completion to make. */
interface Job {
  readonly request: number;
  readonly member: number;
  readonly seed: number;
  readonly cap: number;
  /** Tokens of the completion that the prompt ends with. */
  readonly drawn: number;
}

/** A completion in the making. */
interface Row {
  readonly job: Job;
  readonly tokens: number[];
  readonly logProbs: number[];
  /** Time of the first prompt token on the timeline. */
  start: number;
  /** Position of the token that is read next. */
  position: number;
  trie: TokenTrie | undefined;
  readonly stop: StopWatcher | undefined;
}

/** Generates completions: see `Engine.sample`. */
export async function sampleCompletions(
  sessions: SessionCache,
  model: ModelState,
  requests: readonly SampleRequest[],
  options: SampleOptions,
  follower: SamplingFollower = {},
): Promise<Sample[][]> {
  const run = new SamplingRun(sessions, model, requests, options, follower);
  return await run.finish();
}

class SamplingRun {
  private readonly queue: Job[];
  private next = 0;
  private readonly prompts = new Map<number, PrefilledPrompt>();
  private readonly results: Sample[][];
  private readonly endTokens: ReadonlySet<number>;
  private rows: (Row | null)[];
  private drawn: DrawnToken[] = [];
  private readonly timeline: KvTimeline;

  constructor(
    private readonly sessions: SessionCache,
    private readonly model: ModelState,
    private readonly requests: readonly SampleRequest[],
    private readonly options: SampleOptions,
    private readonly follower: SamplingFollower,
  ) {
    const { config } = model;
    this.queue = requests.flatMap(({ prompt, seeds, maxNewTokens = Infinity, drawn = 0 }, request) => {
      const cap = Math.min(maxNewTokens, options.maxNewTokens, config.contextLength - prompt.length);
      return seeds.map((seed, member) => ({ request, member, seed, cap, drawn }));
    });
    this.results = requests.map(() => []);
    this.endTokens = new Set([...config.eosTokenIds, ...(options.stopTokenIds ?? [])]);
    const longest = Math.max(1, ...requests.map(({ prompt }) => prompt.length));
    const window = longest + Math.max(1, ...this.queue.map(({ cap }) => cap));
    const count = rowCount(config, KvTimeline.mostRoom(window), this.queue.length);
    this.timeline = new KvTimeline(config, count, window, longest);
    this.rows = Array.from({ length: count }, () => null);
  }

  async finish(): Promise<Sample[][]> {
    const session = await this.session();
    const { vocabSize } = this.model.config;
    let probs = new Float32Array(this.rows.length * vocabSize);
    for (;;) {
      await this.fillFreeRows();
      this.report();
      if (this.rows.every((row) => row === null)) return this.results;
      this.shrink();
      const count = this.rows.length;
      if (probs.length > count * vocabSize) probs = probs.subarray(0, count * vocabSize);
      const cache = this.timeline.tensors();
      const feeds = { ...this.stepFeeds(), ...cache.feeds };
      const fetches = { ...cache.fetches, probs: tensor(probs, [count, vocabSize]) };
      await session.run(feeds, fetches, { batch: count });
      const living = this.rows.map((row) => row?.start ?? Infinity);
      const moved = this.timeline.advance(Math.min(...living));
      this.rows.forEach((row, i) => {
        if (row === null) return;
        row.start -= moved;
        row.position++;
        if (this.extend(row, probs.subarray(i * vocabSize, (i + 1) * vocabSize))) this.rows[i] = null;
      });
    }
  }

  /** Constant weights make a step faster; compiling them in takes about as long as a dozen steps save. */
  private async session(): Promise<GraphSession> {
    const { config, weights } = this.model;
    const steps = Math.max(0, ...this.queue.map(({ cap }) => cap));
    if (steps < STEPS_WORTH_COMPILING || weights.layout.length > MOST_CONSTANT_WEIGHTS) {
      return await this.sessions.get(config, 'decode', () => decodeGraph(config));
    }
    return await this.sessions.withWeights(this.model, () => decodeGraph(config, weights.layout));
  }

  private stepFeeds() {
    const count = this.rows.length;
    const ids = new Int32Array(count);
    const positions = new BigInt64Array(count);
    const inverse = new Float32Array(count).fill(1);
    this.rows.forEach((row, i) => {
      if (row === null) return;
      ids[i] = row.tokens.at(-1) as number;
      positions[i] = BigInt(row.position);
      inverse[i] = 1 / this.temperature(row.tokens.length);
    });
    return {
      ...this.model.tensors,
      ids: tensor(ids, [count]),
      positions: tensor(positions, [count, 1]),
      inverseTemperature: tensor(inverse, [count, 1]),
      mask: tensor(this.timeline.mask(this.rows.map((row) => row?.start ?? 0)), [count, 1, 1, this.timeline.past]),
    };
  }

  /** Temperature of new token `index`; greedy choice reports log-probs at temperature 1. */
  private temperature(index: number): number {
    const { temperature = 1 } = this.options;
    const value = typeof temperature === 'number' ? temperature : (temperature[index] ?? temperature.at(-1) ?? 1);
    return value === 0 ? 1 : value;
  }

  private greedy(index: number): boolean {
    const { temperature = 1 } = this.options;
    return (typeof temperature === 'number' ? temperature : (temperature[index] ?? temperature.at(-1))) === 0;
  }

  /** Starts waiting jobs in free rows; a completion may end with its first token, so its row may be free again. */
  private async fillFreeRows(): Promise<void> {
    for (;;) {
      const free = [...this.rows.keys()].filter((i) => this.rows[i] === null);
      const jobs = this.queue.slice(this.next, this.next + free.length);
      if (jobs.length === 0) return;
      await this.prefill(jobs);
      this.next += jobs.length;
      jobs.forEach((job, i) => this.startRow(free[i] as number, job));
      for (const request of this.prompts.keys()) {
        if (request < (this.queue[this.next]?.request ?? Infinity)) this.prompts.delete(request);
      }
    }
  }

  private async prefill(jobs: readonly Job[]): Promise<void> {
    const missing = [...new Set(jobs.map((job) => job.request))].filter((request) => !this.prompts.has(request));
    const prompts = missing.map((request) => (this.requests[request] as SampleRequest).prompt);
    const prefilled = await prefillPrompts(this.sessions, this.model, prompts, this.temperature(0));
    missing.forEach((request, i) => this.prompts.set(request, prefilled[i] as PrefilledPrompt));
  }

  private startRow(index: number, job: Job): void {
    const { layers, place, length, probs } = this.prompts.get(job.request) as PrefilledPrompt;
    const start = this.timeline.insert(index, layers, place, length);
    const begun = { tokens: [], logProbs: [], trie: this.options.constraint, stop: this.stopWatcher(job) };
    const row: Row = { ...begun, job, start, position: length };
    this.rows[index] = this.extend(row, probs) ? null : row;
  }

  private stopWatcher({ request, drawn }: Job): StopWatcher | undefined {
    const watcher = this.follower.watchStops?.();
    if (watcher !== undefined && drawn > 0) {
      for (const token of (this.requests[request] as SampleRequest).prompt.subarray(-drawn)) watcher.push(token);
    }
    return watcher;
  }

  /** Draws the row's next token; true when that ends it. */
  private extend(row: Row, probs: Float32Array): boolean {
    const { job, tokens, logProbs } = row;
    const index = tokens.length;
    if (index >= job.cap || this.follower.cancelled?.[job.request]) return this.retire(row, 'length');
    const u = this.greedy(index) ? null : uniform(job.seed, job.drawn + index);
    const token = chooseToken(probs, u, { ...this.options, trie: row.trie });
    tokens.push(token);
    const logProb = Math.log(probs[token] as number);
    logProbs.push(logProb);
    row.trie = row.trie?.children.get(token);
    const pathEnded = row.trie?.children.size === 0;
    const stopped = this.endTokens.has(token) || pathEnded || row.stop?.push(token) === true;
    const finish = stopped ? 'stop' : tokens.length >= job.cap ? 'length' : undefined;
    if (this.follower.report) {
      const { request, member } = job;
      this.drawn.push({ request, member, token, logProb: Math.fround(logProb), ...(finish && { finish }) });
    }
    return finish !== undefined && this.retire(row, finish);
  }

  private retire({ job, tokens, logProbs }: Row, finish: Sample['finish']): true {
    const group = this.results[job.request] as Sample[];
    group[job.member] = { tokens: Int32Array.from(tokens), logProbs: Float32Array.from(logProbs), finish };
    return true;
  }

  private report(): void {
    if (this.drawn.length === 0) return;
    this.follower.report?.(this.drawn);
    this.drawn = [];
  }

  private shrink(): void {
    const living = [...this.rows.keys()].filter((i) => this.rows[i] !== null);
    if (living.length > this.rows.length * SHRINK_AT) return;
    this.timeline.keepRows(living);
    this.rows = living.map((i) => this.rows[i] as Row);
  }
}

function rowCount(config: ModelConfig, capacity: number, jobs: number): number {
  const bytesPerRow = capacity * config.layers * 2 * config.kvHeads * config.headDim * 4;
  return Math.max(1, Math.min(MAX_ROWS, jobs, Math.floor(MAX_CACHE_BYTES / bytesPerRow)));
}
