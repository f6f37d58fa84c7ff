import type { ColumnRequest, TokenBatch, TokenColumns, TokenGradients } from '../engine.js';
import type { ModelConfig } from '../model/config.js';
import { columnsGraph, type GradientPlan } from '../nn/graphs.js';
import type { ColumnPlan } from '../nn/token-columns.js';
import { trainingState, type ModelState } from './model-state.js';
import { packTokens, type PackedTokens } from './packed-tokens.js';
import { packSequences, type MicroBatchLimits } from './packing.js';
import { type GraphSession, tensor, type Tensor } from './session.js';
import type { SessionCache } from './session-cache.js';

/** Tokens that run through a graph at a time: fewer pay more often for a run, more leave the cache of a core. */
const TOKENS_AT_A_TIME = 1024;
/** Bounds the [scored, vocab] matrices of the head in all lanes: 64M elements are 256 MB each. */
const HEAD_ELEMENTS = 64 * 1024 * 1024;

/** How much of a batch runs through a graph at once where so many `lanes` compute at a time. */
export function microBatchLimits(vocabSize: number, lanes = 1): MicroBatchLimits {
  return { tokens: TOKENS_AT_A_TIME, scored: Math.ceil(HEAD_ELEMENTS / vocabSize / lanes) };
}

/**
 * Columns of `batch`, and with `gradients` their weighted sum's gradient added to the model's accumulator.
 *
 * @param among The sequences to compute, while a second lane computes the others; their columns stay 0. Absent: all.
 */
export async function computeColumns(
  sessions: SessionCache,
  model: ModelState,
  batch: TokenBatch,
  wanted: ColumnRequest,
  gradients?: TokenGradients,
  among?: ReadonlySet<number>,
): Promise<TokenColumns> {
  const plan = columnPlan(wanted);
  const gradientPlan = gradients && planGradients(gradients);
  const key = `columns ${JSON.stringify([plan, gradientPlan ?? null])}`;
  const build = () => columnsGraph(model.config, plan, gradientPlan, sessions.threads);
  const session = await sessions.get(model.config, key, build);
  const columns = emptyColumns(batch.tokens.length, plan);
  const limits = microBatchLimits(model.config.vocabSize, among ? 2 : 1);
  for (const micro of packSequences(batch, limits, among)) {
    const packed = packTokens(batch, micro);
    const feeds = {
      ...model.tensors,
      ...sequenceFeeds(packed, model.config),
      ...tokenIdFeeds(packed, wanted, gradients),
    };
    await runMicroBatch(session, model, packed, feeds, columns, gradients);
  }
  if (columns.logit !== undefined) undoTemperature(columns.logit, batch.temperature ?? 1);
  return columns;
}

function undoTemperature(logits: Float32Array, temperature: number | Float32Array): void {
  for (let t = 0; t < logits.length; t++) {
    logits[t] = (logits[t] as number) * (typeof temperature === 'number' ? temperature : (temperature[t] as number));
  }
}

async function runMicroBatch(
  session: GraphSession,
  model: ModelState,
  packed: PackedTokens,
  feeds: Record<string, Tensor>,
  columns: TokenColumns,
  gradients: TokenGradients | undefined,
): Promise<void> {
  const fetches: Record<string, Tensor | null> = {};
  for (const name of Object.keys(columns)) fetches[name] = null;
  const training = gradients && trainingState(model);
  if (training) {
    Object.assign(feeds, training.gradientFeeds, weightFeeds(packed, gradients));
    // A weight that this graph does not use, such as the value head, has no gradient in it.
    const touched = Object.entries(training.gradientFetches).filter(([name]) => session.outputs.has(name));
    Object.assign(fetches, Object.fromEntries(touched));
  }
  const results = await session.run(feeds, fetches, packedLengths(packed));
  for (const [name, column] of Object.entries(columns) as [string, Float32Array | Int32Array][]) {
    const values = results[name]?.data as Float32Array | BigInt64Array;
    const width = values.length / packed.source.length;
    packed.source.forEach((t, row) => {
      for (let j = 0; j < width; j++) column[t * width + j] = Number(values[row * width + j]);
    });
  }
}

export function packedLengths({ batch, time, ids, source }: PackedTokens) {
  return { batch, time, half: Math.ceil(time / 2), tokens: ids.length, scored: source.length };
}

/** What every graph over whole sequences reads beside the weights. */
export function sequenceFeeds(packed: PackedTokens, config: ModelConfig): Record<string, Tensor> {
  const { batch, time, ids, positions, mask, rows, targets, inverseTemperature, source } = packed;
  return {
    ids: tensor(ids, [ids.length]),
    positions: tensor(positions, [ids.length, 1]),
    mask: tensor(mask, [batch, 1, 1, time, time]),
    ...cellFeeds(packed, config),
    rows: tensor(rows, [rows.length]),
    targets: tensor(targets, [source.length, 1]),
    inverseTemperature: tensor(inverseTemperature, [source.length, 1]),
  };
}

