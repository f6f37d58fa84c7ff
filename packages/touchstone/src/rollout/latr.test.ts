import type { SampleRequest } from '@touchstone/engine';
import { describe, expect, it, onTestFinished } from 'vitest';
import { singleTurnEnvironment } from '../environment/environment.js';
import { loadModel } from '../run/local-model.js';
import { buildStages } from '../run/stages.js';
import { TabularEngine } from '../testing/tabular-engine.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { writeTinyModel } from '../testing/tiny-model.js';
import { toyRecipe } from '../testing/toy-run.js';
import { END_TOKEN, toyCodec, toySource } from '../testing/toy-task.js';
import { trainStep } from '../trainer/trainer.js';
import { latrStrategy } from './latr.js';
import { latrSchema } from './latr-settings.js';
import type { Rollout, RolloutGroup } from './rollout.js';
import { responseLength } from './rollout.js';
import type { RolloutContext, RolloutStrategy, SamplingSettings } from './strategy.js';
import { sampleGroups } from './strategy.js';

/** The token of `>`, with which every prompt ends. */
const ASK = 10;
const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);
const VOCABULARY = END_TOKEN + 1;
const environment = singleTurnEnvironment({ codec: toyCodec, source: toySource, contextLength: 64 });
const tasks = DIGITS.map((index) => toySource.task('train', index));

/** Counts what it is asked for. */
class WatchedEngine extends TabularEngine {
  readonly requests: SampleRequest[] = [];
  passes = 0;
  override sample(...[requests, options]: Parameters<TabularEngine['sample']>) {
    this.requests.push(...requests);
    return super.sample(requests, options);
  }
  override forward(...request: Parameters<TabularEngine['forward']>) {
    this.passes++;
    return super.forward(...request);
  }
}

/** Logits of these probabilities; what is left is spread over the other tokens. */
function logitsOf(probs: Readonly<Record<number, number>>): number[] {
  const named = Object.values(probs);
  const rest = (1 - named.reduce((sum, prob) => sum + prob, 0)) / (VOCABULARY - named.length);
  return Array.from({ length: VOCABULARY }, (_, token) => Math.log(probs[token] ?? rest));
}

/**
 * A policy that is undecided twice, between the right digit and the one before it, then between 0 and 1, and all but sure
 * of the rest of its response: four tokens in four likely ways.
 */
function undecided(contextLength = 64): WatchedEngine {
  const engine = new WatchedEngine(VOCABULARY, END_TOKEN, contextLength);
  for (const digit of DIGITS) {
    engine.setLogits([digit, ASK], logitsOf({ [digit]: 0.5, [(digit + 1) % 10]: 0.36 }));
    engine.setLogits([ASK, digit], logitsOf({ 0: 0.52, 1: 0.4 }));
    engine.setLogits([digit, 0], logitsOf({ 5: 0.98 }));
    engine.setLogits([digit, 1], logitsOf({ 6: 0.98 }));
  }
  for (const [before, last] of [
    [0, 5],
    [1, 6],
  ] as const) {
    engine.setLogits([before, last], logitsOf({ [END_TOKEN]: 0.98 }));
  }
  return engine;
}

const short = { filterSteps: [2] };
const settingsOf = (changes: object = {}) => latrSchema.parse({ name: 'latr', eta: 1, ...short, ...changes });
const sampling: SamplingSettings = { group: 4, maxNewTokens: 6, temperature: 1 };

function contextOf(engine: TabularEngine, changes: Partial<RolloutContext> = {}): RolloutContext {
  return { engine, environment, sampling, seed: 1, step: 1, ...changes };
}

