import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyCode } from '../programs/verify-code.js';
import type { ProgramJob, ProgramResult } from '../sandbox/program.js';
import { choosePython } from './choose.js';
import type { PythonProgress } from './job.js';
import { seccompFilter } from './native-seccomp.js';
import { NativePythonSandbox, nativePythonStatus } from './native.js';

const status = await nativePythonStatus();
const SLOW = 60_000;

let sandbox: NativePythonSandbox;

function run(source: string, more: Partial<ProgramJob> = {}): Promise<ProgramResult> {
  const limits = { wallMs: 20_000, ...more.limits };
  return sandbox.run({ language: 'python', files: { 'main.py': source }, ...more, limits });
}

function call(source: string, name: string, ...args: unknown[]): Promise<ProgramResult> {
  return run(source, { call: { function: name, args } });
}

describe.skipIf(!status.works)(`native programs (${status.detail})`, { timeout: SLOW }, () => {
  beforeAll(async () => {
    sandbox = await NativePythonSandbox.open({ workers: 1, spares: 1 });
  }, SLOW);
  afterAll(() => sandbox.close());

  it('read stdin, write both streams, and leave with a code', async () => {
    const source = 'print(input()[::-1])\nimport sys\nprint(sys.stdin.read())';
    const result = await run(source, { stdin: 'abc\nrést' });
    expect(result).toMatchObject({ outcome: 'ok', stdout: 'cba\nrést\n', stderr: '' });
    expect(await run('import sys\nprint("é", file=sys.stderr)')).toMatchObject({ outcome: 'ok', stderr: 'é\n' });
    expect(await run('exit()')).toMatchObject({ outcome: 'ok' });
    expect(await run('import sys\nsys.exit(3)')).toMatchObject({ outcome: 'error', stderr: 'exit code 3' });
    expect(await run('raise SystemExit("words")')).toMatchObject({ outcome: 'error', stderr: 'words\n' });
    expect(await run('print(open("/dev/stdin").read())', { stdin: 'x' })).toMatchObject({ stdout: 'x\n' });
  });

  it('wait for their threads, and lose no output that was written before the end', async () => {
    const source = `
import threading, time
threading.Thread(target=lambda: (time.sleep(0.1), print("late"))).start()
print("x" * 50000)`;
    expect(await run(source)).toMatchObject({ outcome: 'ok', stdout: `${'x'.repeat(50_000)}\nlate\n` });
  });

  it('show the traceback of the program and nothing of the harness', async () => {
    const { outcome, stderr } = await run('def f():\n    return 1 / 0\nf()');
    expect(outcome).toBe('error');
    expect(stderr).toMatch(/^Traceback .*:\n {2}File "\/work\/main\.py", line 3/);
    expect(stderr).toContain('ZeroDivisionError: division by zero\n');
    expect(stderr).not.toMatch(/harness|string/);
  });

  it('find their files, as modules and as data', async () => {
    const files = { 'main.py': 'import a.b\nprint(a.b.x, open("d.txt").read())', 'a/b.py': 'x = 4', 'd.txt': 'é' };
    expect((await run('', { files })).stdout).toBe('4 é\n');
  });

  it('answer calls with plain data, tagged where JSON has no form', async () => {
    const source = 'def echo(*args, **kwargs): return [args, kwargs]';
    const args = [
      null,
      true,
      1,
      -2.5,
      'é"\\\n\u0000😀',
      { a: [] },
      { $int: '12676506002282294014967032' },
      { $set: [1] },
    ];
    expect((await call(source, 'echo', ...args)).value).toEqual([{ $tuple: args }, {}]);
    expect(await call('x = 1', 'g')).toMatchObject({ outcome: 'error' });
  });

  it('hash alike each time, and begin without what an earlier job left', async () => {
    const source = 'import os\nprint(hash("a"), list({"a", "b", "c"}), os.listdir("/work"))\nopen("left", "w")';
    const first = await run(source);
    expect(first.outcome).toBe('ok');
    expect((await run(source)).stdout).toBe(first.stdout);
  });

  it('are cut, killed and refused memory at their limits', async () => {
    const long = await run('print("x" * 100000)', { limits: { outputBytes: 2000 } });
    expect(long).toMatchObject({ outcome: 'ok', truncated: true, stdout: 'x'.repeat(2000) });
    const started = performance.now();
    expect(await run('while True: pass', { limits: { wallMs: 300 } })).toMatchObject({ outcome: 'timeout' });
    expect(performance.now() - started).toBeLessThan(15_000);
    const bomb = await run('x = []\nwhile True: x.append("a" * 10**6)', { limits: { memoryMb: 64 } });
    expect(bomb.outcome).toBe('memory');
    const fits = await run('x = [0] * 10**6\nprint(len(x))', { limits: { memoryMb: 64 } });
    expect(fits).toMatchObject({ outcome: 'ok' });
  });

  it.each(['import os\nos._exit(0)', 'import os\nos.abort()', 'import os\nos.close(3)'])(
    '%j is an error',
    async (end) => {
      expect((await run(end)).outcome).toBe('error');
    },
  );

  it('are judged by scripts whose values they never see', async () => {
    const script = `
assert add(1, 2) == 3
assert candidate(2, 2) == 5, "five"
for n in range(2):
    assert add(n, 0) == n
assert add("a", 1) == "a1"`;
    const files = { 'main.py': 'def add(a, b): return a + b' };
    const steps = [{ kind: 'load' }, { kind: 'assertions', script, function: 'add' }] as const;
    const report = await sandbox.runSteps({ files, entry: 'main.py', steps });
    if (report.ended !== 'finished') throw new Error(report.detail);
    expect(report.value[1]?.assertions?.map(({ line, passed }) => [line, passed])).toEqual([
      [2, true],
      [3, false],
      [5, true],
      [5, true],
      [6, false],
    ]);
    const cheat = `
class Yes:
    def __eq__(self, other): return True
def add(a, b): return Yes()`;
    const cheated = await sandbox.runSteps({ files: { 'main.py': cheat }, entry: 'main.py', steps });
    if (cheated.ended !== 'finished') throw new Error(cheated.detail);
    expect(cheated.value[1]?.assertions?.some(({ passed }) => passed)).toBe(false);
  });

  it('tell what was judged before a kill', async () => {
    const files = { 'main.py': 'def f(n):\n  while n: pass\n  return n' };
    const steps = [{ kind: 'load' }, { kind: 'assertions', script: 'assert f(0) == 0\nassert f(1)' }] as const;
    const report = await sandbox.runSteps({ files, entry: 'main.py', steps }, { wallMs: 500 });
    if (report.ended === 'finished') throw new Error('it must be killed');
    expect(report.ended).toBe('timeout');
    const notes = report.notes as readonly PythonProgress[];
    expect(notes.at(-1)).toEqual({ kind: 'begin', line: 2, ordinal: 1 });
    expect(notes.filter(({ kind }) => kind === 'assertion')).toHaveLength(1);
  });

  it('end when they are aborted, running or waiting', async () => {
    const job = { language: 'python', files: { 'main.py': 'while True: pass' } } as const;
    const running = new AbortController();
    const waiting = new AbortController();
    const results = [sandbox.run(job, running.signal), sandbox.run(job, waiting.signal)];
    const settled = Promise.allSettled(results);
    waiting.abort(new Error('waiting'));
    running.abort(new Error('running'));
    expect((await settled).map((each) => each.status)).toEqual(['rejected', 'rejected']);
    expect((await run('print(1)')).stdout).toBe('1\n');
  });

  it('wait their turn and leave it again, without a trace on a signal that lives on', async () => {
    const { signal } = new AbortController();
    const source = 'import time\ntime.sleep(0.05)\nprint(1)';
    const jobs = Array.from({ length: 4 }, () => {
      return sandbox.run({ language: 'python', files: { 'main.py': source } }, signal);
    });
    expect((await Promise.all(jobs)).map(({ stdout }) => stdout)).toEqual(Array(4).fill('1\n'));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('do not start in an interpreter that was killed while it waited', async () => {
    await run('print(1)');
    const waiting = [...sandbox['waiting']];
    expect(waiting.length).toBeGreaterThan(0);
    for (const each of waiting) each['child'].kill('SIGKILL');
    await Promise.all(waiting.map(({ exited }) => exited));
    expect(await run('print(2)')).toMatchObject({ outcome: 'ok', stdout: '2\n' });
  });

  it('give long results whole', async () => {
    const { value } = await call('def f(n):\n    return "ab" * n', 'f', 5_000_000);
    expect(value).toBe('ab'.repeat(5_000_000));
  });

  it('say which package is missing: in a script, in a call, and where tests load them', async () => {
    const missing = "ModuleNotFoundError: No module named 'absent_package'";
    const source = 'print("before")\nimport absent_package\ndef add(a, b): return a + b';
    const script = await run(source);
    expect(script).toMatchObject({ outcome: 'error', stdout: 'before\n' });
    expect(script.stderr).toMatch(new RegExp(`"/work/main\\.py", line 2, in <module>[^]*\\n${missing}\\n$`));
    const called = await call(source, 'add', 1, 2);
    expect(called).toMatchObject({ outcome: 'error', stdout: 'before\n' });
    expect(called.stderr).toContain(missing);
    const inCall = await call('def add(a, b):\n  import absent_package', 'add', 1, 2);
    expect(inCall.outcome).toBe('error');
    expect(inCall.stderr).toContain(missing);
    const suite = { function: 'add', tests: [{ args: [1, 2], expected: 3 }], assertions: 'assert add(1, 2) == 3' };
    const verdict = await verifyCode(`\`\`\`python\n${source}\n\`\`\``, suite, {}, { python: sandbox });
    expect(verdict).toMatchObject({ outcome: 'incorrect', score: 0, reason: 'failed', parts: { share: 0 } });
    expect(verdict.feedback).toMatch(/^0 of 2 tests passed; the first that failed \(error\):\n/);
    expect(verdict.feedback).toContain(missing);
  });

  it('find what is installed for their interpreter only where packages are allowed', async (context) => {
    const open = await NativePythonSandbox.open({ workers: 1, spares: 0, packages: true });
    try {
      const installed = await open.packages();
      const name = ['pip', 'setuptools', 'numpy'].find((each) => installed.includes(each));
      context.skip(name === undefined, 'this interpreter has neither pip nor setuptools nor numpy');
      const job = { language: 'python', files: { 'main.py': `import ${name}\nprint("found")` } } as const;
      expect(await open.run(job)).toMatchObject({ outcome: 'ok', stdout: 'found\n' });
      const refused = await sandbox.run(job);
      expect(refused.outcome).toBe('error');
      expect(refused.stderr).toContain(`ModuleNotFoundError: No module named '${name}'`);
      const absent = await open.run({ language: 'python', files: { 'main.py': 'import absent_package' } });
      expect(absent.outcome).toBe('error');
      expect(absent.stderr).toContain("ModuleNotFoundError: No module named 'absent_package'");
    } finally {
      await open.close();
    }
  });

  it('have no packages unless they are asked for, and the names can be asked', async () => {
    expect(await sandbox.packages()).toEqual([]);
    const { kind, sandbox: chosen, reason } = await choosePython({ prefer: 'native', native: { packages: true } });
    expect([kind, reason]).toEqual(['native', expect.stringContaining('bubblewrap')]);
    await chosen.close();
  });
});

describe('the choice of a Python wall', () => {
  it(
    'says what is missing, and puts nothing in its place',
    async () => {
      const native = { bwrap: '/nonexistent/bwrap' };
      await expect(choosePython({ prefer: 'native', native })).rejects.toThrow(/^native Python: /);
      await expect(choosePython({ prefer: 'native', native: { python: '/nonexistent/python' } })).rejects.toThrow(
        /interpreter|Linux/,
      );
      expect(await nativePythonStatus(native)).toMatchObject({ works: false });
    },
    SLOW,
  );

  it('is pyodide by default', async () => {
    const { kind, sandbox: chosen } = await choosePython({ pyodide: { spares: 0, image: null } });
    await chosen.close();
    expect(kind).toBe('pyodide');
  });

  it('knows the system calls of two machines', () => {
    expect(seccompFilter('x64')?.length).toBeGreaterThan(0);
    expect(seccompFilter('arm64')?.length).toBeGreaterThan(0);
    expect(seccompFilter('mips')).toBeNull();
  });
});