/** The indices of tokens and cells as rows of headDim elements; see `CellLayout`. */
function cellFeeds({ batch, time, ids, cells }: PackedTokens, { heads, kvHeads }: ModelConfig): Record<string, Tensor> {
  const { queryTokens, keyTokens, tokenCells, sharedCells, shared } = cells;
  const tokenRows = (tokens: Int32Array, count: number) => {
    const rows = new Int32Array(tokens.length * count);
    for (let row = 0; row < rows.length; row++) {
      const head = Math.floor(row / time) % count;
      const cell = Math.floor(row / (time * count)) * time + (row % time);
      rows[row] = (tokens[cell] as number) * count + head;
    }
    return tensor(rows, [batch, count, time]);
  };
  const cellRows = (of: Int32Array, count: number, shape: readonly number[]) => {
    const rows = new Int32Array(of.length * count);
    of.forEach((cell, i) => {
      const [bin, at] = [Math.floor(cell / time), cell % time];
      for (let head = 0; head < count; head++) rows[i * count + head] = (bin * count + head) * time + at;
    });
    return tensor(rows, [...shape, count]);
  };
  return {
    queryTokens: tokenRows(queryTokens, heads),
    keyTokens: tokenRows(keyTokens, kvHeads),
    queryCells: cellRows(tokenCells, heads, [ids.length]),
    sharedCells: cellRows(sharedCells, kvHeads, [sharedCells.length / shared, shared]),
    ownCells: cellRows(tokenCells.subarray(shared), kvHeads, [ids.length - shared]),
  };
}

function tokenIdFeeds(packed: PackedTokens, wanted: ColumnRequest, gradients: TokenGradients | undefined) {
  const given = gradients?.topK ?? wanted.tokenIds;
  if (given === undefined) return {};
  const { ids, width } = given;
  const rows = new BigInt64Array(packed.source.length * width);
  packed.source.forEach((t, row) => {
    for (let j = 0; j < width; j++) rows[row * width + j] = BigInt(ids[t * width + j] as number);
  });
  return { tokenIds: tensor(rows, [packed.source.length, width]) };
}

function weightFeeds({ source }: PackedTokens, gradients: TokenGradients): Record<string, Tensor> {
  const gather = (column: Float32Array, width: number) => {
    const rows = new Float32Array(source.length * width);
    source.forEach((t, row) => rows.set(column.subarray(t * width, (t + 1) * width), row * width));
    return tensor(rows, [source.length, width]);
  };
  const { logProb, entropy, meanLogProb, value, topK } = gradients;
  return {
    'weight:logProb': gather(logProb, 1),
    ...(entropy && { 'weight:entropy': gather(entropy, 1) }),
    ...(meanLogProb && { 'weight:meanLogProb': gather(meanLogProb, 1) }),
    ...(value && { 'weight:value': gather(value, 1) }),
    ...(topK && { 'weight:tokenIds': gather(topK.weights, topK.width) }),
  };
}

function columnPlan(wanted: ColumnRequest): ColumnPlan {
  return {
    entropy: wanted.entropy ?? false,
    meanLogProb: wanted.meanLogProb ?? false,
    topLogProb: wanted.topLogProb ?? false,
    logit: wanted.logit ?? false,
    value: wanted.value ?? false,
    topK: wanted.topK ?? 0,
    width: wanted.tokenIds?.width ?? 0,
  };
}

function planGradients(gradients: TokenGradients): GradientPlan {
  return {
    entropy: gradients.entropy !== undefined,
    meanLogProb: gradients.meanLogProb !== undefined,
    value: gradients.value !== undefined,
    width: gradients.topK?.width ?? 0,
  };
}

function emptyColumns(tokens: number, plan: ColumnPlan): TokenColumns {
  const column = (width = 1) => new Float32Array(tokens * width);
  return {
    logProb: column(),
    ...(plan.entropy && { entropy: column() }),
    ...(plan.meanLogProb && { meanLogProb: column() }),
    ...(plan.topLogProb && { topLogProb: column() }),
    ...(plan.logit && { logit: column() }),
    ...(plan.value && { value: column() }),
    ...(plan.topK > 0 && { topKIds: new Int32Array(tokens * plan.topK), topKLogProb: column(plan.topK) }),
    ...(plan.width > 0 && { tokenIdsLogProb: column(plan.width) }),
  };
}