const grown = (context: RolloutContext, changes: object = {}) => latrStrategy(settingsOf(changes))(tasks, context);
const textsOf = (rollouts: readonly Rollout[]) => rollouts.map(({ text }) => text);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('groups that begin in trees', () => {
  it('hold more distinct responses, and more often right and wrong ones together, than plain groups of the same seed', async () => {
    const seeds = Array.from({ length: 20 }, (_, seed) => seed);
    const measured = async (strategy: RolloutStrategy) => {
      const runs = await Promise.all(seeds.map((seed) => strategy(tasks, contextOf(undecided(), { seed }))));
      const groups = runs.flat();
      const mixed = groups.map(({ task, rollouts }) => {
        const right = rollouts.filter(({ text }) => text.startsWith(task.reference)).length;
        return right > 0 && right < rollouts.length ? 1 : 0;
      });
      return { distinct: mean(groups.map(({ rollouts }) => new Set(textsOf(rollouts)).size)), mixed: mean(mixed) };
    };
    const plain = await measured(sampleGroups);
    const trees = await measured(latrStrategy(settingsOf()));
    expect(plain.mixed).toBeLessThan(0.85);
    expect(trees.mixed).toBe(1);
    expect(plain.distinct).toBeLessThan(3.3);
    expect(trees.distinct).toBeGreaterThan(3.9);
  });

  it('are the same bit for bit in every run, and others for another seed', async () => {
    const first = await grown(contextOf(undecided()), { eta: 0.5 });
    expect(await grown(contextOf(undecided()), { eta: 0.5 })).toEqual(first);
    expect(await grown(contextOf(undecided(), { seed: 2 }), { eta: 0.5 })).not.toEqual(first);
    const seeds = first.flatMap(({ rollouts }) => rollouts.map(({ seed }) => seed));
    expect(new Set(seeds).size).toBe(seeds.length);
    expect(first.map(({ rollouts }) => rollouts.map(({ sample }) => sample))).toEqual(tasks.map(() => [0, 1, 2, 3]));
  });

  it('cost one pass a token of the trees and one for their log-probs, and one call to sample', async () => {
    const engine = undecided();
    await grown(contextOf(engine), { forceReturnStep: 3, filterSteps: [8] });
    expect(engine.passes).toBe(3 + 1);
    expect(engine.requests).toHaveLength(10 * 4);
  });

  it('pass their log-probs as the trainer computes them, under the temperature of the run', async () => {
    for (const temperature of [1, 0.7]) {
      const engine = undecided();
      const groups = await grown(contextOf(engine, { sampling: { ...sampling, temperature } }), { eta: 0.5 });
      for (const { tokens, promptLength, samplerLogProbs } of groups.flatMap(({ rollouts }) => rollouts)) {
        const offsets = Int32Array.of(0, tokens.length);
        const { logProb } = await engine.forward({ tokens, offsets, temperature });
        expect(Array.from(samplerLogProbs)).toEqual(Array.from(logProb.subarray(promptLength)));
      }
    }
  });

  it('train a run that repeats bit for bit, with ratios of 1, and with eta of the step', async () => {
    const strategy = { name: 'latr', eta: { 0: 1, 3: 0 }, ...short } as const;
    const recipe = toyRecipe({ rollout: { group: 4, maxNewTokens: 6, strategy } });
    const run = async () => {
      const engine = undecided();
      const stages = buildStages({ recipe, source: toySource, codec: toyCodec, contextLength: 64 });
      const { teacher } = recipe;
      const settings = { seed: 3, prompts: 5, rounds: 1, epochs: 1, minibatches: 1, sampling, optimizer: {}, teacher };
      const steps = [];
      for (const step of [1, 2, 3]) {
        engine.passes = 0;
        const { metrics } = await trainStep(step, { engine, stages, settings });
        steps.push({ metrics, passes: engine.passes });
      }
      return steps;
    };
    const first = await run();
    expect(await run()).toEqual(first);
    expect(first.map(({ metrics }) => [metrics.updates, metrics.ratioMean])).toEqual(new Array(3).fill([1, 1]));
    // Three for the trees, one for their log-probs; and the tabular engine's own in the update.
    expect(first.map(({ passes }) => passes)).toEqual([5, 5, 1]);
  });
});

