import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { correct, incorrect } from '@touchstone/verify';
import type { AttackReport } from '@touchstone/verify/hardening';
import { describe, expect, it } from 'vitest';
import { writeRollouts } from '../run/rollouts-file.js';
import { runCli, type CliOutcome } from '../testing/cli.js';
import { scoredRollout } from '../testing/rollouts.js';
import { sandboxChildren } from '../testing/sandbox-children.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { loadToyModel } from '../testing/toy-task.js';

const WATCH_MS = 10;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Runs a command, and says which sandboxes it had while it ran and which of them are left after it. */
async function watched(directory: string, ...argv: string[]): Promise<CliOutcome & { seen: number; left: number[] }> {
  const pids = new Set<number>();
  const state = { ended: false };
  const watch = async (): Promise<void> => {
    while (!state.ended) {
      for (const pid of await sandboxChildren()) pids.add(pid);
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    }
  };
  const watching = watch();
  const outcome = await runCli(argv, { directory, loadModel: loadToyModel });
  const left = [...pids].filter(isAlive);
  state.ended = true;
  await watching;
  return { ...outcome, seen: pids.size, left };
}

/** A task whose answer is what the program `x = <response>` must make of x. */
const suite = (wanted: number) => ({ prefix: 'x = 10 * 0 + ', assertions: `assert x == ${wanted}` });

describe('kinds that execute end their processes with the command', { timeout: 120_000 }, () => {
  it('rescore', async () => {
    const directory = await temporaryFolder();
    const task = { id: 'x/1', prompt: '', reference: JSON.stringify(suite(4)), metadata: {} };
    const rollouts = [
      { ...scoredRollout({ verdict: incorrect('strict') }), task, text: '4' },
      { ...scoredRollout({ verdict: correct('equal') }), task, sample: 1, text: '5' },
      { ...scoredRollout({ verdict: incorrect('strict') }), task, sample: 2, text: 'while True: pass' },
    ];
    await mkdir(join(directory, 'rollouts'));
    await writeRollouts(join(directory, 'rollouts'), 1, [{ task, rollouts }]);
    const argv = ['rescore', '.', 'code', '--options', '{"wallMs":30000}', '--json'];
    const { code, stdout, stderr, seen, left } = await watched(directory, ...argv);
    expect(code, stderr).toBe(0);
    const { flips } = JSON.parse(stdout) as { flips: { sample: number; after: string }[] };
    expect(flips.map(({ sample, after }) => [sample, after])).toEqual([
      [0, 'correct'],
      [1, 'incorrect'],
    ]);
    expect(seen).toBeGreaterThan(0);
    expect(left).toEqual([]);
  });

  it('attack', async () => {
    const directory = await temporaryFolder();
    // With a prefix to complete, every response is a program and is run.
    const argv = ['attack', 'code', '--reference-json', JSON.stringify(suite(4)), '--json'];
    const { code, stdout, stderr, seen, left } = await watched(directory, ...argv);
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout) as AttackReport;
    expect(report.asked).toBeGreaterThan(0);
    expect(report.accepted).toBe(0);
    expect(seen).toBeGreaterThan(0);
    expect(left).toEqual([]);
  });

  it('eval', async () => {
    const directory = await temporaryFolder();
    const rows = [4, 5].map((wanted) => JSON.stringify({ prompt: `${wanted - 1}>`, reference: suite(wanted) }));
    await writeFile(join(directory, 'programs.jsonl'), rows.join('\n'));
    const task = { name: 'file', test: 'programs.jsonl', judge: 'code', chat: false, template: '{prompt}' };
    const argv = ['eval', '--model', 'toy', '--task', JSON.stringify(task), '--samples', '4', '--json'];
    const { code, stdout, stderr, seen, left } = await watched(directory, ...argv);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ tasks: 2, samples: 4, unjudged: 0 });
    expect(seen).toBeGreaterThan(0);
    expect(left).toEqual([]);
  });

  it('a command that fails', async () => {
    const directory = await temporaryFolder();
    const row = JSON.stringify({ response: '4', reference: suite(5) });
    await writeFile(join(directory, 'rows.jsonl'), `${row}\n`);
    const argv = ['check', 'code', 'rows.jsonl', '--solution-field', 'response'];
    const { code, stderr, seen, left } = await watched(directory, ...argv);
    expect(code).toBe(1);
    expect(stderr).toMatch(/every gold answer must earn full marks, got 1 that do not/);
    expect(seen).toBeGreaterThan(0);
    expect(left).toEqual([]);
  });
});
