import { createObjective, objectiveNames } from '@touchstone/objectives';
import type { Objective } from '@touchstone/objectives';
import { describe, expect, it } from 'vitest';
import type { Recipe } from '../config/recipe.js';
import { buildStages, checkObjective } from '../run/stages.js';
import { END_TOKEN, toyCodec, toySource } from '../testing/toy-task.js';
import { toyRecipe } from '../testing/toy-run.js';
import { TabularEngine } from '../testing/tabular-engine.js';
import type { Stages, TrainerParts } from './trainer.js';
import { sampleGroups } from '../rollout/strategy.js';
import { tokenSource } from '../rollout/rollout.js';
import { missingColumns, needsReference, needsValueHead } from './columns.js';
import type { StepMetrics } from './step-metrics.js';
import { needsTeacher } from './teacher.js';
import { trainStep } from './trainer.js';
import { NonFinite } from './update.js';

/** Counts the calls that cost a pass over the model. */
class CountingEngine extends TabularEngine {
  readonly calls = { forward: 0, forwardBackward: 0, optimStep: 0 };
  override forward(...request: Parameters<TabularEngine['forward']>) {
    this.calls.forward++;
    return super.forward(...request);
  }
  override forwardBackward(...request: Parameters<TabularEngine['forwardBackward']>) {
    this.calls.forwardBackward++;
    // The tabular engine reads its columns by `forward`, which is no call of the trainer.
    this.calls.forward--;
    return super.forwardBackward(...request);
  }
  override optimStep(...request: Parameters<TabularEngine['optimStep']>) {
    this.calls.optimStep++;
    return super.optimStep(...request);
  }
}

interface Setting {
  readonly recipe?: Recipe;
  readonly objective?: Objective;
  readonly stages?: Partial<Stages>;
  readonly update?: { readonly epochs: number; readonly minibatches: number };
  readonly rounds?: number;
}

async function trainer(setting: Setting = {}): Promise<TrainerParts & { readonly engine: CountingEngine }> {
  const recipe = setting.recipe ?? toyRecipe();
  const engine = new CountingEngine(END_TOKEN + 1, END_TOKEN);
  const plain = buildStages({ recipe, source: toySource, codec: toyCodec, contextLength: 64 });
  const stages = { ...plain, ...(setting.objective && { objective: setting.objective }), ...setting.stages };
  const settings = {
    ...{ seed: 1, prompts: 8, rounds: setting.rounds ?? 1, epochs: 1, minibatches: 1, ...setting.update },
    sampling: { group: 16, maxNewTokens: 3, temperature: 1 },
    optimizer: { maxGradNorm: 1 },
    teacher: recipe.teacher,
  };
  if (needsValueHead(stages.objective)) await engine.addValueHead(3);
  const reference = needsReference(stages.objective) ? await engine.fork({ frozen: true }) : undefined;
  const teacher = needsTeacher(stages.objective) ? await engine.fork({ frozen: true }) : undefined;
  return { engine, reference, teacher, stages, settings };
}

/** An objective that asks for one more column and is otherwise the same. */
function alsoNeeding(objective: Objective, column: Objective['needs'][number]): Objective {
  return {
    ...objective,
    needs: [...objective.needs, column],
    advantages: (batch) => objective.advantages(batch),
    loss: (batch, advantages, totals) => objective.loss(batch, advantages, totals),
  };
}

