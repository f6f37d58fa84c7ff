import type { Engine, ModelInfo, TokenBatch, TokenColumns } from '@touchstone/engine';
import { RequestFault } from '../http.js';
import type { TrainingDatum, TrainingRequest } from './bodies.js';
import { computeLosses, isLossName, lossNames, lossRules, type LossConfig, type LossName } from './losses.js';
import type { Tensor } from './tensors.js';

/** Output of one datum, an entry a target, row-major with `width` targets a position. */
export interface DatumOutput {
  readonly logprobs: Float32Array;
  readonly elementwise_loss: Float32Array;
  readonly width: number;
}

export interface ForwardBackwardOutput {
  readonly type: string;
  readonly data: readonly DatumOutput[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** A checked request: what the engine computes, and the loss on top of it. */
export interface TrainingBatch {
  readonly loss: LossName;
  readonly config: LossConfig;
  readonly data: readonly CheckedDatum[];
  readonly tokens: TokenBatch;
  /** Targets a position: the widest of the batch. */
  readonly width: number;
  /** [tokens, width] Targets where they are not the tokens of the sequences themselves. */
  readonly ids: Int32Array | undefined;
}

interface CheckedDatum {
  /** Entry of the batch's token columns that describes the first target. */
  readonly start: number;
  readonly positions: number;
  readonly width: number;
  readonly inputs: Readonly<Record<string, ArrayLike<number>>>;
}

/** Data a request may hold; the SDK sends at most 1,024 at a time. */
const MAX_DATA = 8192;

/** Checks a request against the loss that it names. Throws a `RequestFault` that names the first wrong field. */
export function trainingBatch(model: ModelInfo, request: TrainingRequest): TrainingBatch {
  const { data, lossName } = request;
  if (!isLossName(lossName)) throw new RequestFault(400, 'loss_fn', unknownLoss(lossName));
  if (data.length === 0 || data.length > MAX_DATA) {
    throw new RequestFault(400, 'data', `must hold 1 to ${MAX_DATA} data, got ${data.length}`);
  }
  const config = lossConfig(lossName, request.config);
  const offsets = new Int32Array(data.length + 1);
  data.forEach((datum, i) => (offsets[i + 1] = (offsets[i] as number) + datum.tokens.length + 1));
  const checked = data.map((datum, i) => checkDatum(model, lossName, datum, i, (offsets[i] as number) + 1));
  const width = Math.max(...checked.map((datum) => datum.width));
  const tokens = new Int32Array(offsets[data.length] as number);
  data.forEach((datum, i) => {
    tokens.set(datum.tokens, offsets[i]);
    tokens[(offsets[i + 1] as number) - 1] = targetsOf(datum)[targetsOf(datum).length - 1] as number;
  });
  const targets = targetIds(data, checked, tokens.length, width);
  const same = width === 1 && checked.every(({ start, positions }) => equalRange(tokens, targets, start, positions));
  return { loss: lossName, config, data: checked, tokens: { tokens, offsets }, width, ids: same ? undefined : targets };
}

function unknownLoss(name: string): string {
  const known = `must be one of ${lossNames.join(', ')}`;
  if (name === 'stable_reinforce') {
    return `${known}, got stable_reinforce, whose formula is not published; importance_sampling is its nearest relative`;
  }
  return `${known}, got ${JSON.stringify(name)}; other losses run by forward_backward_custom`;
}

function lossConfig(loss: LossName, given: TrainingRequest['config']): LossConfig {
  const known: Readonly<Record<string, number | undefined>> = lossRules[loss].config;
  for (const [name, value] of Object.entries(given)) {
    const field = `loss_fn_config.${name}`;
    if (!Object.hasOwn(known, name)) {
      throw new RequestFault(400, field, `is no setting of ${loss}; it has ${Object.keys(known).join(', ') || 'none'}`);
    }
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new RequestFault(400, field, `must be a finite number, got ${JSON.stringify(value)}`);
    }
  }
  const missing = Object.keys(known).find((name) => known[name] === undefined && given[name] === undefined);
  if (missing !== undefined) throw new RequestFault(400, `loss_fn_config.${missing}`, `must be given for ${loss}`);
  return given as LossConfig;
}

function checkDatum(
  model: ModelInfo,
  loss: LossName,
  datum: TrainingDatum,
  index: number,
  start: number,
): CheckedDatum {
  const at = `data[${index}]`;
  const positions = datum.tokens.length;
  if (positions === 0 || positions >= model.contextLength) {
    const rule = `must hold 1 to ${model.contextLength - 1} tokens, got ${positions}`;
    throw new RequestFault(400, `${at}.model_input`, rule);
  }
  checkTokens(model, `${at}.model_input`, datum.tokens);
  const { target_tokens: targets, ...inputs } = datum.inputs;
  if (targets === undefined) throw new RequestFault(400, `${at}.loss_fn_inputs.target_tokens`, 'must be given');
  const width = widthOf(`${at}.loss_fn_inputs.target_tokens`, targets, positions, loss);
  checkTokens(model, `${at}.loss_fn_inputs.target_tokens`, targets.data);
  checkInputs(`${at}.loss_fn_inputs`, loss, inputs, positions * width);
  return {
    start,
    positions,
    width,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, tensor.data])),
  };
}

