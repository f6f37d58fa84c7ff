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

/** The first and second moments of AdamW, flat in the layout of the weights, in memory that lanes share. */
export interface Moments {
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

/** Accumulated gradient and AdamW moments, each one flat array in the layout of the weights. */
export interface TrainingState extends Moments {
  readonly gradient: Float32Array;
  /** The gradient as fed (`grad:<name>`) and as fetched (`sum:<name>`): one buffer, so accumulation is in place. */
  readonly gradientFeeds: Readonly<Record<string, Tensor>>;
  readonly gradientFetches: Readonly<Record<string, Tensor>>;
  /** Optimiser steps taken. */
  step: number;
}

export function createModelState(config: ModelConfig, weights: ModelWeights, frozen: boolean): ModelState {
  return { config, weights, frozen, tensors: tensorsOf(weights, weights.data, ''), training: null, version: 0 };
}

/** The training state of a model that may be trained, created on first use. */
export function trainingState(model: ModelState): TrainingState {
  const { length } = model.weights.layout;
  return (model.training ??= createTraining(model, {
    firstMoment: sharedFloats(length),
    secondMoment: sharedFloats(length),
  }));
}

/** A training state at its beginning, but for the moments. */
export function createTraining(model: ModelState, { firstMoment, secondMoment }: Moments): TrainingState {
  const gradient = new Float32Array(model.weights.layout.length);
  return {
    gradient,
    gradientFeeds: tensorsOf(model.weights, gradient, 'grad:'),
    gradientFetches: tensorsOf(model.weights, gradient, 'sum:'),
    firstMoment,
    secondMoment,
    step: 0,
  };
}

/** Zeros in memory that threads share. ONNX Runtime reads no such memory. */
export function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}

function tensorsOf({ layout }: ModelWeights, data: Float32Array, prefix: string): Record<string, Tensor> {
  const views: Record<string, Tensor> = {};
  for (const [name, { offset, length, shape }] of layout.slices) {
    views[prefix + name] = tensor(data.subarray(offset, offset + length), shape);
  }
  return views;
}
