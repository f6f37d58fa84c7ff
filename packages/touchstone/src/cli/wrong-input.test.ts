import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../testing/cli.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { writeTinyModel } from '../testing/tiny-model.js';
import { loadToyModel } from '../testing/toy-task.js';

/** One line on stderr that matches, exit code 2, no stack trace, nothing on stdout. */
async function expectOneLine(argv: readonly string[], directory: string, line: RegExp): Promise<void> {
  const outcome = await runCli(argv, { directory });
  expect(outcome.stderr).toMatch(line);
  expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(outcome.stderr).not.toMatch(/^\s+at /m);
  expect(outcome.code).toBe(2);
}

const small = ['--set', 'rollout.prompts=1', '--set', 'evaluation.tasks=1', '--steps', '1'];

describe('wrong input is one clear line and exit code 2', () => {
  it('a model folder that is not there', async () => {
    const directory = await temporaryFolder();
    await expectOneLine(
      ['train', '--model', './nowhere', ...small],
      directory,
      /nowhere: must be a model folder, got /,
    );
    await expectOneLine(['eval', '--task', 'addition', '--model', './nowhere'], directory, /nowhere: must be a model/);
  });

  it('a truncated safetensors file', async () => {
    const directory = await temporaryFolder();
    await writeTinyModel(join(directory, 'model'));
    await truncate(join(directory, 'model/model.safetensors'), 3000);
    await expectOneLine(['train', '--model', 'model', ...small], directory, /model\.safetensors: .*, got .*; /);
  });

  it('a tokenizer with tokens that the vocabulary lacks', async () => {
    const directory = await temporaryFolder();
    await writeTinyModel(join(directory, 'model'));
    const file = join(directory, 'model/tokenizer.json');
    const tokenizer = JSON.parse(await readFile(file, 'utf8')) as { model: { vocab: Record<string, number> } };
    tokenizer.model.vocab['extra'] = 5000;
    await writeFile(file, JSON.stringify(tokenizer));
    await expectOneLine(
      ['train', '--model', 'model', ...small],
      directory,
      /tokenizer\.json: token ids must be below the vocab_size 109 .*got 5000 for "extra"/,
    );
  });

  it.each([
    ['a key of the command line', ['--set', 'rolout.group=4'], /--set: unknown key "rolout"; did you mean "rollout"\?/],
    ['a nested key', ['--set', 'rollout.groop=4'], /unknown key "rollout\.groop"; did you mean "rollout\.group"\?/],
    ['a value of the wrong type', ['--set', 'rollout.group=many'], /rollout\.group: expected number, got "many"/],
    ['a setting without a value', ['--set', 'rollout.group'], /--set: a setting must read key=value/],
    ['an unknown task', ['--set', 'task=adition'], /unknown task "adition"; did you mean "addition"\?/],
    ['an unknown knob', ['--set', 'task.maxDigit=9'], /unknown key "maxDigit"; did you mean "maxDigits"\?/],
    ['an unknown objective', ['--set', 'objective=grop'], /objective: .*"grop"; did you mean grpo\?/],
    ['an unknown setting of it', ['--set', 'objective.clipLo=1'], /objective: .*did you mean clipLow\?/],
    ['an unknown strategy', ['--set', 'rollout.strategy=lart'], /rollout\.strategy\.name: must be .*got "lart"/],
    [
      'an objective that trains no policy',
      ['--set', 'objective=bradley-terry'],
      /objective\.name must be .*got bradley-terry, which needs responses that a strategy brings: it trains a scalar head/,
    ],
    ['a seed that is no number', ['--seed', 'x'], /seed: expected number, got "x"/],
    ['the prototype', ['--set', '__proto__.x=1'], /unknown key "__proto__"/],
    ['an unknown option', ['--modle', 'x'], /unknown option '--modle' \(Did you mean --model\?\)/],
  ])('%s', async (_, argv, line) => {
    // All of these are found before the model is looked for, which is not there.
    await expectOneLine(['train', '--model', './nowhere', ...argv], await temporaryFolder(), line);
  });

  it.each([
    ['missing.json', undefined, /missing\.json: must be a readable recipe file, got ENOENT/],
    ['broken.json', '{ "name": ', /broken\.json: must be JSON, got text that is not/],
    ['list.json', '[1]', /list\.json: must be an object/],
    ['key.json', '{"name":"x","stepz":3}', /key\.json: .*unknown key "stepz"; did you mean "steps"\?/],
    ['throws.mjs', 'throw new Error("no luck")', /throws\.mjs: must be a module that loads, got no luck/],
    ['empty.mjs', '', /empty\.mjs: export recipe: must be an object .*got nothing/],
    ['quikstart', undefined, /unknown recipe "quikstart"; did you mean "quickstart"\?/],
  ])('the recipe %s', async (file, text, line) => {
    const directory = await temporaryFolder();
    if (text !== undefined) await writeFile(join(directory, file), text);
    await expectOneLine(['train', file], directory, line);
  });

  it('a prompt longer than the context', async () => {
    const directory = await temporaryFolder();
    await writeTinyModel(join(directory, 'model'), 64);
    await writeFile(join(directory, 'long.jsonl'), `${JSON.stringify({ prompt: '1+'.repeat(60), reference: '1' })}\n`);
    await expectOneLine(
      ['eval', '--model', 'model', '--data', 'long.jsonl', '--plain'],
      directory,
      /prompt of task file\/test\/0 must be shorter than the model's context of 64 tokens, got \d+; shorten/,
    );
  });

  it('a malformed line of JSONL, with its number', async () => {
    const directory = await temporaryFolder();
    await writeTinyModel(join(directory, 'model'));
    await writeFile(join(directory, 'bad.jsonl'), '{"prompt":"a","reference":"b"}\n{"prompt": oops\n');
    await expectOneLine(['eval', '--model', 'model', '--data', 'bad.jsonl'], directory, /bad\.jsonl:2: .*JSON/);
  });

  it('a run folder that is there already', async () => {
    const directory = await temporaryFolder();
    await mkdir(join(directory, 'taken'));
    await expectOneLine(
      ['train', '--model', './nowhere', '--run', 'taken', ...small],
      directory,
      /taken: a new run needs a folder that does not exist, got one that does; .*--resume .*--run/,
    );
  });

  it('nothing to resume, and --resume with other settings', async () => {
    const directory = await temporaryFolder();
    await expectOneLine(['train', '--resume'], directory, /--resume needs a run, got none/);
    await expectOneLine(['train', '--resume', 'x', '--seed', '3'], directory, /--resume must stand alone, got --seed/);
    await expectOneLine(['train', '--resume', 'nowhere'], directory, /nowhere: a run to resume must hold run\.json/);
  });

  it.each([
    ['verify', ['--response', '4'], /--response has an effect only without --file, .* leave it out/],
    ['verify', ['--reference-json', '4'], /--reference-json with a value has an effect only without --file/],
    [
      'verify',
      ['--out', 'absent/out.jsonl'],
      /--out must be a file that can be written, got ENOENT at .*absent.out\.jsonl/,
    ],
    ['verify', ['--out', 'folder'], /--out must be a file that can be written, got EISDIR at .*folder; choose another/],
    ['rescore', ['--out', 'folder'], /--out must be a file that can be written, got EISDIR/],
  ])('options of %s that would have no effect, and output that cannot be written: %j', async (command, more, line) => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, 'rows.jsonl'), '{"response":"4","reference":"4"}\n');
    for (const name of ['folder', 'rollouts']) await mkdir(join(directory, name));
    await writeFile(join(directory, 'rollouts/step-000001.parquet'), '');
    const argv = command === 'verify' ? ['verify', 'math', '--file', 'rows.jsonl'] : ['rescore', '.', 'math'];
    await expectOneLine([...argv, ...more], directory, line);
  });

  it.each([
    [['verify', 'math', '--response', '4', '--reference', '4', '--out', 'x'], /--out has an effect only with --file/],
    [
      ['attack', 'math', '--reference', '4', '--question-field', 'q'],
      /--question-field has an effect only with --file/,
    ],
    [
      ['eval', '--model', 'x', '--task', 'addition', '--convention', '#'],
      /--convention has an effect only with --data/,
    ],
    [['train', '--model', './nowhere', '--price', 'read=1'], /--price has an effect only with --dry-run/],
    [['train', '--resume', '--dry-run'], /--resume must stand alone, got --dry-run/],
    [
      ['verify', './no.mjs#polite', '--response', '4', '--reference', '4'],
      /no\.mjs must be a module, got no such file/,
    ],
    [['serve', 'rewards', '--port', '0', '--module', 'own=no.mjs#f'], /no\.mjs must be a module, got no such file/],
    [['serve', 'rewards', '--port', '0', '--module', 'math=x.mjs#f'], /must have a name of its own, got math/],
    [['verify', 'math', '--file', 'folder'], /folder: must be a readable file, got a folder; check the path/],
    [['verify', 'math', '--file', 'x.csv'], /must end in \.json, \.jsonl, \.ndjson, \.parquet, got \.csv; write it/],
  ])('%j', async (argv, line) => {
    const directory = await temporaryFolder();
    await mkdir(join(directory, 'folder'));
    await writeFile(join(directory, 'x.csv'), 'a,b');
    await expectOneLine(argv, directory, line);
  });

  it('a module that lacks the export, and a command without its second word', async () => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, 'own.mjs'), 'export const other = () => true;');
    const argv = ['verify', 'own.mjs#polite', '--response', '4', '--reference', '4'];
    await expectOneLine(
      argv,
      directory,
      /must be a module that loads and has the export, got .* got exports other; mend/,
    );
    expect(await runCli(['serve'], { directory })).toMatchObject({ code: 2, stdout: '' });
  });

  it('a full disk', async () => {
    const directory = await temporaryFolder();
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', path: '/x/y' });
    const loadModel: typeof loadToyModel = async (...request) => {
      const model = await loadToyModel(...request);
      model.engine.saveState = () => Promise.reject(full);
      return model;
    };
    const argv = ['train', '--model', 'toy', '--run', 'run', ...small];
    const outcome = await runCli(argv, { directory, loadModel });
    expect(outcome.stderr).toMatch(/disk: writing \/x\/y needs free space, got a full disk \(ENOSPC\); .*--resume/);
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(outcome.code).toBe(2);
  });
});