function widthOf(field: string, { data, shape }: Tensor, positions: number, loss: LossName): number {
  const width = shape[1] ?? 1;
  if (shape[0] !== positions || shape.length > 2 || width < 1) {
    throw new RequestFault(
      400,
      field,
      `must have a row for each of ${positions} tokens, got shape [${shape.join(', ')}]`,
    );
  }
  if (width > 1 && loss !== 'cross_entropy') {
    throw new RequestFault(400, field, `must name one target a position for ${loss}, got ${width}`);
  }
  return data.length / positions;
}

function checkInputs(field: string, loss: LossName, inputs: TrainingDatum['inputs'], entries: number): void {
  const { needs, takes } = lossRules[loss];
  const known: readonly string[] = [...needs, ...takes];
  const missing = needs.find((name) => inputs[name] === undefined);
  if (missing !== undefined) throw new RequestFault(400, `${field}.${missing}`, `must be given for ${loss}`);
  for (const [name, { data }] of Object.entries(inputs)) {
    const at = `${field}.${name}`;
    if (!known.includes(name)) {
      throw new RequestFault(400, at, `is no input of ${loss}; it reads target_tokens, ${known.join(', ')}`);
    }
    if (data.length !== entries) {
      throw new RequestFault(400, at, `must have an entry for each of ${entries} targets, got ${data.length}`);
    }
    for (let t = 0; t < data.length; t++) {
      if (!Number.isFinite(data[t])) throw new RequestFault(400, at, `must be finite, got ${data[t]} at entry ${t}`);
    }
  }
}

function checkTokens(model: ModelInfo, field: string, tokens: ArrayLike<number>): void {
  for (let t = 0; t < tokens.length; t++) {
    const token = tokens[t] as number;
    if (Number.isInteger(token) && token >= 0 && token < model.vocabSize) continue;
    throw new RequestFault(400, field, `tokens must be in [0, ${model.vocabSize}), got ${token} at entry ${t}`);
  }
}

function targetsOf(datum: TrainingDatum): ArrayLike<number> {
  return (datum.inputs.target_tokens as Tensor).data;
}

/** [tokens, width] The targets of every position; a datum with fewer of them repeats token 0, whose weight stays 0. */
function targetIds(
  data: readonly TrainingDatum[],
  checked: readonly CheckedDatum[],
  length: number,
  width: number,
): Int32Array {
  const ids = new Int32Array(length * width);
  checked.forEach(({ start, positions, width: own }, i) => {
    const targets = targetsOf(data[i] as TrainingDatum);
    for (let t = 0; t < positions; t++) {
      for (let j = 0; j < own; j++) ids[(start + t) * width + j] = targets[t * own + j] as number;
    }
  });
  return ids;
}

