import { availableParallelism } from 'node:os';
import { outcomePolicies } from '@touchstone/verify';
import { z } from 'zod';
import { latrSchema } from '../rollout/latr-settings.js';
import { groupFilters } from '../trainer/filter.js';
import { namesOf } from './names.js';

const positive = z.number().positive();
const share = z.number().min(0).max(1);

/** `"latr"` is short for `{ "name": "latr" }`. */
const strategy = z.preprocess(
  (value) => (typeof value === 'string' ? { name: value } : value),
  z.discriminatedUnion('name', [z.strictObject({ name: z.literal('sample') }), latrSchema], {
    error: 'must be sample or latr',
  }),
);

const sampling = z.strictObject({
  prompts: z.int().min(1).default(16).describe('groups a step, one prompt each'),
  group: z.int().min(1).default(8).describe('responses to each prompt'),
  maxNewTokens: z.int().min(1).default(128).describe('budget of a response, in tokens'),
  temperature: positive.default(1).describe('logits are divided by it, when sampling and in the loss alike'),
  topP: share.optional().describe('nucleus sampling; absent: the whole distribution'),
  topK: z.int().min(1).optional().describe('absent: the whole vocabulary'),
  overlap: z
    .boolean()
    .default(false)
    .describe('sample the next step while this one learns: its rollouts are one step old and weighted for it'),
  stop: z.array(z.string().min(1)).default([]).describe('texts that end a response, beside the end token'),
  strategy: strategy
    .prefault('sample')
    .describe(
      '`sample`: independent responses; `latr`: some of them branches of a tree that forks where it is undecided',
    ),
});

const reward = z.strictObject({
  weights: z
    .record(z.string(), z.number())
    .default({ score: 1 })
    .describe('weight of each part of the verdict; `score` is the verdict as a whole'),
  unjudged: z
    .enum(namesOf(outcomePolicies))
    .default('exclude')
    .describe('what an answer is worth that could not be judged'),
  overlong: z
    .strictObject({
      buffer: z.int().min(1).describe('tokens before the budget over which the penalty rises'),
      factor: positive.default(1).describe('penalty at the full budget'),
    })
    .optional()
    .describe("DAPO's soft punishment of responses that near rollout.maxNewTokens"),
});

const filter = z.strictObject({
  name: z.enum(namesOf(groupFilters)).default('signal').describe('`signal` skips groups whose rewards are all equal'),
  rounds: z.int().min(1).default(1).describe('most rounds of sampling a step to make up for skipped groups'),
});

const teacher = z.strictObject({
  averaging: share
    .default(0.05)
    .describe("share of the way to the policy that the teacher's weights move after a step; 0: never, 1: all of it"),
  successThreshold: z.number().default(0.5).describe('smallest reward of a response that the teacher sees as solution'),
  excludeSelf: z.boolean().default(true).describe('a right response is no solution for itself'),
  feedback: z
    .enum(['without-solution', 'always', 'never'])
    .default('without-solution')
    .describe('when the teacher sees what the verifier said of a wrong response'),
});

const update = z.strictObject({
  epochs: z.int().min(1).default(1).describe("passes over a step's rollouts"),
  minibatches: z.int().min(1).default(1).describe('optimiser updates a pass'),
});

const optimizer = z.strictObject({
  learningRate: positive.describe('of AdamW, at its highest'),
  valueHeadLearningRate: positive
    .optional()
    .describe('of the value head of objectives such as ppo, on the same schedule; absent: learningRate'),
  schedule: z.enum(['constant', 'cosine']).default('constant').describe('after the warm-up'),
  warmupSteps: z.int().min(0).default(0).describe('steps of a linear rise from 0'),
  finalShare: share.default(0.1).describe('share of the rate that a cosine ends with'),
  beta1: share.default(0.9),
  beta2: share.default(0.95),
  eps: positive.default(1e-8),
  weightDecay: z.number().min(0).default(0).describe('decoupled, on matrices only'),
  maxGradNorm: z.number().min(0).default(1).describe('global L2 norm that gradients are cut to; 0: never'),
});

const evaluation = z.strictObject({
  tasks: z.int().min(1).default(100).describe('held-out tasks'),
  samples: z.int().min(1).default(8).describe('answers to each'),
  every: z.int().min(0).default(10).describe('steps between evaluations; 0: only before and after'),
  temperature: z.number().min(0).default(1).describe('0 is greedy'),
  seed: z.int().min(0).default(0).describe('apart from the run, so that runs are measured with the same draws'),
});

const checkpoint = z.strictObject({
  every: z.int().min(1).default(1).describe('steps; what a kill loses at most'),
  keep: z.int().min(1).default(2).describe('latest checkpoints that stay'),
});

/** `"tinker"` is short for `{ "name": "tinker" }`. Addresses only: keys come from the environment and are never written. */
export const engineSchema = z
  .preprocess(
    (value) => (typeof value === 'string' ? { name: value } : value),
    z.strictObject({
      name: z.enum(['local', 'tinker']).default('local').describe('this machine, or a server of the Tinker API'),
      baseUrl: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe('of the server, such as http://127.0.0.1:8000'),
      baseModel: z
        .string()
        .min(1)
        .optional()
        .describe('as the server names it; default: `model`, or the only one it has'),
      rank: z.int().min(1).default(32).describe('of the low-rank adapter that a server trains'),
    }),
  )
  .refine(({ name, baseUrl }) => (name === 'tinker') === (baseUrl !== undefined), {
    path: ['baseUrl'],
    error: 'must be given with the tinker engine, and with no other',
  });

/** `"grpo"` is short for `{ "name": "grpo" }`; the settings of each are checked by its method. */
const objective = z.union([
  z.string().transform((name): { name: string } & Record<string, unknown> => ({ name })),
  z.looseObject({ name: z.string() }),
]);

/** Everything that decides a run. Unknown keys fail; each key has a default but `model`, `task`, `steps` and the learning rate. */
export const recipeSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case words joined by hyphens')
    .describe('names the run'),
  about: z.string().default('').describe('one sentence for readers'),
  model: z.string().min(1).describe('folder, or name on the Hugging Face hub'),
  seed: z.int().min(0).default(0),
  threads: z.int().min(1).max(256).default(Math.min(8, availableParallelism())).describe('of the local engine'),
  engine: engineSchema.prefault({}),
  steps: z.int().min(1),
  task: z.unknown().refine((task) => task !== undefined, 'must say what is trained on'),
  rollout: sampling.prefault({}),
  reward: reward.prefault({}),
  filter: filter.prefault({}),
  objective: objective.default({ name: 'grpo' }),
  teacher: teacher.prefault({}).describe('for objectives that learn from a teacher, such as sdpo'),
  update: update.prefault({}),
  optimizer,
  evaluation: evaluation.prefault({}),
  checkpoint: checkpoint.prefault({}),
});

/** A recipe with every default filled in. */
export type Recipe = z.output<typeof recipeSchema>;
/** A recipe as it is written. */
export type RecipeInput = z.input<typeof recipeSchema>;