describe('columns of an update', () => {
  it('come from the sampler in a strictly on-policy step: no forward pass, ratios of exactly 1', async () => {
    const parts = await trainer();
    const { metrics } = await trainStep(1, parts);
    expect(parts.engine.calls).toEqual({ forward: 0, forwardBackward: 1, optimStep: 1 });
    expect(metrics).toMatchObject({ updates: 1, ratioMean: 1, approxKl: 0, clipFraction: 0 });
    expect(metrics['samplerKl']).toBeLessThan(1e-12);
  });

  it('come from one pass where the objective asks for more, with the same update', async () => {
    const [plain, asking] = [
      await trainer(),
      await trainer({ objective: alsoNeeding(createObjective('grpo'), 'entropy') }),
    ];
    const [first, second] = [await trainStep(1, plain), await trainStep(1, asking)];
    expect(asking.engine.calls).toEqual({ forward: 1, forwardBackward: 1, optimStep: 1 });
    expect(second.metrics['gradNorm']).toBeCloseTo(first.metrics['gradNorm'] ?? Number.NaN, 6);
  });

  it('are those of the start of the step for the first of several updates, and fresh for each after it', async () => {
    const parts = await trainer({ update: { epochs: 2, minibatches: 2 } });
    const { metrics } = await trainStep(1, parts);
    expect(parts.engine.calls).toEqual({ forward: 4, forwardBackward: 4, optimStep: 4 });
    expect(metrics['updates']).toBe(4);
    expect(metrics['ratioMean']).not.toBe(1);
    expect(metrics['samplerKl']).toBeGreaterThan(1e-6);
  });

  it('hold the likeliest tokens where the objective reads them, and take gradients by them', async () => {
    const plain = createObjective('grpo');
    const seen: (number | undefined)[] = [];
    const objective: Objective = {
      ...plain,
      topK: 1000,
      differentiates: ['logProb', 'topK'],
      advantages: (batch) => plain.advantages(batch),
      loss(batch, advantages) {
        const { topK, mask } = batch;
        seen.push(topK?.width);
        const own = topK?.ids.findIndex((id) => id === batch.tokenIds?.[0]) ?? -1;
        expect(topK?.logProb[own]).toBeCloseTo(batch.columns.logProb?.[0] ?? Number.NaN, 6);
        // The gradient by the chosen token, given as one of the likeliest tokens, must act as the one by log-prob.
        const { logProb } = plain.loss(batch, advantages).gradients;
        const width = topK?.width ?? 0;
        const weights = new Float64Array(mask.length * width);
        for (let t = 0; t < mask.length; t++) {
          const at = topK?.ids.subarray(t * width, (t + 1) * width).indexOf(batch.tokenIds?.[t] ?? -1) ?? -1;
          if (mask[t] === 1) weights[t * width + at] = logProb?.[t] ?? 0;
        }
        return { loss: 0, gradients: { topK: weights }, metrics: {} };
      },
    };
    const [asked, usual] = [await trainer({ objective }), await trainer()];
    const [first, second] = [await trainStep(1, asked), await trainStep(1, usual)];
    expect(seen).toEqual([END_TOKEN + 1]);
    expect(first.metrics['gradNorm']).toBeCloseTo(second.metrics['gradNorm'] ?? Number.NaN, 6);
  });

  it('of the reference stay those of the model at the start', async () => {
    const parts = await trainer({ objective: createObjective('grpo', { klCoef: 0.1 }) });
    expect((await trainStep(1, parts)).metrics['refKl']).toBeCloseTo(0, 12);
    expect((await trainStep(2, parts)).metrics['refKl']).toBeGreaterThan(0);
  });

  it('that only rollouts can bring are taken from them, or missed with what to do', async () => {
    const plain = createObjective('grpo');
    const seen: Float64Array[] = [];
    const objective: Objective = {
      ...alsoNeeding(plain, 'teacherLogProb'),
      needsOfRollout: ['teacherTarget'],
      advantages(batch) {
        seen.push(
          batch.columns.teacherLogProb ?? new Float64Array(),
          batch.rolloutColumns?.teacherTarget ?? new Float64Array(),
        );
        return plain.advantages(batch);
      },
    };
    for (const [asking, missing] of [
      [objective, /teacherTarget must come with every rollout/],
      [alsoNeeding(plain, 'teacherLogProb'), /teacherLogProb must come with every rollout/],
    ] as const) {
      const parts = await trainer({ objective: asking });
      await expect(trainStep(1, { ...parts, teacher: undefined })).rejects.toThrow(missing);
    }
    const strategy: Stages['strategy'] = async (tasks, context) =>
      (await sampleGroups(tasks, context)).map(({ task, rollouts }) => ({
        task,
        rollouts: rollouts.map((rollout) => {
          const teacherLogProb = new Float64Array(rollout.samplerLogProbs.length).fill(7);
          return { ...rollout, columns: { teacherLogProb }, values: { teacherTarget: 3 } };
        }),
      }));
    await trainStep(1, await trainer({ objective, stages: { strategy } }));
    expect(new Set(seen[0])).toEqual(new Set([7]));
    expect(new Set(seen[1])).toEqual(new Set([3]));
  });
});

describe('demonstrations inside a group', () => {
  it('carry loss for an objective that knows them, and none for another', async () => {
    const { demonstration } = tokenSource;
    const strategy: Stages['strategy'] = async (tasks, context) => {
      const groups = await sampleGroups(tasks, context);
      return groups.map(({ task, rollouts }) => {
        const tokens = Int32Array.from([...context.environment.prompt(task), ...toyCodec.encode(task.reference)]);
        const shown = { task, sample: rollouts.length, seed: 0, tokens, promptLength: tokens.length - 1 };
        const response = { samplerLogProbs: Float32Array.of(0), sources: Uint8Array.of(demonstration) };
        return {
          task,
          rollouts: [...rollouts, { ...shown, ...response, text: task.reference, finish: 'stop' as const }],
        };
      });
    };
    const tokensOf = async (objective: Objective) => {
      const { metrics } = await trainStep(1, await trainer({ objective, stages: { strategy } }));
      return metrics['lossTokens'] ?? Number.NaN;
    };
    const plain = createObjective('grpo');
    const difference = (await tokensOf(alsoNeeding(plain, 'external'))) - (await tokensOf(plain));
    // One demonstrated token a group that has a signal; with a right one in every group that is nearly all of them.
    expect(difference).toBeGreaterThan(4);
    expect(difference).toBeLessThanOrEqual(8);
  });
});

