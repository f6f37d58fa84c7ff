import type { ModelInfo, OptimOptions, SampleOptions, SampleRequest, TokenBatch } from '../engine.js';
import { EngineError } from '../errors.js';

function refuse(at: string, rule: string, got: string | number, fix: string): never {
  throw new EngineError('invalid-argument', { at, rule, got: String(got), fix });
}

/** Prompts must leave room for one new token and hold only tokens of the vocabulary. */
export function checkRequests(model: ModelInfo, requests: readonly SampleRequest[], options: SampleOptions): void {
  const at = 'sample';
  const { maxNewTokens, topP = 1, topK = 0, temperature = 1 } = options;
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) {
    refuse(at, 'maxNewTokens must be a positive integer', maxNewTokens, 'pass how many tokens a completion may have');
  }
  if (!(topP > 0 && topP <= 1)) refuse(at, 'topP must be in (0, 1]', topP, 'leave it out for the whole distribution');
  if (!Number.isInteger(topK) || topK < 0)
    refuse(at, 'topK must be a whole number', topK, 'leave it out for all tokens');
  const temperatures = typeof temperature === 'number' ? [temperature] : temperature;
  for (const value of temperatures) {
    if (!(value >= 0 && Number.isFinite(value))) {
      refuse(at, 'temperature must be finite and not negative', value, 'use 1 to sample, 0 for greedy decoding');
    }
  }
  requests.forEach(({ prompt, drawn = 0 }, i) => {
    if (prompt.length === 0) refuse(at, `prompt ${i} must hold a token`, 'none', 'begin it with a start token');
    if (prompt.length >= model.contextLength) {
      const rule = `prompt ${i} must be shorter than the context of ${model.contextLength} tokens`;
      refuse(at, rule, `${prompt.length} tokens`, 'shorten the prompt or use a model with a longer context');
    }
    checkTokens(`${at}: prompt ${i}`, model, prompt);
    checkDrawn(at, i, drawn, prompt.length, options);
  });
}

function checkDrawn(at: string, i: number, drawn: number, length: number, options: SampleOptions): void {
  if (!Number.isInteger(drawn) || drawn < 0 || drawn >= length) {
    refuse(
      at,
      `drawn of request ${i} must be from 0 to ${length - 1}`,
      drawn,
      'count the tokens drawn at the end of it',
    );
  }
  if (drawn === 0 || (typeof options.temperature !== 'object' && options.constraint === undefined)) return;
  refuse(at, 'a completion can go on under one temperature and without constraint only', drawn, 'leave drawn out');
}

export function checkBatch(at: string, model: ModelInfo, batch: TokenBatch): void {
  const { tokens, offsets, scored, temperature } = batch;
  if (offsets[0] !== 0 || offsets.at(-1) !== tokens.length) {
    const got = `${offsets[0]} .. ${offsets.at(-1)}`;
    refuse(at, `offsets must run from 0 to ${tokens.length}`, got, 'pass one offset more than there are sequences');
  }
  for (let i = 0; i + 1 < offsets.length; i++) {
    const length = (offsets[i + 1] as number) - (offsets[i] as number);
    if (length < 1) refuse(at, `sequence ${i} must hold a token`, length, 'leave empty sequences out');
    if (length > model.contextLength) {
      const rule = `sequence ${i} must fit the context of ${model.contextLength} tokens`;
      refuse(at, rule, `${length} tokens`, 'shorten it or use a model with a longer context');
    }
  }
  if (scored) checkColumn(at, 'scored', scored, tokens.length);
  if (temperature instanceof Float32Array) checkColumn(at, 'temperature', temperature, tokens.length);
  checkTokens(at, model, tokens);
}

function checkTokens(at: string, model: ModelInfo, tokens: Int32Array): void {
  const wrong = tokens.find((token) => token < 0 || token >= model.vocabSize);
  if (wrong === undefined) return;
  refuse(at, `tokens must be in [0, ${model.vocabSize})`, wrong, 'encode the text with the tokenizer of this model');
}

export function checkColumn(at: string, name: string, column: ArrayLike<number>, length: number): void {
  if (column.length === length) return;
  refuse(at, `${name} must have ${length} entries`, column.length, 'give every token of the batch its entry');
}

export function checkOptimOptions(options: OptimOptions): void {
  const { learningRate, valueHeadLearningRate = learningRate, maxGradNorm = 0, weightDecay = 0 } = options;
  for (const [name, value] of Object.entries({ learningRate, valueHeadLearningRate, maxGradNorm, weightDecay })) {
    if (value >= 0 && Number.isFinite(value)) continue;
    refuse('optimStep', `${name} must be finite and not negative`, value, 'check the schedule and the recipe');
  }
}

/** What a call gets that comes after the end of its engine. */
export function disposed(): EngineError {
  const fix = 'use an engine only before its dispose()';
  return new EngineError('invalid-argument', { at: 'LocalEngine', rule: 'the engine must not be disposed', fix });
}