describe('eta', () => {
  it('of 0 is plain sampling byte for byte, without a pass of its own', async () => {
    const engine = undecided();
    const groups = await grown(contextOf(engine), { eta: 0 });
    expect(groups).toEqual(await sampleGroups(tasks, contextOf(undecided())));
    expect(engine.passes).toBe(0);
  });

  it('follows the training step, and leaves the rest of the group as it would be without trees', async () => {
    const plain = await sampleGroups(tasks, contextOf(undecided()));
    const at = (step: number) => grown(contextOf(undecided(), { step }), { eta: { 20: 0, 0: 1, 10: 0.5 } });
    const seedsOf = (groups: readonly RolloutGroup[]) => groups.map(({ rollouts }) => rollouts.map(({ seed }) => seed));
    expect(seedsOf(await at(1))).toEqual(seedsOf(plain));
    const half = await at(10);
    half.forEach(({ rollouts }, task) => expect(rollouts.slice(2)).toEqual(plain[task]?.rollouts.slice(2)));
    expect(half).not.toEqual(plain);
    expect((await at(9)).map(({ rollouts }) => rollouts.slice(2))).not.toEqual(
      half.map(({ rollouts }) => rollouts.slice(2)),
    );
    expect(await at(20)).toEqual(plain);
  });
});

describe('a tree', () => {
  it('of one place is a greedy beginning', async () => {
    const groups = await grown(contextOf(undecided()), { eta: 0.25, forceReturnStep: 2 });
    expect(groups.map(({ rollouts }) => rollouts[0]?.text.slice(0, 2))).toEqual(DIGITS.map((digit) => `${digit}0`));
  });

  it('without a fork is one greedy beginning for all, whose copies differ behind it', async () => {
    const groups = await grown(contextOf(undecided(), { sampling: { ...sampling, group: 8, maxNewTokens: 20 } }), {
      tauAbs: 0.6,
      forceReturnStep: 1,
    });
    for (const [digit, { rollouts }] of groups.entries()) {
      expect(new Set(textsOf(rollouts).map((text) => text[0]))).toEqual(new Set([String(digit)]));
    }
    expect(mean(groups.map(({ rollouts }) => new Set(textsOf(rollouts)).size))).toBeGreaterThan(2);
  });

  it('goes on with the draws that an uncut response of the same seed would have', async () => {
    // All but sure of its first three tokens, open behind them.
    const sure = () => {
      const engine = new WatchedEngine(VOCABULARY, END_TOKEN);
      for (const digit of DIGITS) engine.setLogits([digit, ASK], logitsOf({ 7: 1 - 1e-12 }));
      engine.setLogits([ASK, 7], logitsOf({ 8: 1 - 1e-12 }));
      return engine;
    };
    const context = { sampling: { ...sampling, maxNewTokens: 12 } };
    const groups = await grown(contextOf(sure(), context), { forceReturnStep: 2 });
    const plain = await sampleGroups(tasks, contextOf(sure(), context));
    expect(groups.map(({ rollouts }) => textsOf(rollouts))).toEqual(plain.map(({ rollouts }) => textsOf(rollouts)));
    expect(new Set(groups.flatMap(({ rollouts }) => textsOf(rollouts))).size).toBeGreaterThan(30);
  });

  it('may fill the whole budget, which leaves nothing to sample', async () => {
    const engine = undecided();
    const groups = await grown(contextOf(engine, { sampling: { ...sampling, maxNewTokens: 3 } }), {
      forceReturnStep: 9,
    });
    expect(engine.requests).toEqual([]);
    for (const rollout of groups.flatMap(({ rollouts }) => rollouts)) {
      expect(rollout.finish).toBe('length');
      expect(responseLength(rollout)).toBe(3);
      expect(rollout.samplerLogProbs).toHaveLength(3);
    }
  });

  it('ends within the context of the model', async () => {
    const engine = undecided(5);
    const groups = await grown(contextOf(engine), { forceReturnStep: 6 });
    expect(groups.flatMap(({ rollouts }) => rollouts.map(({ tokens }) => tokens.length))).toEqual(
      new Array<number>(40).fill(5),
    );
  });

  it('keeps what ended in it: by the end token, a stop token or a stop string', async () => {
    const whole = { forceReturnStep: 6, tauEdit: null };
    const [ended] = await grown(contextOf(undecided()), whole);
    expect(ended?.rollouts.map(({ text, finish }) => [text, finish])).toEqual(
      ['005', '105', '016', '116'].map((text) => [text, 'stop']),
    );
    expect(ended?.rollouts.map(({ tokens }) => tokens.at(-1))).toEqual(new Array(4).fill(END_TOKEN));
    for (const stop of [{ stopTokenIds: [5] }, { stopStrings: ['', '05'] }]) {
      const engine = undecided();
      const [group] = await grown(contextOf(engine, { sampling: { ...sampling, ...stop } }), whole);
      expect(group?.rollouts.map(({ tokens, finish }) => [tokens.at(-1), finish])).toEqual([
        [5, 'stop'],
        [5, 'stop'],
        [END_TOKEN, 'stop'],
        [END_TOKEN, 'stop'],
      ]);
      expect(engine.requests).toEqual([]);
    }
  });

  it('has no place for a fork that comes back to its parent', async () => {
    // Both ways lead to the same tokens: with two of three tokens alike the edit ratio is 1/3.
    const same = () => {
      const engine = undecided();
      for (const digit of DIGITS) engine.setLogits([ASK, digit], logitsOf({ 0: 0.98 }));
      return engine;
    };
    const firstOf = async (changes: object) =>
      (await grown(contextOf(same()), { forceReturnStep: 3, ...changes })).map(({ rollouts }) =>
        rollouts.map(({ text }) => Number(text[0])),
      );
    const kept = DIGITS.map((digit) => [digit, (digit + 1) % 10, digit, digit]);
    expect(await firstOf({ filterSteps: [3] })).toEqual(DIGITS.map((digit) => [digit, digit, digit, digit]));
    expect(await firstOf({ filterSteps: [4] })).toEqual(kept);
    expect(await firstOf({ filterSteps: [3], tauEdit: null })).toEqual(kept);
    expect(await firstOf({ filterSteps: [3], tauEdit: null, tauRouge: 0.5 })).not.toEqual(kept);
  });
});

