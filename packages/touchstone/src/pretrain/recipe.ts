import { z } from 'zod';
import { defaultMixture } from '../task/corpus/corpus.js';
import type { CorpusMixture } from '../task/corpus/corpus.js';

const size = z.int().min(1);
const share = z.number().min(0).max(1);

const architecture = z
  .strictObject({
    hiddenSize: size.default(128),
    layers: size.default(6),
    heads: size.default(4),
    kvHeads: size.default(4).describe('divides heads'),
    headDim: size.default(32),
    intermediateSize: size.default(384),
    contextLength: size.default(512).describe('tokens'),
    ropeTheta: z.number().positive().default(10_000),
  })
  .describe('a Qwen3-style decoder with tied embeddings');

const optimizer = z.strictObject({
  learningRate: z.number().positive().default(3e-3).describe('at its highest'),
  warmupSteps: z.int().min(0).default(100),
  finalShare: share.default(0.02).describe('share of the rate that the cosine ends with'),
  beta1: share.default(0.9),
  beta2: share.default(0.98),
  eps: z.number().positive().default(1e-8),
  weightDecay: z.number().min(0).default(0.05),
  maxGradNorm: z.number().min(0).default(1),
});

const corpus = z.strictObject({
  seed: z.int().min(0).default(0),
  families: z.record(z.string(), z.number().min(0)).default({ ...defaultMixture.families }),
  levels: z.record(z.string(), z.number().min(0)).default({ ...defaultMixture.levels }),
  flawedShare: share.default(defaultMixture.flawedShare),
  flaws: z.record(z.string(), z.number().min(0)).default({ ...defaultMixture.flaws }),
});

const evaluation = z.strictObject({
  tasks: size.default(40).describe('held-out problems of each family and level'),
  samples: size.default(4).describe('answers to each, at temperature 1'),
  every: z.int().min(0).default(1000).describe('steps between evaluations; 0: only at the end'),
});

/** Everything that decides a pretraining run. Unknown keys fail; every key has a default. */
export const pretrainSchema = z.strictObject({
  name: z.string().default('touchstone-base'),
  seed: z.int().min(0).default(0),
  threads: z.int().min(1).max(256).default(1).describe('the last bits of the weights depend on it'),
  architecture: architecture.prefault({}),
  corpus: corpus.prefault({}),
  steps: size.default(2500),
  documents: size.default(96).describe('documents a step'),
  optimizer: optimizer.prefault({}),
  evaluation: evaluation.prefault({}),
  checkpointEvery: size.default(100).describe('steps; what a kill loses at most'),
  dtype: z.enum(['f32', 'bf16', 'f16']).default('bf16').describe('storage of the finished model'),
});

export type PretrainRecipe = z.output<typeof pretrainSchema>;

/** The mixture of a recipe; names outside the known families, levels and flaws were refused before. */
export function mixtureOf({ corpus: { families, levels, flawedShare, flaws } }: PretrainRecipe): CorpusMixture {
  return { families, levels, flawedShare, flaws } as unknown as CorpusMixture;
}
