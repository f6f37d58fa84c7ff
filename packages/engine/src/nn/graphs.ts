import { Graph, type Value } from '../graph/graph.js';
import { Tape } from '../graph/tape.js';
import type { ModelConfig } from '../model/config.js';
import type { WeightLayout } from '../model/layout.js';
import { fillCells, halveCells, type AttentionCells, type CellLayout } from './attention-cells.js';
import { cachedAttention, cellAttention } from './attention.js';
import { constantWeights, decoder, finalNorm, modelParameters, outputHead, type AttentionKernel } from './decoder.js';
import { selectRows } from './embedding.js';
import { logitsGradient, tokenColumns, type ColumnPlan, type ColumnValues } from './token-columns.js';
import { valueHead } from './value-head.js';

/** Which gradients a training graph takes beside that of the log-prob. `width`: given token ids a row (0: none). */
export interface GradientPlan {
  readonly entropy: boolean;
  readonly meanLogProb: boolean;
  readonly value: boolean;
  readonly width: number;
}

/** Inputs of every graph over whole sequences: ids [tokens] i32, positions [tokens, 1]. */
function sequenceInputs(graph: Graph) {
  return {
    ids: graph.input('ids', 'i32', ['tokens']),
    positions: graph.input('positions', 'i64', ['tokens', 1]),
    rows: graph.input('rows', 'i64', ['scored']),
    inverseTemperature: graph.input('inverseTemperature', 'f32', ['scored', 1]),
  };
}

/** Inputs that lay out attention over whole sequences. */
function cellLayout(graph: Graph, { heads, kvHeads }: ModelConfig): CellLayout {
  const cells = {
    keyTokens: graph.input('keyTokens', 'i32', ['batch', kvHeads, 'time']),
    queryCells: graph.input('queryCells', 'i32', ['tokens', heads]),
    sharedCells: () => graph.input('sharedCells', 'i32', ['copies', 'shared', kvHeads]),
    ownCells: () => graph.input('ownCells', 'i32', ['own', kvHeads]),
  };
  const queryTokens = graph.input('queryTokens', 'i32', ['batch', heads, 'time']);
  return halveCells(graph, cells, queryTokens, graph.input('mask', 'f32', ['batch', 1, 1, 'time', 'time']));
}

/** Both heads on the scored rows of whole sequences: logits [scored, vocab], and where the graph has it the value. */
interface Heads {
  readonly logits: Value;
  readonly value: Value | undefined;
}

/** `onCells` sees each layer's keys and values, for a cache. */
function sequenceHeads(
  tape: Tape,
  config: ModelConfig,
  withValue: boolean,
  onCells?: (layer: number, filled: AttentionCells) => void,
): Heads {
  const inputs = sequenceInputs(tape.graph);
  const cells = cellLayout(tape.graph, config);
  const parameters = modelParameters(tape, config);
  const attend: AttentionKernel = (layer, q, k, v) => {
    const filled = fillCells(tape.graph, k, v, cells, config.headDim);
    onCells?.(layer, filled);
    return cellAttention(tape, [q, k, v], filled, cells, config);
  };
  const hidden = decoder(tape, config, parameters, inputs, attend);
  const normed = finalNorm(tape, config, parameters, selectRows(tape, hidden, inputs.rows));
  return {
    logits: outputHead(tape, config, parameters, normed, inputs.inverseTemperature),
    value: withValue ? valueHead(tape, parameters, normed) : undefined,
  };
}

/**
 * Columns of given sequences, and with `gradients` the backward pass that adds to the gradient of every weight.
 * Inputs: those of whole sequences, `targets` [scored, 1] i64, `tokenIds` [scored, width] i64, and a `weight:<column>`
 * for each differentiated column. Outputs: `logProb` and the planned columns, `sum:<weight>`.
 *
 * @param threads That will run the graph.
 */