describe('on the local engine', () => {
  it('trees grow, are sampled to their end, and repeat bit for bit', async () => {
    const folder = await temporaryFolder();
    await writeTinyModel(folder);
    const { engine, codec } = await loadModel(folder, { threads: 1, directory: folder });
    onTestFinished(() => engine.dispose());
    const local = singleTurnEnvironment({ codec, source: toySource, contextLength: 64 });
    // Weights are random, so that every token is about as likely: all fork, and none is too near.
    const strategy = latrStrategy(
      settingsOf({ eta: 0.75, tauAbs: 0, tauRel: 1, forceReturnStep: 5, filterSteps: [6] }),
    );
    const run = () => strategy(tasks, { engine, environment: local, sampling, seed: 1, step: 1 });
    const groups = await run();
    expect(await run()).toEqual(groups);
    for (const { rollouts } of groups) {
      expect(rollouts).toHaveLength(4);
      expect(
        new Set(rollouts.slice(0, 3).map(({ tokens, promptLength }) => tokens.slice(0, promptLength + 5).join())).size,
      ).toBe(3);
      for (const { tokens, promptLength, samplerLogProbs } of rollouts) {
        const { logProb } = await engine.forward({ tokens, offsets: Int32Array.of(0, tokens.length) }, {});
        samplerLogProbs.forEach((value, t) => expect(value).toBeCloseTo(logProb[promptLength + t] as number, 4));
      }
    }
  });
});

describe('what cannot be', () => {
  it('is an engine that does not tell the likeliest tokens', async () => {
    const engine = Object.assign(undecided(), {
      limits: { columns: [], temperatures: false, clipsGradients: true },
    });
    await expect(grown(contextOf(engine))).rejects.toThrow(
      'rollout: strategy latr needs an engine that gives the likeliest next tokens (topK), got one that gives ' +
        'log-probs of chosen tokens only; use the local engine, or the strategy sample',
    );
    expect(await grown(contextOf(engine), { eta: 0 })).toHaveLength(10);
  });

  it('is a temperature that changes along a response, or a constraint', async () => {
    const changing = { ...sampling, temperature: [1, 0.5] };
    await expect(grown(contextOf(undecided(), { sampling: changing }))).rejects.toThrow(/got a list of temperatures/);
    const constrained = { ...sampling, constraint: { children: new Map() } };
    await expect(grown(contextOf(undecided(), { sampling: constrained }))).rejects.toThrow(/got a constraint/);
  });
});
