import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { closeExecuted, type Verdict } from '@touchstone/verify';
import { expect, onTestFinished, test } from 'vitest';
import { startRewardServer } from '../serve/rewards-server.js';
import { fileSettings, fileSource } from '../task/loaders/file-source.js';
import type { TaskSource } from '../task/task.js';
import { runCli } from '../testing/cli.js';
import { sandboxChildren } from '../testing/sandbox-children.js';
import { temporaryFolder } from '../testing/temporary-folder.js';

/** A cold start of two processes on a busy machine. */
const PATIENCE_MS = 60_000;

/** `pooler_output` is the mean of each channel of `pixel_values` (GlobalAveragePool, Flatten). */
const MEAN_COLOUR =
  'CAo6rwEKKAoMcGl4ZWxfdmFsdWVzEgVtZWFucyIRR2xvYmFsQXZlcmFnZVBvb2wKHwoFbWVhbnMSDXBvb2xlcl9vdXRwdXQiB0ZsYXR0ZW4SBHRpbnlaNgoMcGl4ZWxfdmFsdWVzEiYKJAgBEiAKBxIFYmF0Y2gKAggDCggSBmhlaWdodAoHEgV3aWR0aGIkCg1wb29sZXJfb3V0cHV0EhMKEQgBEg0KBxIFYmF0Y2gKAggDQgQKABAS';

async function writeModel(folder: string): Promise<void> {
  const preprocessing = { size: 16, resample: 3, do_normalize: false };
  await mkdir(folder);
  await writeFile(join(folder, 'config.json'), '{"model_type":"vit"}');
  await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify(preprocessing));
  await writeFile(join(folder, 'model.onnx'), Buffer.from(MEAN_COLOUR, 'base64'));
}

const flat = (fill: string): string => `<svg viewBox="0 0 4 4"><rect width="4" height="4" fill="${fill}"/></svg>`;
/** Between blue (0, 0, 1) and violet (0.6, 0, 0.8). */
const LIKENESS = (1 + 0.8) / 2;

test('touchstone verify svg takes a vision model, and ends it', { timeout: PATIENCE_MS }, async () => {
  const directory = await temporaryFolder();
  await writeModel(join(directory, 'model'));
  const task = ['--response', flat('#9900cc'), '--reference', flat('#0000ff'), '--options', '{"weights":{"image":1}}'];
  const { code, stdout, stderr } = await runCli(['verify', 'svg', ...task, '--vision', 'model', '--json'], {
    directory,
  });
  expect([code, stderr]).toEqual([0, '']);
  expect((JSON.parse(stdout) as Verdict).parts['image']).toBeCloseTo(LIKENESS, 5);
  expect(await sandboxChildren()).toEqual([]);
  await writeFile(
    join(directory, 'rows.jsonl'),
    `${JSON.stringify({ response: flat('#9900cc'), reference: flat('#0000ff') })}\n`,
  );
  const rows = await runCli(
    ['verify', 'svg', '--file', 'rows.jsonl', '--out', 'out.jsonl', '--vision', 'model', '--json', ...task.slice(4)],
    { directory },
  );
  expect((JSON.parse(rows.stdout) as { meanScore: number }).meanScore).toBeCloseTo(LIKENESS, 5);
});

test('a folder that is no vision model is one line', { timeout: PATIENCE_MS }, async () => {
  const directory = await temporaryFolder();
  await mkdir(join(directory, 'empty'));
  const task = ['--response', flat('red'), '--reference', flat('red')];
  const lines = [
    ['verify', 'svg', ...task, '--vision', 'empty'],
    ['serve', 'rewards', '--port', '0', '--vision', 'empty'],
  ];
  for (const argv of lines) {
    const { code, stdout, stderr } = await runCli(argv, { directory });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^openVisionModel: \S+empty must hold config\.json, got none; export [^\n]*\n$/);
  }
  const other = await runCli(['verify', 'math', '--response', '1', '--reference', '1', '--vision', 'empty'], {
    directory,
  });
  expect(other).toEqual({
    code: 2,
    stdout: '',
    stderr: '--vision: must be left out for what is not svg, got it with math; judge pictures with it\n',
  });
});

test('a task file may be judged by a vision model', { timeout: PATIENCE_MS }, async () => {
  onTestFinished(() => closeExecuted());
  const directory = await temporaryFolder();
  await writeModel(join(directory, 'model'));
  await writeFile(
    join(directory, 'tasks.jsonl'),
    `${JSON.stringify({ prompt: 'blue?', reference: { svg: flat('#0000ff') } })}\n`,
  );
  const settings = { test: 'tasks.jsonl', judge: 'svg', judgeOptions: { weights: { image: 1 } }, template: '{prompt}' };
  const open = (more: object): Promise<TaskSource> =>
    fileSource(fileSettings.parse({ ...settings, visionModels: ['model'], ...more }), directory);
  const source = await open({});
  expect((await source.judge(flat('#9900cc'), source.task('test', 0))).score).toBeCloseTo(LIKENESS, 5);
  await source.close?.();
  await expect(open({ visionModels: ['absent'] })).rejects.toThrow('absent must be a folder, got none');
  await expect(open({ judge: 'math' })).rejects.toThrow(
    'task file: visionModels must be left out for other judges than svg, got them with math; judge pictures with them',
  );
});

test('the reward server compares by the models of its operator only', { timeout: PATIENCE_MS }, async () => {
  const directory = await temporaryFolder();
  const folder = join(directory, 'model');
  await writeModel(folder);
  const server = await startRewardServer({ port: 0, workers: 1, preload: [], visionModels: [folder] });
  onTestFinished(async () => {
    await server.close();
    await closeExecuted();
  });
  const ask = async (options: object): Promise<Verdict> => {
    const items = [{ kind: 'svg', response: flat('#9900cc'), reference: flat('#0000ff'), options }];
    const answer = await fetch(`${server.url}/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items }),
    });
    const { verdicts } = (await answer.json()) as { verdicts: Verdict[] };
    return verdicts[0] as Verdict;
  };
  expect((await ask({ weights: { image: 1 } })).score).toBeCloseTo(LIKENESS, 5);
  expect(await ask({ visionModels: [folder] })).toMatchObject({ outcome: 'unscorable', reason: 'unknown-option' });
});
