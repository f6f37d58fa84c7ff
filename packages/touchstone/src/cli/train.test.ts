import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../testing/cli.js';
import { sandboxChildren } from '../testing/sandbox-children.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { toyRecipe } from '../testing/toy-run.js';
import { loadToyModel } from '../testing/toy-task.js';

/** A folder with the toy recipe over a file of questions that the toy engine can learn. */
async function workplace(): Promise<string> {
  const directory = await temporaryFolder();
  const rows = Array.from({ length: 10 }, (_, i) =>
    JSON.stringify({ prompt: `${i}>`, reference: String((i + 1) % 10) }),
  );
  await writeFile(join(directory, 'questions.jsonl'), `${rows.join('\n')}\n`);
  await writeFile(join(directory, 'held-out.jsonl'), `${rows.slice(0, 2).join('\n')}\n`);
  const task = { name: 'file', train: 'questions.jsonl', test: 'held-out.jsonl', chat: false, template: '{prompt}' };
  const recipe = { ...toyRecipe(), task, steps: 3 };
  await writeFile(join(directory, 'toy.json'), JSON.stringify(recipe));
  return directory;
}

describe('touchstone train', () => {
  it('ends with one line of JSON: before, after, steps, seconds, run', async () => {
    const directory = await workplace();
    const argv = ['train', 'toy.json', '--json', '--run', 'out'];
    const { code, stdout, stderr } = await runCli(argv, { directory, loadModel: loadToyModel });
    expect(code).toBe(0);
    // The toy model cannot spell the marker that this task wants, so every group is without signal; the run says so.
    expect(stderr).toMatch(
      /^note: most groups have had no signal for 3 steps: every answer is wrong: make the task .*\n$/,
    );
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const last = lines.at(-1) ?? {};
    expect(Object.keys(last)).toEqual(['before', 'after', 'steps', 'seconds', 'run']);
    expect(Object.keys(last['before'] as object)).toEqual(['accuracy', 'passAt8']);
    expect(Object.keys(last['after'] as object)).toEqual(['accuracy', 'passAt8']);
    expect(last).toMatchObject({ steps: 3, run: join(directory, 'out') });
    expect(lines.filter(({ event }) => event === 'step')).toHaveLength(3);
  });

  it('keeps recipe, seeds and versions in the run folder, with rollouts and the latest checkpoints', async () => {
    const directory = await workplace();
    await runCli(['train', 'toy.json', '--run', 'out', '--seed', '7'], { directory, loadModel: loadToyModel });
    const run = join(directory, 'out');
    const description = JSON.parse(await readFile(join(run, 'run.json'), 'utf8')) as Record<string, unknown>;
    expect(description).toMatchObject({
      recipe: { seed: 7, rollout: { group: 16 } },
      seeds: { run: 7, evaluation: 0 },
    });
    expect(Object.keys(description['versions'] as object)).toEqual(['touchstone', 'node']);
    expect(await readdir(join(run, 'rollouts'))).toEqual([1, 2, 3].map((step) => `step-00000${step}.parquet`));
    expect(await readdir(join(run, 'checkpoints'))).toEqual(['step-000002', 'step-000003']);
  });

  it('judges by running programs, and leaves no process behind', { timeout: 60_000 }, async () => {
    const directory = await workplace();
    const rows = Array.from({ length: 10 }, (_, i) =>
      JSON.stringify({
        prompt: `${i}>`,
        reference: { prefix: 'x = 10 * 0 + ', assertions: `assert x == ${(i + 1) % 10}` },
      }),
    );
    await writeFile(join(directory, 'programs.jsonl'), rows.slice(2).join('\n'));
    await writeFile(join(directory, 'unseen.jsonl'), rows.slice(0, 2).join('\n'));
    const files = { train: 'programs.jsonl', test: 'unseen.jsonl' };
    const task = { name: 'file', ...files, judge: 'code', chat: false, template: '{prompt}' };
    await writeFile(join(directory, 'toy.json'), JSON.stringify({ ...toyRecipe(), task, steps: 2 }));
    const argv = ['train', 'toy.json', '--run', 'out'];
    const { code, stderr } = await runCli(argv, { directory, loadModel: loadToyModel });
    expect(code, stderr).toBe(0);
    const metrics = (await readFile(join(directory, 'out', 'metrics.jsonl'), 'utf8')).trim().split('\n');
    const first = JSON.parse(metrics[0] ?? '') as Record<string, number>;
    expect(first).toMatchObject({ step: 0, 'eval/unjudged': 0 });
    expect(first['eval/accuracy']).toBeLessThan(1);
    expect(await sandboxChildren()).toEqual([]);
  });

  it('prints the whole recipe with --dry-run, settings of the command line included, and makes nothing', async () => {
    const directory = await workplace();
    const before = await readdir(directory);
    const argv = ['train', 'toy.json', '--dry-run', '--set', 'objective=dapo', '--set', 'objective.clipHigh=0.3'];
    const { code, stdout } = await runCli([...argv, '--steps', '9', '--model', '12'], { directory });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ steps: 9, model: '12', objective: { name: 'dapo', clipHigh: 0.3 } },
      optimizer: { learningRate: 0.3, schedule: 'constant', beta2: 0.95 },
    });
    const { stdout: line } = await runCli([...argv, '--json'], { directory });
    expect(line.trimEnd()).toBe(JSON.stringify(JSON.parse(line)));
    expect(await readdir(directory)).toEqual(before);
  });

  it('refuses with --dry-run what it would refuse without', async () => {
    const directory = await workplace();
    const dry = (...settings: string[]) => runCli(['train', 'toy.json', '--dry-run', ...settings], { directory });
    for (const setting of ['objective=bradley-terry', 'optimizer.valueHeadLearningRate=0.1']) {
      const { code, stdout, stderr } = await dry('--set', setting);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(
        setting.startsWith('objective') ? /got bradley-terry/ : /needs an objective with a value head/,
      );
    }
    const tinker = ['--engine', 'tinker', '--base-url', 'http://127.0.0.1:8000', '--set', 'objective=ucas'];
    expect((await dry(...tinker)).stderr).toMatch(/must do with what the tinker engine gives/);
  });

  it('prints the settings of pretrain as one line of JSON where lines are asked for', async () => {
    const directory = await workplace();
    const { code, stdout } = await runCli(['pretrain', '--dry-run', '--json', '--set', 'steps=7'], { directory });
    expect(code).toBe(0);
    expect(stdout.trimEnd()).toBe(JSON.stringify(JSON.parse(stdout)));
    expect(JSON.parse(stdout)).toMatchObject({ steps: 7 });
  });

  it('says with --dry-run what the run would take, on stderr', async () => {
    const directory = await workplace();
    const dry = (...more: string[]) => runCli(['train', 'toy.json', '--dry-run', ...more], { directory });
    const plain = await dry('--model', 'models/touchstone-base');
    expect(plain.code).toBe(0);
    expect(plain.stderr).toMatch(
      /^plan: \d+ steps of 1 update; at most, with .* tokens a prompt \(mean of the first tasks\) and \d+ a response, its budget\n/,
    );
    expect(plain.stderr).toMatch(/tokens sampled +[\d,]+ +[\d,]+\n/);
    expect(plain.stderr).toMatch(/operations +\d\.\de\+\d+/);
    expect(plain.stderr).not.toMatch(/cost {2}|requests/);
    const server = ['--engine', 'tinker', '--base-url', 'http://127.0.0.1:9', '--response-tokens', '2'];
    const priced = await dry('--model', 'owner/name', ...server, '--price', 'read=1,sample=2,train=3');
    expect(priced.stderr).toMatch(/\(4 characters a token: the model is not on this machine\) and 2 a response\n/);
    expect(priced.stderr).toMatch(/requests +\d+ +\d+\n {2}cost +[\d.]+ +[\d.]+\n$/);
    expect(await dry('--price', 'cheap')).toMatchObject({ code: 2, stdout: '' });
    const long = await dry('--response-tokens', '9999');
    expect(long.stderr).toMatch(/--response-tokens must be a whole number from 1 to \d+, got "9999"/);
  });

  it('saves on Ctrl-C, says how to go on, and goes on to the metrics of a run without a pause', async () => {
    const directory = await workplace();
    const whole = ['train', 'toy.json', '--run', 'whole', '--steps', '6'];
    await runCli(whole, { directory, loadModel: loadToyModel });
    const cut = ['train', 'toy.json', '--run', 'runs/cut', '--steps', '6', '--json'];
    const stopped = await runCli(cut, { directory, loadModel: loadToyModel, onListening: (press) => press() });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/stopped after step 0 of 6, .*touchstone train --resume .*cut\n$/);
    // A run of another version, which only matters where it is named.
    await mkdir(join(directory, 'runs/older'));
    await writeFile(join(directory, 'runs/older/run.json'), '{"format":0,"recipe":{"name":"toy"},"created":"1999"}');
    const again = await runCli(['train', 'toy', '--resume'], { directory, loadModel: loadToyModel });
    expect(again.code).toBe(0);
    const metrics = (run: string) => readFile(join(directory, run, 'metrics.jsonl'), 'utf8');
    expect(await metrics('runs/cut')).toBe(await metrics('whole'));
    // Without a name the newest of all; a file has the name inside.
    for (const argv of [
      ['train', '--resume'],
      ['train', 'toy.json', '--resume'],
    ]) {
      const { code, stdout } = await runCli(argv, { directory, loadModel: loadToyModel });
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/, run in .*cut\n/) as string });
    }
    const other = await runCli(['train', 'quickstart', '--resume'], { directory, loadModel: loadToyModel });
    expect(other.stderr).toMatch(/--resume needs a run of quickstart, got none; name its folder/);
  });

  it('quits at once on the second Ctrl-C', async () => {
    const directory = await workplace();
    const twice = (press: () => void) => {
      press();
      expect(press).toThrow('exit 130');
    };
    await runCli(['train', 'toy.json'], { directory, loadModel: loadToyModel, onListening: twice });
  });

  it('runs stages that a module replaces, and finds them again when it resumes', async () => {
    const directory = await workplace();
    const module = `
      import { readFileSync } from 'node:fs';
      export const recipe = JSON.parse(readFileSync(new URL('./toy.json', import.meta.url), 'utf8'));
      export const stages = ({ defaults }) => ({
        reward: async (groups, context) =>
          (await defaults.reward(groups, context)).map((row) => row.map((value) => ({ ...value, total: 5, parts: { five: 5 } }))),
      });`;
    await writeFile(join(directory, 'toy.mjs'), module);
    const argv = ['train', 'toy.mjs', '--run', 'out', '--steps', '2'];
    await runCli(argv, { directory, loadModel: loadToyModel, onListening: (press) => press() });
    await runCli(['train', '--resume', 'out'], { directory, loadModel: loadToyModel });
    const lines = (await readFile(join(directory, 'out/metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    const metrics = lines.slice(1).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(metrics).toHaveLength(2);
    for (const step of metrics)
      expect(step).toMatchObject({ reward: 5, 'reward/five': 5, groupsWithoutSignal: 5, updates: 0 });
  });
});

describe('touchstone eval', () => {
  it('prints accuracy with its interval and pass@k as one line of JSON', async () => {
    const directory = await workplace();
    const argv = ['eval', '--model', 'toy', '--data', 'questions.jsonl', '--plain', '--template', '{prompt}'];
    const { code, stdout } = await runCli([...argv, '--samples', '4', '--json'], {
      directory,
      loadModel: loadToyModel,
    });
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as {
      accuracy: number;
      interval: [number, number];
      passAt: Record<string, number>;
    };
    expect(result).toMatchObject({ tasks: 10, samples: 4 });
    expect(result.interval[0]).toBeLessThanOrEqual(result.accuracy);
    expect(result.interval[1]).toBeGreaterThanOrEqual(result.accuracy);
    expect(Object.keys(result.passAt)).toEqual(['1', '2', '4']);
    expect(result.passAt['1']).toBeCloseTo(result.accuracy, 12);
  });

  it('needs exactly one of --task and --data', async () => {
    const directory = await workplace();
    for (const argv of [
      ['eval', '--model', 'toy'],
      ['eval', '--model', 'toy', '--task', 'addition', '--data', 'x'],
    ]) {
      const { code, stderr } = await runCli(argv, { directory, loadModel: loadToyModel });
      expect(code).toBe(2);
      expect(stderr).toMatch(/^touchstone eval: needs --task or --data, got (neither|both); give one of them\n$/);
    }
  });
});
