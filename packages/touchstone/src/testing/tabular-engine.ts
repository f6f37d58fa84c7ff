import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  ColumnRequest,
  Engine,
  OptimOptions,
  Sample,
  SampleOptions,
  SampleRequest,
  TokenBatch,
  TokenColumns,
  TokenGradients,
} from '@touchstone/engine';
import { Random } from '../random.js';

/**
 * An engine for tests, small enough to check by hand and fast enough to train in a test: the logits of the next token
 * are a row of a table for the last two tokens, and so is its value where it has a value head. Every verb is the real
 * thing: exact log-probs and entropies, exact gradients, AdamW without decay, states that restore bit for bit. Not
 * covered: top-p, top-k, tries, stop strings.
 */
export class TabularEngine implements Engine {
  readonly model;
  private readonly table: Float64Array;
  private readonly gradient: Float64Array;
  private readonly moments: readonly [Float64Array, Float64Array];
  private steps = 0;
  private hasValues = false;

  constructor(
    private readonly vocabSize: number,
    private readonly endToken: number,
    private readonly contextLength = 64,
    private readonly frozen = false,
  ) {
    // Logits, and behind them one value a pair of tokens.
    const size = vocabSize ** 3 + vocabSize ** 2;
    this.table = new Float64Array(size);
    this.gradient = new Float64Array(size);
    this.moments = [new Float64Array(size), new Float64Array(size)];
    this.model = { family: 'tabular', parameters: size, vocabSize, contextLength, eosTokenIds: [endToken] };
  }

  async sample(requests: readonly SampleRequest[], options: SampleOptions): Promise<Sample[][]> {
    return Promise.resolve(
      requests.map((request) => request.seeds.map((seed) => this.sampleOne(request, seed, options))),
    );
  }

  private sampleOne(request: SampleRequest, seed: number, { temperature = 1, ...options }: SampleOptions): Sample {
    const { prompt, drawn = 0, maxNewTokens = Infinity } = request;
    const random = new Random(seed);
    // One number a token: those that were drawn before the cut have had theirs.
    for (let i = 0; i < drawn; i++) random.float();
    const tokens = [...prompt];
    const logProbs: number[] = [];
    const budget = Math.min(maxNewTokens, options.maxNewTokens, this.contextLength - prompt.length);
    let finish: Sample['finish'] = 'length';
    for (let i = 0; i < budget && finish === 'length'; i++) {
      const scale = typeof temperature === 'number' ? temperature : (temperature[i] ?? temperature.at(-1) ?? 1);
      const logs = this.logProbs(tokens, tokens.length, scale === 0 ? 1 : scale);
      const token = scale === 0 ? logs.indexOf(Math.max(...logs)) : random.weighted(Array.from(logs, Math.exp));
      tokens.push(token);
      logProbs.push(logs[token] as number);
      if (token === this.endToken) finish = 'stop';
    }
    const completion = Int32Array.from(tokens.slice(prompt.length));
    return { tokens: completion, logProbs: Float32Array.from(logProbs), finish };
  }

  /** Sets the logits of what follows these two tokens, the earlier 0 at the beginning. */
  setLogits([before, last]: readonly [before: number, last: number], logits: readonly number[]): void {
    this.table.set(logits, this.rowAt([before, last], 2));
  }

