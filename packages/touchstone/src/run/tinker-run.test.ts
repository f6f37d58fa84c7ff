import { cp, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TinkerEngine } from '@touchstone/engine/tinker';
import type { RetryPolicy } from '@touchstone/engine/tinker';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, describe, expect, it } from 'vitest';
import type { RecipeInput } from '../config/recipe.js';
import { recipeSchema } from '../config/recipe.js';
import type { TinkerServer } from '../serve/tinker/tinker-server.js';
import { startTinkerServer } from '../serve/tinker/tinker-server.js';
import type { Fault } from '../testing/fault-proxy.js';
import { FaultProxy } from '../testing/fault-proxy.js';
import { TabularEngine } from '../testing/tabular-engine.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { toyRecipe, toyRequest } from '../testing/toy-run.js';
import { END_TOKEN, toyCodec } from '../testing/toy-task.js';
import type { LoadModel } from './model.js';
import { planRun } from './plan.js';
import { stepName } from './rollouts-file.js';
import { train } from './train.js';

const QUICK: Partial<RetryPolicy> = { firstDelayMs: 2, maxDelayMs: 50, giveUpAfterMs: 20_000, requestTimeoutMs: 1000 };
const STEPS = 8;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Our own server over the tabular engine, which can be killed: models are lost, checkpoints stay. */
class Service {
  server: TinkerServer | undefined;

  private constructor(private readonly stateFolder: string) {}

  static async start(): Promise<Service> {
    const service = new Service(await temporaryFolder());
    await service.begin();
    cleanups.push(async () => service.server?.close());
    return service;
  }

  get url(): string {
    return this.server?.url ?? 'http://127.0.0.1:9';
  }

  async kill(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    await server?.close();
    await this.begin();
  }

  private async begin(): Promise<void> {
    const engine = new TabularEngine(END_TOKEN + 1, END_TOKEN);
    const options = { modelName: 'toy', tokenizerId: 'toy', stateFolder: this.stateFolder, port: 0 };
    this.server = await startTinkerServer({ engine, ...options });
  }
}

/** The toy model behind a server at `url`, as `loadTinkerModel` would connect it. */
function toyOn(retry: Partial<RetryPolicy> = QUICK): LoadModel {
  return async (_model, { engine: choice, notice }) => {
    const { model } = new TabularEngine(END_TOKEN + 1, END_TOKEN);
    const engine = await TinkerEngine.connect({
      ...{ baseUrl: choice?.baseUrl ?? '', baseModel: 'toy', model, lora: { rank: 8, seed: 0 }, retry },
      ...(notice !== undefined && { notice }),
    });
    return { engine, codec: toyCodec };
  };
}

function recipeOn(url: string, changes: Partial<RecipeInput> = {}) {
  return toyRecipe({
    steps: STEPS,
    engine: { name: 'tinker', baseUrl: url },
    evaluation: { tasks: 5, samples: 8, every: 0 },
    ...changes,
  });
}

async function runOn(
  url: string,
  changes: Partial<RecipeInput> = {},
  retry = QUICK,
): Promise<{ folder: string; metrics: string }> {
  const folder = join(await temporaryFolder(), 'run');
  await train({ ...(await toyRequest(folder, recipeOn(url, changes), { loadModel: toyOn(retry) })) });
  return { folder, metrics: await readFile(join(folder, 'metrics.jsonl'), 'utf8') };
}

function parsed(metrics: string): Record<string, number>[] {
  return metrics
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);
}

/** The tasks that a step asked, in order. */
async function tasksOf(folder: string, step: number): Promise<unknown[]> {
  const bytes = await readFile(join(folder, 'rollouts', `${stepName(step)}.parquet`));
  const rows = await parquetReadObjects({ file: Uint8Array.from(bytes).buffer, columns: ['task'] });
  return rows.map(({ task }: Record<string, unknown>) => task);
}

/** A run that nothing befell, to compare with. */
async function calmRun(changes: Partial<RecipeInput> = {}) {
  return runOn((await Service.start()).url, changes);
}

async function proxyTo(service: Service): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(() => service.url);
  cleanups.push(() => proxy.close());
  return proxy;
}

