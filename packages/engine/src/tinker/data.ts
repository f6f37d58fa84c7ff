import type { TokenBatch } from '../engine.js';
import { EngineError, shown } from '../errors.js';
import type { Datum, ForwardBackwardOutput, WireTensor } from './wire.js';

/** One sequence on the wire, and where its targets lie in the batch: target i is token `start + 1 + i`. */
export interface Placed {
  readonly datum: Datum;
  readonly start: number;
  readonly targets: number;
}

/** The inputs of one sequence's loss, aligned with its targets. */
export type LossInputs = (from: number, to: number) => Readonly<Record<string, WireTensor>>;

/** Sequences of one token have no target and are left out. `inputs` is asked with the token range of the targets. */
export function toData({ tokens, offsets }: TokenBatch, inputs: LossInputs): Placed[] {
  const placed: Placed[] = [];
  for (let i = 0; i + 1 < offsets.length; i++) {
    const start = offsets[i] as number;
    const end = offsets[i + 1] as number;
    if (end - start < 2) continue;
    const sequence = Array.from(tokens.subarray(start, end));
    const datum: Datum = {
      model_input: { chunks: [{ type: 'encoded_text', tokens: sequence.slice(0, -1) }] },
      loss_fn_inputs: { target_tokens: whole(sequence.slice(1)), ...inputs(start + 1, end) },
    };
    placed.push({ datum, start, targets: end - start - 1 });
  }
  return placed;
}

export function whole(data: readonly number[]): WireTensor {
  return { data, dtype: 'int64', shape: [data.length] };
}

export function floats(data: readonly number[]): WireTensor {
  return { data, dtype: 'float32', shape: [data.length] };
}

/** 1 for each token that is scored; the first token of a sequence never is. */
export function scoredMask({ tokens, offsets, scored }: TokenBatch): Uint8Array {
  const mask = scored === undefined ? new Uint8Array(tokens.length).fill(1) : Uint8Array.from(scored);
  for (const offset of offsets.subarray(0, -1)) mask[offset] = 0;
  return mask;
}

/** [tokens] Log-probs of the answers laid out as the batch is; unscored entries are 0. */
export function gatherLogProbs(
  batch: TokenBatch,
  placed: readonly Placed[],
  outputs: readonly ForwardBackwardOutput[],
) {
  const logProb = new Float32Array(batch.tokens.length);
  const records = outputs.flatMap(({ loss_fn_outputs }) => loss_fn_outputs);
  for (const [i, { start, targets }] of placed.entries()) {
    const values = records[i]?.logprobs?.data;
    if (values?.length !== targets) {
      throw new EngineError('server-failed', {
        at: 'TinkerEngine',
        rule: `sequence ${i} must have a log-prob for each of its ${targets} targets`,
        got: shown(values?.length),
        fix: 'use a server that returns logprobs with forward and forward_backward',
      });
    }
    logProb.set(values, start + 1);
  }
  const mask = scoredMask(batch);
  return logProb.map((value, t) => (mask[t] === 1 ? value : 0));
}

/** Cuts a long list of data into requests as the Python SDK does: 1,024 sequences or about 5 MB each. */
export function inChunks(data: readonly Datum[], maxData = 1024, maxNumbers = 500_000): Datum[][] {
  const chunks: Datum[][] = [];
  let numbers = 0;
  for (const datum of data) {
    const size = sizeOf(datum);
    const last = chunks.at(-1);
    if (last === undefined || last.length >= maxData || numbers + size > maxNumbers) {
      chunks.push([datum]);
      numbers = size;
    } else {
      last.push(datum);
      numbers += size;
    }
  }
  return chunks;
}

function sizeOf({ model_input, loss_fn_inputs }: Datum): number {
  const tokens = model_input.chunks.reduce((sum, chunk) => sum + chunk.tokens.length, 0);
  return Object.values(loss_fn_inputs).reduce((sum, { data }) => sum + data.length, tokens);
}