  /** [vocabulary] Log-probs of the token at `position`. */
  private logProbs(tokens: ArrayLike<number>, position: number, temperature: number): Float64Array {
    const row = this.rowAt(tokens, position);
    const logits = this.table.subarray(row, row + this.vocabSize).map((logit) => logit / temperature);
    const top = Math.max(...logits);
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0)) + top;
    return logits.map((logit) => logit - total);
  }

  private rowAt(tokens: ArrayLike<number>, position: number): number {
    const before = position >= 2 ? (tokens[position - 2] as number) : 0;
    return (before * this.vocabSize + (tokens[position - 1] as number)) * this.vocabSize;
  }

  private valueAt(row: number): number {
    return this.vocabSize ** 3 + row / this.vocabSize;
  }

  async forward(batch: TokenBatch, { topK = 0, value = false, tokenIds }: ColumnRequest = {}): Promise<TokenColumns> {
    const size = batch.tokens.length;
    if (value) this.needValues();
    const columns = {
      ...(value && { value: new Float32Array(size) }),
      ...(topK > 0 && { topKIds: new Int32Array(size * topK), topKLogProb: new Float32Array(size * topK) }),
      ...(tokenIds && { tokenIdsLogProb: new Float32Array(tokenIds.ids.length) }),
      logProb: new Float32Array(size),
      entropy: new Float32Array(size),
      meanLogProb: new Float32Array(size),
      topLogProb: new Float32Array(size),
      logit: new Float32Array(size),
    };
    this.eachScored(batch, (t, token, row, logs) => {
      columns.logit[t] = this.table[row + token] as number;
      columns.logProb[t] = logs[token] as number;
      columns.entropy[t] = entropyOf(logs);
      columns.meanLogProb[t] = logs.reduce((sum, value) => sum + value, 0) / logs.length;
      columns.topLogProb[t] = Math.max(...logs);
      if (columns.value) columns.value[t] = this.table[this.valueAt(row)] as number;
      for (let i = t * (tokenIds?.width ?? 0); i < (t + 1) * (tokenIds?.width ?? 0); i++) {
        if (columns.tokenIdsLogProb) columns.tokenIdsLogProb[i] = logs[tokenIds?.ids[i] as number] as number;
      }
      const ids = Array.from(logs.keys()).sort((a, b) => (logs[b] as number) - (logs[a] as number));
      columns.topKIds?.set(ids.slice(0, topK), t * topK);
      columns.topKLogProb?.set(
        ids.slice(0, topK).map((id) => logs[id] as number),
        t * topK,
      );
    });
    return Promise.resolve(columns);
  }

  async forwardBackward(batch: TokenBatch, gradients: TokenGradients): Promise<TokenColumns> {
    if (this.frozen) throw new Error('forwardBackward: the engine must not be frozen');
    const { topK, value } = gradients;
    if (value) this.needValues();
    this.eachScored(batch, (t, token, row, logs, temperature) => {
      const at = this.valueAt(row);
      this.gradient[at] = (this.gradient[at] as number) + (value?.[t] ?? 0);
      const byLogProb = (gradients.logProb[t] as number) / temperature;
      const byEntropy = (gradients.entropy?.[t] ?? 0) / temperature;
      const byMean = (gradients.meanLogProb?.[t] ?? 0) / temperature;
      const entropy = entropyOf(logs);
      const byToken = new Float64Array(logs.length);
      byToken[token] = byLogProb;
      for (let i = 0; i < (topK?.width ?? 0); i++) {
        const at = t * (topK?.width ?? 0) + i;
        const id = topK?.ids[at] as number;
        byToken[id] = (byToken[id] as number) + (topK?.weights[at] as number) / temperature;
      }
      const byAll = byToken.reduce((sum, weight) => sum + weight, 0);
      for (const [v, log] of logs.entries()) {
        const p = Math.exp(log);
        const change =
          (byToken[v] as number) - byAll * p - byEntropy * p * (log + entropy) + byMean * (1 / logs.length - p);
        this.gradient[row + v] = (this.gradient[row + v] as number) + change;
      }
    });
    return this.forward(batch);
  }

  private eachScored(
    { tokens, offsets, scored, temperature = 1 }: TokenBatch,
    visit: (t: number, token: number, row: number, logs: Float64Array, temperature: number) => void,
  ): void {
    for (let sequence = 0; sequence + 1 < offsets.length; sequence++) {
      const start = offsets[sequence] as number;
      const own = tokens.subarray(start, offsets[sequence + 1]);
      for (let position = 1; position < own.length; position++) {
        const t = start + position;
        if (scored !== undefined && scored[t] === 0) continue;
        const scale = typeof temperature === 'number' ? temperature : (temperature[t] as number);
        visit(t, own[position] as number, this.rowAt(own, position), this.logProbs(own, position, scale), scale);
      }
    }
  }

  async optimStep(options: OptimOptions): Promise<{ gradNorm: number; step: number }> {
    const { learningRate, beta1 = 0.9, beta2 = 0.95, eps = 1e-8, maxGradNorm = 0 } = options;
    const gradNorm = Math.sqrt(this.gradient.reduce((sum, g) => sum + g * g, 0));
    if (!Number.isFinite(gradNorm)) return Promise.resolve({ gradNorm, step: this.steps });
    const cut = maxGradNorm > 0 && gradNorm > maxGradNorm ? maxGradNorm / gradNorm : 1;
    const [first, second] = this.moments;
    this.steps++;
    for (const [i, raw] of this.gradient.entries()) {
      const g = raw * cut;
      const m = beta1 * (first[i] as number) + (1 - beta1) * g;
      const v = beta2 * (second[i] as number) + (1 - beta2) * g * g;
      [first[i], second[i]] = [m, v];
      const step = m / (1 - beta1 ** this.steps) / (Math.sqrt(v / (1 - beta2 ** this.steps)) + eps);
      this.table[i] = (this.table[i] as number) - learningRate * step;
    }
    this.gradient.fill(0);
    return Promise.resolve({ gradNorm, step: this.steps });
  }

  async addValueHead(seed: number): Promise<void> {
    if (this.hasValues) return Promise.resolve();
    this.hasValues = true;
    const random = new Random(seed);
    for (let i = this.vocabSize ** 3; i < this.table.length; i++) this.table[i] = random.normal() / 10;
    return Promise.resolve();
  }

  private needValues(): void {
    if (!this.hasValues) throw new Error('TabularEngine: values need a value head; call addValueHead first');
  }

  async saveState(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    const all = [this.table, ...this.moments].map((array) => Array.from(array));
    await writeFile(join(folder, 'tabular.json'), JSON.stringify({ steps: this.steps, all }));
  }

  async loadState(folder: string): Promise<void> {
    const text = await readFile(join(folder, 'tabular.json'), 'utf8');
    const { steps, all } = JSON.parse(text) as { steps: number; all: number[][] };
    this.steps = steps;
    for (const [i, array] of [this.table, ...this.moments].entries()) array.set(all[i] ?? []);
  }

  async fork({ frozen = false }: { readonly frozen?: boolean } = {}): Promise<Engine> {
    const copy = new TabularEngine(this.vocabSize, this.endToken, this.contextLength, frozen);
    copy.table.set(this.table);
    copy.hasValues = this.hasValues;
    return Promise.resolve(copy);
  }

  async moveTowards(other: Engine, share: number): Promise<void> {
    const theirs = (other as TabularEngine).table;
    for (const [i, own] of this.table.entries()) this.table[i] = (1 - share) * own + share * (theirs[i] as number);
    return Promise.resolve();
  }

  async dispose(): Promise<void> {
    return Promise.resolve();
  }
}

function entropyOf(logs: Float64Array): number {
  return -logs.reduce((sum, log) => sum + Math.exp(log) * log, 0);
}
