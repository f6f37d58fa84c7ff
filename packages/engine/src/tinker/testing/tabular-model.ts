import type { AdamParams, Datum } from '../wire.js';
import type { Reduction } from '../server-facts.js';

/** What a checkpoint of a tabular model holds. */
export interface TabularState {
  readonly delta: Float64Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
  readonly steps: number;
}

/** A language model small enough to check by hand: the logits of the next token are a row of a table for the last one. */
export class TabularModel {
  readonly gradient: Float64Array;
  /** The gradient that the last step took, after all reductions. */
  taken: Float64Array;
  private readonly delta: Float64Array;
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private sequences = 0;
  private steps = 0;

  constructor(
    readonly vocabSize: number,
    private readonly reduction: Reduction,
    state?: TabularState,
  ) {
    const size = vocabSize ** 2;
    this.gradient = new Float64Array(size);
    this.taken = new Float64Array(size);
    this.delta = Float64Array.from(state?.delta ?? new Float64Array(size));
    this.first = Float64Array.from(state?.first ?? new Float64Array(size));
    this.second = Float64Array.from(state?.second ?? new Float64Array(size));
    this.steps = state?.steps ?? 0;
  }

  state(): TabularState {
    const { delta, first, second, steps } = this;
    return { delta: delta.slice(), first: first.slice(), second: second.slice(), steps };
  }

  /** [vocabulary] Log-probs after `token`. The base table is a fixed pattern, different in each row. */
  logProbs(token: number): Float64Array {
    const start = token * this.vocabSize;
    const logits = Float64Array.from({ length: this.vocabSize }, (_, next) => {
      return Math.sin(1 + token * 7 + next * 3) + (this.delta[start + next] as number);
    });
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    return logits.map((logit) => logit - total);
  }

  /** Log-probs of the targets. */
  score({ model_input, loss_fn_inputs }: Datum): number[] {
    const inputs = model_input.chunks.flatMap(({ tokens }) => tokens);
    const targets = loss_fn_inputs.target_tokens?.data ?? [];
    return inputs.map((token, t) => this.logProbs(token)[targets[t] as number] as number);
  }

  accumulate(datum: Datum, loss: string, config: Readonly<Record<string, number | string>>): void {
    const inputs = datum.model_input.chunks.flatMap(({ tokens }) => tokens);
    const column = (name: string) => datum.loss_fn_inputs[name]?.data;
    const targets = column('target_tokens') ?? [];
    const weights = column('weights') ?? targets.map(() => 1);
    const low = Number(config.clip_low_threshold ?? 0.8);
    const high = Number(config.clip_high_threshold ?? 1.2);
    const divisor = Math.max(
      weights.reduce((sum, weight) => sum + weight, 0),
      1e-9,
    );
    const scale = this.reduction === 'sum' ? 1 : 1 / divisor;
    this.sequences++;
    for (const [t, token] of inputs.entries()) {
      const logs = this.logProbs(token);
      const target = targets[t] as number;
      const ratio = Math.exp((logs[target] as number) - (column('logprobs')?.[t] ?? 0));
      const advantage = column('advantages')?.[t] ?? 0;
      const clipped = Math.min(Math.max(ratio, low), high);
      const byLogProb = -(weights[t] ?? 0) * slopeOf(loss, { ratio, clipped, advantage });
      for (let next = 0; next < this.vocabSize; next++) {
        const slope = (next === target ? 1 : 0) - Math.exp(logs[next] as number);
        const at = token * this.vocabSize + next;
        this.gradient[at] = (this.gradient[at] as number) + scale * byLogProb * slope;
      }
    }
  }

  /** AdamW without decay; gives the norm of the gradient. */
  step({ learning_rate: rate, beta1, beta2, eps }: AdamParams): number {
    const mean = this.reduction === 'sum' ? 1 : Math.max(1, this.sequences);
    this.taken = this.gradient.map((value) => value / mean);
    this.steps++;
    for (const [i, value] of this.taken.entries()) {
      const first = (this.first[i] = beta1 * (this.first[i] as number) + (1 - beta1) * value);
      const second = (this.second[i] = beta2 * (this.second[i] as number) + (1 - beta2) * value * value);
      const direction = first / (1 - beta1 ** this.steps) / (Math.sqrt(second / (1 - beta2 ** this.steps)) + eps);
      this.delta[i] = (this.delta[i] as number) - rate * direction;
    }
    this.gradient.fill(0);
    this.sequences = 0;
    return Math.hypot(...this.taken);
  }

  /** Draws tokens after `prompt`; the draw is a function of the seed. */
  sample(prompt: readonly number[], maxTokens: number, seed: number, temperature: number, stop: readonly number[]) {
    const tokens: number[] = [];
    const logprobs: number[] = [];
    let last = prompt.at(-1) as number;
    let state = seed >>> 0;
    while (tokens.length < maxTokens) {
      const logs = this.logProbs(last);
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      last = temperature === 0 ? logs.indexOf(Math.max(...logs)) : draw(logs, temperature, state / 2 ** 32);
      tokens.push(last);
      logprobs.push(logs[last] as number);
      if (stop.includes(last)) return { tokens, logprobs, stop_reason: 'stop' as const };
    }
    return { tokens, logprobs, stop_reason: 'length' as const };
  }
}

interface Surrogate {
  readonly ratio: number;
  readonly clipped: number;
  readonly advantage: number;
}

/** Derivative by the log-prob of what the loss has under its minus. */
function slopeOf(loss: string, { ratio, clipped, advantage }: Surrogate): number {
  if (loss === 'cross_entropy') return 1;
  if (loss === 'cispo') return clipped * advantage;
  if (loss === 'ppo' && clipped * advantage < ratio * advantage) return 0;
  return ratio * advantage;
}

function draw(logs: Float64Array, temperature: number, point: number): number {
  const weights = logs.map((log) => Math.exp(log / temperature));
  let left = point * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [token, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return token;
  }
  return weights.length - 1;
}