describe('a run on a server of the Tinker API', () => {
  it('learns, and keeps the address of its checkpoints', async () => {
    const { folder, metrics } = await calmRun({ steps: 30 });
    const lines = parsed(metrics);
    expect(lines.at(-1)?.['eval/accuracy']).toBeGreaterThan((lines[0]?.['eval/accuracy'] as number) + 0.3);
    const [latest] = (await readdir(join(folder, 'checkpoints'))).sort().reverse();
    const state = JSON.parse(await readFile(join(folder, 'checkpoints', latest as string, 'tinker.json'), 'utf8')) as {
      path: string;
    };
    expect(state.path).toMatch(/^tinker:\/\//);
  }, 60_000);

  it('resumes from the checkpoint on the server with the metrics of a run that never stopped', async () => {
    const { metrics } = await calmRun();
    const { url } = await Service.start();
    const folder = join(await temporaryFolder(), 'run');
    const stop = { requested: false };
    const request = await toyRequest(folder, recipeOn(url), { loadModel: toyOn(), stop });
    const observer = { ...request.observer, stepped: () => (stop.requested = true) };
    await expect(
      train({ ...request, observer: { ...observer, stepped: () => void observer.stepped() } }),
    ).rejects.toThrow(/stopped after step 1/);
    await train(await toyRequest(folder, recipeOn(url), { loadModel: toyOn() }));
    expect(await readFile(join(folder, 'metrics.jsonl'), 'utf8')).toBe(metrics);
  }, 60_000);

  it('ends with the same metrics where 10 % of the requests fail or get no answer', async () => {
    const { metrics } = await calmRun();
    const proxy = await proxyTo(await Service.start());
    let random = 7;
    const faults: readonly Fault[] = ['error-before', 'error-after', 'dropped'];
    proxy.fault = () => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return (random >>> 8) % 10 === 0 ? (faults[(random >>> 16) % 3] as Fault) : 'none';
    };
    expect((await runOn(proxy.url)).metrics).toBe(metrics);
    expect(proxy.spoilt).toBeGreaterThan(10);
  }, 60_000);

  it.each(['forward_backward', 'optim_step', 'save_weights_for_sampler', 'asample'])(
    'ends with the same metrics where the server is killed during %s and started again',
    async (verb) => {
      const { metrics } = await calmRun();
      const service = await Service.start();
      const proxy = await proxyTo(service);
      let seen = 0;
      let kills = 0;
      proxy.fault = async (path) => {
        if (!path.endsWith(`/${verb}`) || ++seen !== 6) return 'none';
        kills++;
        // The request is carried out, then everything is gone before anybody hears of it.
        setTimeout(() => void service.kill(), 5);
        return Promise.resolve('dropped');
      };
      expect((await runOn(proxy.url)).metrics).toBe(metrics);
      expect(kills).toBe(1);
    },
    60_000,
  );

  it('ends with the same metrics where answers come when nobody waits for them any more', async () => {
    const { metrics } = await calmRun();
    const proxy = await proxyTo(await Service.start());
    let changes = 0;
    // The client waits for 0.7 s; with its default of two minutes it would wait such a delay out.
    proxy.fault = (path) =>
      /forward_backward|optim_step/.test(path) && [3, 8, 9].includes(++changes) ? { delayMs: 3000 } : 'none';
    expect((await runOn(proxy.url, {}, { ...QUICK, requestTimeoutMs: 700 })).metrics).toBe(metrics);
  }, 60_000);
});

describe('the losses of the server', () => {
  const objective = { name: 'dr-grpo', clipLow: 0.1, clipHigh: 0.1 };
  const several = { objective, update: { epochs: 2, minibatches: 2 }, optimizer: { learningRate: 0.3 } };

  it('train as ours do, in fewer requests', async () => {
    const count = async (changes: Partial<RecipeInput>) => {
      const proxy = await proxyTo(await Service.start());
      const asked: string[] = [];
      proxy.fault = (path) => (asked.push(path.split('/').at(-1) ?? ''), 'none');
      const { metrics } = await runOn(proxy.url, changes);
      return { metrics: parsed(metrics), of: (verb: string) => asked.filter((each) => each === verb).length };
    };
    const theirs = await count(several);
    // A bound that never binds, but that servers do not have.
    const ours = await count({ ...several, objective: { ...objective, ratioCap: 1e6 } });
    expect(ours.of('forward')).toBe(4 * STEPS);
    // One before the first step for the trial; then what log-probs the ratios start from, once a step.
    expect(theirs.of('forward')).toBe(1 + STEPS);
    expect(theirs.metrics.some(({ clipFraction }) => (clipFraction as number) > 0)).toBe(true);
    for (const [i, line] of theirs.metrics.entries()) {
      for (const [name, value] of Object.entries(line))
        expect(value, name).toBeCloseTo(ours.metrics[i]?.[name] as number, 5);
    }
  }, 60_000);
});