export function columnsGraph(
  config: ModelConfig,
  plan: ColumnPlan,
  gradients: GradientPlan | undefined,
  threads: number,
): Uint8Array {
  const graph = new Graph(threads === 1);
  const tape = new Tape(graph, gradients !== undefined);
  const { logits, value } = sequenceHeads(tape, config, plan.value || gradients?.value === true);
  const targets = graph.input('targets', 'i64', ['scored', 1]);
  const width = Math.max(plan.width, gradients?.width ?? 0);
  const ids = width > 0 ? graph.input('tokenIds', 'i64', ['scored', width]) : undefined;
  const needsEntropy = plan.entropy || gradients?.entropy === true;
  const columns = tokenColumns(graph, logits, targets, { ...plan, entropy: needsEntropy }, ids);
  outputColumns(graph, columns, plan);
  if (value && plan.value) graph.output('value', value);
  if (gradients) {
    const weight = (name: string, wanted: boolean) =>
      wanted ? graph.input(`weight:${name}`, 'f32', ['scored', 1]) : undefined;
    const gradient = logitsGradient(graph, columns, targets, {
      logProb: graph.input('weight:logProb', 'f32', ['scored', 1]),
      entropy: weight('entropy', gradients.entropy),
      meanLogProb: weight('meanLogProb', gradients.meanLogProb),
      tokenIds:
        ids && gradients.width > 0
          ? { ids, weights: graph.input('weight:tokenIds', 'f32', ['scored', gradients.width]) }
          : undefined,
    });
    const byValue = weight('value', gradients.value);
    tape.backward([{ of: logits, gradient }, ...(value && byValue ? [{ of: value, gradient: byValue }] : [])]);
  }
  return graph.encode();
}

function outputColumns(graph: Graph, columns: ColumnValues, plan: ColumnPlan): void {
  graph.output('logProb', columns.logProb);
  if (plan.entropy && columns.entropy) graph.output('entropy', columns.entropy);
  if (columns.meanLogProb) graph.output('meanLogProb', columns.meanLogProb);
  if (columns.topLogProb) graph.output('topLogProb', columns.topLogProb);
  if (columns.logit) graph.output('logit', columns.logit);
  if (columns.topK) {
    graph.output('topKLogProb', columns.topK.logProbs);
    graph.output('topKIds', columns.topK.ids);
  }
  if (columns.tokenIdsLogProb) graph.output('tokenIdsLogProb', columns.tokenIdsLogProb);
}

/**
 * Reads prompts: `probs` [scored, vocab] of the rows asked for (the last token of each prompt), and every layer's
 * keys and values as `keys:<layer>`, `values:<layer>` [batch, kvHeads, time, headDim].
 */
export function prefillGraph(config: ModelConfig): Uint8Array {
  const graph = new Graph();
  const tape = new Tape(graph, false);
  const { logits } = sequenceHeads(tape, config, false, (layer, { keys, values }) => {
    graph.output(`keys:${layer}`, keys);
    graph.output(`values:${layer}`, values);
  });
  graph.output('probs', graph.op('Softmax', [logits], logits.shape, { axis: -1 }));
  return graph.encode();
}

/**
 * One new token a row: ids [batch] i32, positions [batch, 1], the cache `past keys:<layer>`, `past values:<layer>`
 * [batch, kvHeads, past, headDim] and its mask [batch, 1, 1, past]. Outputs: `probs` [batch, vocab] under
 * softmax(logits * inverseTemperature), and this token's `keys:<layer>`, `values:<layer>` [batch, kvHeads * headDim].
 *
 * @param constant The weights are constants of this layout in the memory that the session is created with; absent: inputs.
 */
export function decodeGraph(config: ModelConfig, constant?: WeightLayout): Uint8Array {
  const graph = new Graph();
  const tape = new Tape(graph, false);
  const { kvHeads, headDim } = config;
  const inputs = {
    ids: graph.input('ids', 'i32', ['batch']),
    positions: graph.input('positions', 'i64', ['batch', 1]),
  };
  const mask = graph.input('mask', 'f32', ['batch', 1, 1, 'past']);
  const parameters = constant ? constantWeights(graph, constant) : modelParameters(tape, config);
  const attend: AttentionKernel = (layer, q, k, v) => {
    const past = (name: string) => graph.input(`past ${name}:${layer}`, 'f32', ['batch', kvHeads, 'past', headDim]);
    graph.output(`keys:${layer}`, k);
    graph.output(`values:${layer}`, v);
    return cachedAttention(tape, q, k, v, { keys: past('keys'), values: past('values') }, mask, config);
  };
  const hidden = decoder(tape, config, parameters, inputs, attend);
  const inverseTemperature = graph.input('inverseTemperature', 'f32', ['batch', 1]);
  const normed = finalNorm(tape, config, parameters, hidden);
  const logits = outputHead(tape, config, parameters, normed, inverseTemperature);
  graph.output('probs', graph.op('Softmax', [logits], logits.shape, { axis: -1 }));
  return graph.encode();
}
