import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Interrupted } from '../errors.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import type { TabularEngine } from '../testing/tabular-engine.js';
import { END_TOKEN, loadToyModel } from '../testing/toy-task.js';
import { toyRecipe, toyRequest } from '../testing/toy-run.js';
import { silentObserver } from './observer.js';
import type { TrainRequest } from './train.js';
import { train } from './train.js';

async function metricsOf(folder: string): Promise<string> {
  return readFile(join(folder, 'metrics.jsonl'), 'utf8');
}

describe('train', () => {
  it('learns: held-out accuracy rises from chance to nearly all', async () => {
    const folder = join(await temporaryFolder(), 'run');
    const result = await train(await toyRequest(folder));
    expect(result.before.accuracy).toBeLessThan(0.2);
    expect(result.after.accuracy).toBeGreaterThan(0.9);
    expect(result.after.passAt8).toBe(1);
    expect(result).toMatchObject({ steps: 40, run: folder });
    const saved: unknown = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8'));
    expect(saved).toEqual(result);
  });

  it('writes the same metrics for the same seed and others for another', async () => {
    const root = await temporaryFolder();
    const run = async (name: string, seed: number) => {
      const folder = join(root, name);
      await train(await toyRequest(folder, toyRecipe({ seed, steps: 6 })));
      return metricsOf(folder);
    };
    const first = await run('a', 1);
    expect(await run('b', 1)).toBe(first);
    expect(await run('c', 2)).not.toBe(first);
    expect(
      first
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { step: number }).step),
    ).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it.each([1, 4])('goes on after Ctrl-C as if nothing had happened, checkpoints every %d steps', async (every) => {
    const root = await temporaryFolder();
    const recipe = toyRecipe({ steps: 12, checkpoint: { every } });
    await train(await toyRequest(join(root, 'whole'), recipe));
    const stop = { requested: false };
    const observer = {
      ...silentObserver,
      stepped: ({ metrics }: { readonly metrics: Readonly<Record<string, number>> }) => {
        if (metrics.step === 7) stop.requested = true;
      },
    };
    const request = await toyRequest(join(root, 'cut'), recipe, { stop, observer });
    await expect(train(request)).rejects.toThrow(Interrupted);
    await expect(train(request)).rejects.toThrow(/after step 7 of 12.*--resume/);
    const result = await train({ ...request, stop: { requested: false } });
    expect(result.steps).toBe(12);
    expect(await metricsOf(join(root, 'cut'))).toBe(await metricsOf(join(root, 'whole')));
  });

  it('goes on with the teacher that followed the policy', async () => {
    const root = await temporaryFolder();
    // What the teacher reads makes the solution likelier.
    const stages = () => ({ teacherPrompt: (_: unknown, { solution = '' }) => `?${solution[0] ?? ''}` });
    const loadModel: TrainRequest['loadModel'] = async (...asked) => {
      const loaded = await loadToyModel(...asked);
      const table = loaded.engine as TabularEngine;
      for (let digit = 0; digit < 10; digit++) {
        const logits = Array.from({ length: END_TOKEN + 1 }, (__, token) => (token === digit ? 8 : 0));
        table.setLogits([END_TOKEN - 1, digit], logits);
      }
      return loaded;
    };
    const recipe = toyRecipe({ steps: 8, objective: { name: 'sdpo', alpha: 0.3 }, teacher: { averaging: 0.3 } });
    const whole = await train(await toyRequest(join(root, 'whole'), recipe, { stages, loadModel }));
    expect(whole.steps).toBe(8);
    const stop = { requested: false };
    const observer = { ...silentObserver, stepped: () => void (stop.requested = true) };
    const request = await toyRequest(join(root, 'cut'), recipe, { stages, loadModel, stop, observer });
    for (let session = 1; session < 8; session++) {
      stop.requested = false;
      await expect(train(request)).rejects.toThrow(Interrupted);
    }
    stop.requested = false;
    await train(request);
    const metrics = await metricsOf(join(root, 'whole'));
    expect(await metricsOf(join(root, 'cut'))).toBe(metrics);
    expect(metrics).toMatch(/"teacherTargets":0\.\d+/);
    const steps = metrics.trimEnd().split('\n').slice(1);
    for (const line of steps) expect((JSON.parse(line) as { gradNorm: number }).gradNorm).toBeGreaterThan(0);
  });

  it('repeats the report when it is resumed after its end', async () => {
    const request = await toyRequest(join(await temporaryFolder(), 'run'), toyRecipe({ steps: 3 }));
    const { before, after } = await train(request);
    const metrics = await metricsOf(request.paths.folder);
    expect(await train(request)).toMatchObject({ before, after, steps: 3 });
    expect(await metricsOf(request.paths.folder)).toBe(metrics);
  });
});