function equalRange(a: Int32Array, b: Int32Array, start: number, length: number): boolean {
  for (let t = start; t < start + length; t++) if (a[t] !== b[t]) return false;
  return true;
}

/**
 * Runs a batch: log-probs and losses, and with `backward` the gradient of their sum added to the model's accumulator.
 * Cross-entropy knows its gradient before it starts; every other loss costs a pass more.
 */
export async function runTrainingBatch(
  engine: Engine,
  batch: TrainingBatch,
  backward: boolean,
): Promise<ForwardBackwardOutput> {
  const { ids, width, tokens } = batch;
  const wanted = ids === undefined ? {} : { tokenIds: { ids, width } };
  let columns: TokenColumns;
  if (backward && batch.loss === 'cross_entropy') {
    const unread = new Float32Array(tokens.tokens.length * width);
    columns = await engine.forwardBackward(tokens, gradientOf(batch, losses(batch, unread)), wanted);
  } else {
    columns = await engine.forward(tokens, wanted);
    if (backward) {
      const gradient = gradientOf(batch, losses(batch, logProbsOf(batch, columns)));
      await engine.forwardBackward(tokens, gradient);
    }
  }
  return outputOf(batch, logProbsOf(batch, columns));
}

/** [tokens, width] */
function logProbsOf(batch: TrainingBatch, columns: TokenColumns): Float32Array {
  return batch.ids === undefined ? columns.logProb : (columns.tokenIdsLogProb as Float32Array);
}

function losses(batch: TrainingBatch, logProbs: Float32Array) {
  return batch.data.map((datum) => computeLosses(batch.loss, own(batch, datum, logProbs), datum.inputs, batch.config));
}

/** The log-probs of a datum's own targets. */
function own({ width }: TrainingBatch, datum: CheckedDatum, logProbs: Float32Array): Float32Array {
  const { start, positions, width: targets } = datum;
  if (targets === width) return logProbs.slice(start * width, (start + positions) * width);
  return Float32Array.from({ length: positions * targets }, (_, i) => {
    return logProbs[(start + Math.floor(i / targets)) * width + (i % targets)] as number;
  });
}

function gradientOf(batch: TrainingBatch, each: ReturnType<typeof losses>) {
  const { width, ids, tokens, data } = batch;
  const weights = new Float32Array(tokens.tokens.length * width);
  data.forEach(({ start, positions, width: targets }, i) => {
    const gradient = each[i]?.gradient as Float64Array;
    for (let t = 0; t < positions; t++) {
      for (let j = 0; j < targets; j++) weights[(start + t) * width + j] = gradient[t * targets + j] as number;
    }
  });
  if (ids === undefined) return { logProb: weights };
  return { logProb: new Float32Array(tokens.tokens.length), topK: { ids, weights, width } };
}

function outputOf(batch: TrainingBatch, logProbs: Float32Array): ForwardBackwardOutput {
  const each = losses(batch, logProbs);
  const sum = each.reduce((total, { losses: values }) => values.reduce((part, value) => part + value, total), 0);
  return {
    type: 'ArrayRecord',
    data: batch.data.map((datum, i) => ({
      logprobs: own(batch, datum, logProbs),
      elementwise_loss: Float32Array.from(each[i]?.losses ?? []),
      width: datum.width,
    })),
    metrics: { 'loss:sum': sum },
  };
}

/** The JSON of an output, for clients that take no protobuf. */
export function forwardBackwardJson({ type, data, metrics }: ForwardBackwardOutput): unknown {
  const tensor = (values: Float32Array, width: number) => ({
    data: [...values],
    dtype: 'float32',
    shape: width > 1 ? [values.length / width, width] : [values.length],
  });
  return {
    loss_fn_output_type: type,
    loss_fn_outputs: data.map(({ logprobs, elementwise_loss, width }) => ({
      logprobs: tensor(logprobs, width),
      elementwise_loss: tensor(elementwise_loss, width),
    })),
    metrics,
  };
}