describe('trainStep', () => {
  it('makes up for skipped groups in further rounds, and stops at the cap', async () => {
    const { engine, ...parts } = await trainer({ rounds: 3 });
    const { metrics, collected } = await trainStep(1, { engine, ...parts });
    expect(metrics['rounds']).toBeGreaterThan(1);
    expect(collected.kept.length).toBeLessThanOrEqual(8);
    const none = { filter: () => [] };
    const dry = await trainStep(1, await trainer({ rounds: 3, stages: none }));
    expect(dry.metrics).toMatchObject({ rounds: 3, groups: 24, groupsKept: 0, updates: 0, lossTokens: 0 });
    expect(JSON.parse(JSON.stringify(dry.metrics))).toMatchObject({ loss: null, entropy: null, gradNorm: null });
  });

  it('counts groups without signal and takes no step when there is nothing else', async () => {
    const recipe = toyRecipe({ reward: { weights: { score: 0 } } });
    const parts = await trainer({ recipe });
    const { metrics } = await trainStep(1, parts);
    expect(metrics).toMatchObject({ groups: 8, groupsKept: 0, groupsWithoutSignal: 8, reward: 0, updates: 0 });
    expect(parts.engine.calls.optimStep).toBe(0);
  });

  it('keeps what could not be judged out of means and losses', async () => {
    const parts = await trainer();
    const { metrics, collected } = await trainStep(1, parts);
    const rollouts = collected.groups.flatMap((group) => group.rollouts);
    const unjudged = rollouts.filter(({ verdict }) => verdict.outcome === 'unscorable');
    expect(unjudged.length).toBeGreaterThan(0);
    expect(metrics['unjudged']).toBeCloseTo(unjudged.length / rollouts.length, 12);
    const right = rollouts.filter(({ verdict }) => verdict.outcome === 'correct').length;
    expect(metrics['accuracy']).toBeCloseTo(right / (rollouts.length - unjudged.length), 12);
    expect(metrics['reward']).toBeCloseTo(metrics['accuracy'] ?? Number.NaN, 12);
    const kept = collected.kept.flatMap((group) => group.rollouts);
    const tokens = kept
      .filter(({ reward }) => !Number.isNaN(reward.total))
      .reduce((sum, { samplerLogProbs }) => sum + samplerLogProbs.length, 0);
    expect(metrics['lossTokens']).toBe(tokens);
  });

  it.each(['loss', 'gradient', 'norm'] as const)(
    'stops before the weights change when the %s is not finite',
    async (what) => {
      const plain = createObjective('grpo');
      const objective: Objective = {
        ...plain,
        advantages: (batch) => plain.advantages(batch),
        loss(batch, advantages) {
          const result = plain.loss(batch, advantages);
          const column = new Float64Array(batch.mask.length).fill(what === 'norm' ? Number.MAX_VALUE : Number.NaN);
          return what === 'loss' ? { ...result, loss: Number.NaN } : { ...result, gradients: { logProb: column } };
        },
      };
      const parts = await trainer({ objective });
      const probe = { tokens: Int32Array.of(3, 10, 4), offsets: Int32Array.of(0, 3) };
      const before = await parts.engine.forward(probe);
      await expect(trainStep(1, parts)).rejects.toThrow(NonFinite);
      expect(await parts.engine.forward(probe)).toEqual(before);
    },
  );
});

describe('PPO with a value head', () => {
  it('learns what is to be earned, and to earn it', async () => {
    const recipe = toyRecipe({ objective: 'ppo', filter: { name: 'none' } });
    const parts = await trainer({ recipe, update: { epochs: 2, minibatches: 2 } });
    const steps: StepMetrics[] = [];
    for (let step = 1; step <= 40; step++) steps.push((await trainStep(step, parts)).metrics);
    const mean = (name: string, from: number, to: number) =>
      steps.slice(from, to).reduce((sum, metrics) => sum + (metrics[name] ?? Number.NaN), 0) / (to - from);
    expect(mean('reward', 30, 40)).toBeGreaterThan(mean('reward', 0, 5) + 0.2);
    expect(mean('valueLoss', 30, 40)).toBeLessThan(mean('valueLoss', 0, 5) / 2);
    expect(steps[0]).toHaveProperty('explainedVariance');
  });
});