describe('the plan of a run', () => {
  it('counts the requests that it makes', async () => {
    const proxy = await proxyTo(await Service.start());
    const asked: string[] = [];
    proxy.fault = (path) => (asked.push(path.split('/').at(-1) ?? ''), 'none');
    const changes = { update: { epochs: 2, minibatches: 2 }, evaluation: { tasks: 5, samples: 8, every: 3 } };
    await runOn(proxy.url, changes);
    const counted = /^(asample|forward|forward_backward|optim_step|save_weights|save_weights_for_sampler)$/;
    // Three gradients and two steps found out what the server does.
    const made = asked.filter((verb) => counted.test(verb)).length - 5;
    expect(planRun(recipeOn(proxy.url, changes), { promptTokens: 1, responseTokens: 3 }).run.requests).toBe(made);
  }, 60_000);
});

/** Addresses on the server that the checkpoints of a run folder have, half-done ones first. */
async function addresses(folder: string): Promise<string[]> {
  const names = (await readdir(join(folder, 'checkpoints'))).sort();
  const texts = names.map((name) => readFile(join(folder, 'checkpoints', name, 'tinker.json'), 'utf8'));
  return (await Promise.all(texts)).map((text) => (JSON.parse(text) as { path: string }).path);
}

/** Addresses of the weights that a server holds for training on. */
async function held(service: Service): Promise<string[]> {
  const response = await fetch(`${service.url}/api/v1/checkpoints`);
  const { checkpoints } = (await response.json()) as { readonly checkpoints: readonly { tinker_path: string }[] };
  const paths = checkpoints.map(({ tinker_path }) => tinker_path);
  return paths.filter((path) => path.includes('/weights/')).sort();
}

describe('checkpoints of a run', () => {
  it('go from the server when they go from the run folder', async () => {
    const service = await Service.start();
    const changes = { checkpoint: { every: 1, keep: 2 } };
    const { folder } = await runOn(service.url, changes);
    const paths = await addresses(folder);
    expect(paths).toHaveLength(2);
    expect(await held(service)).toEqual(paths.sort());
  }, 60_000);

  it('that a killed process was saving go from the server and the folder when the run is resumed', async () => {
    const changes = { checkpoint: { every: 1, keep: 3 } };
    const { metrics } = await calmRun(changes);
    const service = await Service.start();
    const [folder, killed] = [join(await temporaryFolder(), 'run'), join(await temporaryFolder(), 'run')];
    const stop = { requested: false };
    const loadModel: LoadModel = async (...args) => {
      const model = await toyOn()(...args);
      const save = model.engine.saveState.bind(model.engine);
      let saved = 0;
      model.engine.saveState = async (into) => {
        await save(into);
        // The folder as it is where the process is killed before the checkpoint gets its name.
        if (++saved !== 3) return;
        await cp(folder, killed, { recursive: true });
        stop.requested = true;
      };
      return model;
    };
    const first = await toyRequest(folder, recipeOn(service.url, changes), { loadModel, stop });
    await expect(train(first)).rejects.toThrow(/stopped after step 4/);
    await rm(join(killed, 'run.lock'));
    const [left] = await addresses(killed);
    expect(await held(service)).toContain(left);
    await train(await toyRequest(killed, recipeOn(service.url, changes), { loadModel: toyOn() }));
    expect(await held(service)).not.toContain(left);
    expect((await readdir(join(killed, 'checkpoints'))).sort()).toEqual([STEPS - 2, STEPS - 1, STEPS].map(stepName));
    expect(await readFile(join(killed, 'metrics.jsonl'), 'utf8')).toBe(metrics);
  }, 60_000);
});

