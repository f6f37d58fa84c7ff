import type { ModelConfig } from '../model/config.js';
import type { ModelWeights } from '../model/layout.js';
import { tensor, type Tensor } from './session.js';

/** A set of weights with what training adds to it. Memory is taken when it is first needed. */
export interface ModelState {
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  /** The weights by name, viewing `weights.data`. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly frozen: boolean;
  training: TrainingState | null;
  /** Counts the changes of `weights`. */
  version: number;
}

/** Accumulated gradient and AdamW moments, each one flat array in the layout of the weights. */
export interface TrainingState {
  readonly gradient: Float32Array;
  /** The gradient as fed (`grad:<name>`) and as fetched (`sum:<name>`): one buffer, so accumulation is in place. */
  readonly gradientFeeds: Readonly<Record<string, Tensor>>;
  readonly gradientFetches: Readonly<Record<string, Tensor>>;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Optimiser steps taken. */
  step: number;
}

export function createModelState(config: ModelConfig, weights: ModelWeights, frozen: boolean): ModelState {
  return { config, weights, frozen, tensors: tensorsOf(weights, weights.data, ''), training: null, version: 0 };
}

/** The training state of a model that may be trained, created on first use. */
export function trainingState(model: ModelState): TrainingState {
  if (model.training) return model.training;
  const { layout } = model.weights;
  const gradient = new Float32Array(layout.length);
  model.training = {
    gradient,
    gradientFeeds: tensorsOf(model.weights, gradient, 'grad:'),
    gradientFetches: tensorsOf(model.weights, gradient, 'sum:'),
    firstMoment: new Float32Array(layout.length),
    secondMoment: new Float32Array(layout.length),
    step: 0,
  };
  return model.training;
}

function tensorsOf({ layout }: ModelWeights, data: Float32Array, prefix: string): Record<string, Tensor> {
  const views: Record<string, Tensor> = {};
  for (const [name, { offset, length, shape }] of layout.slices) {
    views[prefix + name] = tensor(data.subarray(offset, offset + length), shape);
  }
  return views;
}