describe('SDPO', () => {
  /** The teacher reads `?`, and behind it the first character of the solution, which it repeats. */
  const stages: Partial<Stages> = { teacherPrompt: (_, { solution = '' }) => `?${solution[0] ?? ''}` };
  const repeating = (engine: unknown): void => {
    for (let digit = 0; digit < 10; digit++) {
      const logits = Array.from({ length: END_TOKEN + 1 }, (_, token) => (token === digit ? 8 : 0));
      (engine as TabularEngine).setLogits([END_TOKEN - 1, digit], logits);
    }
  };

  it.each([{}, { mode: 'token' }, { alpha: 1, tail: 'renormalise', topK: 9 }])(
    'learns from what its teacher makes of the same responses: %j',
    async (settings) => {
      const objective = createObjective('sdpo', settings);
      const recipe = toyRecipe({ filter: { name: 'none' } });
      const parts = await trainer({ recipe, objective, stages, update: { epochs: 1, minibatches: 2 } });
      for (const engine of [parts.engine, parts.teacher]) repeating(engine);
      const steps: StepMetrics[] = [];
      for (let step = 1; step <= 40; step++) steps.push((await trainStep(step, parts)).metrics);
      expect(steps[0]?.['accuracy']).toBeLessThan(0.2);
      expect(steps.at(-1)?.['accuracy']).toBeGreaterThan(0.8);
      expect(steps[0]?.['teacherTargets']).toBeGreaterThan(0.3);
      expect(steps[0]?.['teacherTargets']).toBeLessThan(1);
    },
  );

  it('has a teacher that follows the policy as the recipe says', async () => {
    const probe = { tokens: Int32Array.of(3, 10, 4), offsets: Int32Array.of(0, 3) };
    const moved = async (averaging: number): Promise<number[]> => {
      const objective = createObjective('sdpo');
      const parts = await trainer({ recipe: toyRecipe({ teacher: { averaging } }), objective, stages });
      for (const engine of [parts.engine, parts.teacher]) repeating(engine);
      const before = await parts.engine.forward(probe);
      await trainStep(1, parts);
      const [policy, teacher] = [await parts.engine.forward(probe), await parts.teacher?.forward(probe, {})];
      return [before, policy, teacher].map((columns) => columns?.logProb[2] ?? Number.NaN);
    };
    const [before, policy, frozen] = await moved(0);
    expect(policy).not.toBe(before);
    expect(frozen).toBe(before);
    const [, , followed] = await moved(1);
    expect(followed).toBe(policy);
    const [, , between] = await moved(0.5);
    expect(between).toBeGreaterThan(Math.min(before!, policy!));
    expect(between).toBeLessThan(Math.max(before!, policy!));
  });
});

describe('spans', () => {
  it('are cut as the objective says: at punctuation for sspo, at line breaks where it says nothing', async () => {
    const seen: Record<string, number[]> = {};
    for (const [name, settings] of [
      ['sspo', {}],
      ['lines', { segmenter: 'lines' }],
    ] as const) {
      // prettier-ignore
      const plain = createObjective('sspo', settings);
      const objective: Objective = {
        ...plain,
        advantages: (batch) => ((seen[name] = Array.from(batch.columns.segment ?? [])), plain.advantages(batch)),
      };
      const parts = await trainer({ objective });
      const { environment: plainEnvironment } = parts.stages;
      const decode = (tokens: Int32Array) => plainEnvironment.decode(tokens) + (tokens.length === 1 ? '.' : '');
      const environment = { ...plainEnvironment, decode };
      await trainStep(1, { ...parts, stages: { ...parts.stages, environment } });
    }
    expect(Math.max(...(seen['sspo'] ?? []))).toBeGreaterThan(0);
    expect(Math.max(...(seen['lines'] ?? []))).toBe(0);
  });
});

describe('every objective', () => {
  /** The others ask for what only a strategy of their own brings, and are refused before the first step. */
  const runnable = objectiveNames.filter((name) => missingColumns(createObjective(name)).length === 0);

  const refused = objectiveNames.filter((name) => !runnable.includes(name));

  it.each(refused)('%s is refused before the first step, in one line that names what is missing', (name) => {
    const recipe = toyRecipe({ objective: name });
    const missing = missingColumns(createObjective(name));
    const message = `toy: objective.name must be one that the engine can run, got ${name}, which needs ${missing.join(' and ')};`;
    expect(() => checkObjective(recipe)).toThrow(message);
    expect(() => checkObjective(recipe)).not.toThrow(/\n/);
  });

  it.each(runnable)('%s is not refused', (name) => {
    expect(() => checkObjective(toyRecipe({ objective: name }))).not.toThrow();
  });

  it.each(runnable)('%s trains from the columns that it declares', async (name) => {
    const parts = await trainer({ objective: createObjective(name), update: { epochs: 1, minibatches: 2 } });
    for (const step of [1, 2]) {
      const { metrics } = await trainStep(step, parts);
      expect(Number.isFinite(metrics['loss'])).toBe(true);
      expect(metrics['updates']).toBeGreaterThan(0);
    }
  });
});