describe('rollouts of the next step while this one learns', () => {
  it('a run that is resumed samples the step that was ahead anew, from the same tasks', async () => {
    const changes = { rollout: { prompts: 5, group: 8, maxNewTokens: 3, overlap: true } };
    const calm = await calmRun(changes);
    const stopped = async () => {
      const { url } = await Service.start();
      const folder = join(await temporaryFolder(), 'run');
      const stop = { requested: false };
      const request = await toyRequest(folder, recipeOn(url, changes), { loadModel: toyOn(), stop });
      let steps = 0;
      const observer = { ...request.observer, stepped: () => void (stop.requested = ++steps === 3) };
      await expect(train({ ...request, observer })).rejects.toThrow(/stopped after step 3/);
      await train(await toyRequest(folder, recipeOn(url, changes), { loadModel: toyOn() }));
      return { folder, metrics: await readFile(join(folder, 'metrics.jsonl'), 'utf8') };
    };
    const resumed = await stopped();
    expect((await stopped()).metrics).toBe(resumed.metrics);
    const [lines, unstopped] = [parsed(resumed.metrics), parsed(calm.metrics)];
    expect(lines.map(({ step }) => step)).toEqual(unstopped.map(({ step }) => step));
    expect(lines.slice(0, 4)).toEqual(unstopped.slice(0, 4));
    // Step 4 was sampled with the weights that it learnt from, the steps after it are one old again.
    expect(lines[4]?.samplerKl).toBeCloseTo(0, 6);
    expect(unstopped[4]?.samplerKl).toBeGreaterThan(1e-5);
    expect(lines[5]?.samplerKl).toBeGreaterThan(1e-5);
    for (const step of [4, 5, STEPS])
      expect(await tasksOf(resumed.folder, step)).toEqual(await tasksOf(calm.folder, step));
  }, 60_000);

  it('learns from rollouts that are one step old, weighted for it, and the same for the same seed', async () => {
    const rollout = { prompts: 5, group: 16, maxNewTokens: 3, overlap: true };
    const { metrics } = await calmRun({ steps: 30, rollout });
    expect((await calmRun({ steps: 30, rollout })).metrics).toBe(metrics);
    const lines = parsed(metrics);
    expect(lines.at(-1)?.['eval/accuracy']).toBeGreaterThan((lines[0]?.['eval/accuracy'] as number) + 0.3);
    // The policy that learns is not the one that sampled, from the second step on.
    expect(lines[1]?.samplerKl).toBeCloseTo(0, 6);
    expect(lines.slice(2, 6).some(({ samplerKl }) => (samplerKl as number) > 1e-4)).toBe(true);
  }, 120_000);

  it('distils a teacher that stays as it began, and refuses one that would follow', async () => {
    const { url } = await Service.start();
    const sdpo = { steps: 2, objective: { name: 'sdpo', mode: 'token' }, filter: { name: 'none' } } as const;
    await expect(runOn(url, { ...sdpo })).rejects.toThrow(
      /teacher.averaging must be 0 with the tinker engine, which cannot average weights, got 0.05/,
    );
    const stages = () => ({ teacherPrompt: (_: unknown, { solution = '' }) => `?${solution[0] ?? ''}` });
    const folder = join(await temporaryFolder(), 'run');
    const recipe = recipeOn(url, { ...sdpo, teacher: { averaging: 0 } });
    await train(await toyRequest(folder, recipe, { loadModel: toyOn(), stages }));
    expect(parsed(await readFile(join(folder, 'metrics.jsonl'), 'utf8')).at(-1)?.['teacherTargets']).toBeGreaterThan(0);
  }, 60_000);

  it('needs an objective that weighs them', async () => {
    const { url } = await Service.start();
    const rollout = { prompts: 5, group: 4, maxNewTokens: 3, overlap: true };
    await expect(runOn(url, { rollout, objective: 'sft' })).rejects.toThrow(
      /rollout.overlap needs an objective that weighs/,
    );
  });
});

describe('what a server cannot run', () => {
  it.each([
    ['high-entropy', /also needs entropy; use the local engine, or one of: .*\bgrpo\b/],
    ['kl-cov', /^(?!.*also needs)/],
  ])('is refused before the server is asked, with what it can run: %s', async (objective, words) => {
    const asked: string[] = [];
    const loadModel: LoadModel = (model) => {
      asked.push(model);
      return Promise.reject(new Error('not asked'));
    };
    const folder = join(await temporaryFolder(), 'run');
    const recipe = recipeOn('http://127.0.0.1:9', { objective });
    await expect(train(await toyRequest(folder, recipe, { loadModel }))).rejects.toThrow(words);
    expect(asked).toHaveLength(objective === 'high-entropy' ? 0 : 1);
  });

  it('is a strategy that asks for the likeliest tokens, before the server is asked', async () => {
    const folder = join(await temporaryFolder(), 'run');
    const rollout = { prompts: 5, group: 4, maxNewTokens: 3, strategy: 'latr' } as const;
    const loadModel = () => Promise.reject(new Error('not asked'));
    const run = train(await toyRequest(folder, recipeOn('http://127.0.0.1:9', { rollout }), { loadModel }));
    await expect(run).rejects.toThrow(
      /toy: rollout: strategy latr needs an engine that gives the likeliest next tokens/,
    );
  });

  it('is another temperature than 1', async () => {
    const folder = join(await temporaryFolder(), 'run');
    const recipe = recipeOn('http://127.0.0.1:9', {
      rollout: { prompts: 5, group: 4, maxNewTokens: 3, temperature: 0.7 },
    });
    await expect(train(await toyRequest(folder, recipe, { loadModel: toyOn() }))).rejects.toThrow(
      /temperature must be 1 with the tinker engine/,
    );
  });

  it('is an engine without an address', () => {
    const broken = recipeSchema.safeParse({ ...toyRecipe(), engine: 'tinker' });
    expect(broken.error?.issues[0]).toMatchObject({ path: ['engine', 'baseUrl'] });
  });
});
