import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgramJob, ProgramResult } from '../sandbox/program.js';
import { PyodideSandbox } from './sandbox.js';

let sandbox: PyodideSandbox;
const folder = mkdtempSync(join(tmpdir(), 'touchstone-python-'));

beforeAll(async () => {
  sandbox = new PyodideSandbox({ workers: 1, spares: 0, image: join(folder, 'python.image') });
  const hold = setInterval(() => undefined, 1000);
  await Promise.all([sandbox.warm(), sandbox.imaged]);
  clearInterval(hold);
}, 120_000);

afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

function run(source: string, more: Partial<ProgramJob> = {}): Promise<ProgramResult> {
  const limits = { wallMs: 20_000, ...more.limits };
  return sandbox.run({ language: 'python', files: { 'main.py': source }, ...more, limits });
}

/** What a program prints. */
async function printed(source: string): Promise<string> {
  const result = await run(source);
  expect(result.stderr).toBe('');
  return result.stdout.trim();
}

function call(source: string, name: string, ...args: unknown[]): Promise<ProgramResult> {
  return run(source, { call: { function: name, args } });
}

describe('programs in CPython on WebAssembly', () => {
  it('read stdin, write both streams, and leave with a code', async () => {
    expect(
      await run('print(input()[::-1])\nimport sys\nprint(sys.stdin.read())', { stdin: 'abc\nrest' }),
    ).toMatchObject({
      outcome: 'ok',
      stdout: 'cba\nrest\n',
      stderr: '',
    });
    expect(await run('import sys\nprint("é", file=sys.stderr)')).toMatchObject({ outcome: 'ok', stderr: 'é\n' });
    expect(await run('import sys\nsys.exit()')).toMatchObject({ outcome: 'ok' });
    expect(await run('import sys\nsys.exit(3)')).toMatchObject({ outcome: 'error', stderr: 'exit code 3' });
    expect(await run('raise SystemExit("words")')).toMatchObject({ outcome: 'error', stderr: 'words\n' });
    expect(await run('import atexit\natexit.register(print, "last")\nprint("first")')).toMatchObject({
      stdout: 'first\nlast\n',
    });
  });

  it('show the traceback of the program and nothing of the harness', async () => {
    const result = await run('def f():\n    return 1 / 0\nf()');
    expect(result.outcome).toBe('error');
    expect(result.stderr).toBe(
      'Traceback (most recent call last):\n' +
        '  File "/work/main.py", line 3, in <module>\n    f()\n    ~^^\n' +
        '  File "/work/main.py", line 2, in f\n    return 1 / 0\n           ~~^~~\n' +
        'ZeroDivisionError: division by zero\n',
    );
    expect((await run('def f(:')).stderr).toContain('SyntaxError');
  });

  it('find their files, as modules and as data', async () => {
    const files = { 'main.py': 'import a.b\nprint(a.b.x, open("d.txt").read())', 'a/b.py': 'x = 4', 'd.txt': 'data' };
    expect((await run('', { files })).stdout).toBe('4 data\n');
  });

  it('answer calls with plain data, tagged where JSON has no form', async () => {
    const source = 'def echo(*args, **kwargs): return [args, kwargs]';
    const args = [null, true, 1, -2.5, 'é"\\\n\u0000😀', [1, [2]], { a: { b: 'c' } }];
    expect((await call(source, 'echo', ...args)).value).toEqual([{ $tuple: args }, {}]);
    const tagged = [
      { $int: '1267650600228229401496703205376' },
      { $float: 'nan' },
      { $float: '-inf' },
      { $tuple: [1, { $tuple: [] }] },
      { $set: [1, 2] },
      { $dict: [[1, 'a']] },
      { $bytes: '00ff' },
      { $complex: [1.5, -2] },
    ];
    expect((await call(source, 'echo', ...tagged)).value).toEqual([{ $tuple: tagged }, {}]);
    const kwargs = { x: 1 };
    expect((await run(source, { call: { function: 'echo', args: [], kwargs } })).value).toEqual([
      { $tuple: [] },
      kwargs,
    ]);
    const types = `
from collections import Counter, namedtuple, deque
def f(): return [Counter("aab"), namedtuple("P", "x")(1), frozenset([2]), type("I", (int,), {})(7), object(), {"$x": 1}]`;
    expect((await call(types, 'f')).value).toEqual([
      { a: 2, b: 1 },
      { $tuple: [1] },
      { $set: [2] },
      7,
      { $object: 'object' },
      { $dict: [['$x', 1]] },
    ]);
    expect(await call('def f():\n  a = []\n  a.append(a)\n  return a', 'f')).toMatchObject({ outcome: 'error' });
    expect(await call('x = 1', 'g')).toMatchObject({ outcome: 'error' });
    expect(await call('class A:\n  def m(self, x): return x + 1\na = A()', 'a.m', 1)).toMatchObject({ value: 2 });
  });

  it('are the same each time: hashes, random numbers, the bytes of the system', async () => {
    const source = 'import os, random\nprint(hash("a"), random.random(), os.urandom(8).hex(), list({"a", "b", "c"}))';
    expect(await printed(source)).toBe(await printed(source));
  });

  it('can wait and read the time', async () => {
    expect(
      await printed('import time\na = time.monotonic()\ntime.sleep(0.05)\nprint(time.monotonic() - a >= 0.05)'),
    ).toBe('True');
    expect(Number(await printed('import time\nprint(time.time())')) * 1000).toBeGreaterThan(Date.now() - 60_000);
  });

  it('are cut when they flood an output, and killed when they do not end', async () => {
    const flood = await run('while True: print("x" * 1000)', { limits: { wallMs: 500, outputBytes: 2000 } });
    expect(flood.outcome).toBe('timeout');
    const long = await run('print("x" * 100000)', { limits: { outputBytes: 2000 } });
    expect(long).toMatchObject({ outcome: 'ok', truncated: true, stdout: 'x'.repeat(2000) });
  });

  it('get a MemoryError at their limit, and the verdict is memory', async () => {
    const result = await run('x = []\nwhile True: x.append("a" * 10**6)', { limits: { memoryMb: 64 } });
    expect(result.outcome).toBe('memory');
    expect(await run('x = [0] * 10**6\nprint(len(x))', { limits: { memoryMb: 64 } })).toMatchObject({ outcome: 'ok' });
  });

  it.each([
    ['os._exit', 'import os\nos._exit(0)'],
    ['os.abort', 'import os\nos.abort()'],
    ['endless recursion', 'import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()'],
    ['a raised BaseException without streams', 'import sys\nsys.stdout = sys.stderr = None\nraise BaseException'],
    ['a closed channel', 'import os\nos.close(3)'],
  ])('%s is an end of the program, not of the sandbox', async (_name, source) => {
    expect(['error', 'memory']).toContain((await run(source)).outcome);
    expect(await printed('print("fresh")')).toBe('fresh');
  });
});

describe('the state that a job leaves', () => {
  /** What each program changes, and an expression that tells; the second job must see what the first saw before. */
  const changes: readonly (readonly [name: string, change: string, tells: string])[] = [
    ['globals', 'leaked = 1', '"leaked" in globals()'],
    [
      'builtins',
      'import builtins\nbuiltins.len = lambda x: 42\nbuiltins.leaked = 1',
      '(len([]), hasattr(__import__("builtins"), "leaked"))',
    ],
    [
      'modules',
      'import math, sys\nmath.pi = 3\nsys.modules["leaked"] = math',
      '(__import__("math").pi, "leaked" in __import__("sys").modules)',
    ],
    ['imports', 'import wave', '"wave" in __import__("sys").modules'],
    [
      'files',
      'import os\nos.mkdir("/tmp/d")\nopen("/tmp/d/f", "w").write("x")\nopen("/work/g", "w").write("x")',
      'sorted(__import__("os").listdir("/tmp")) + sorted(__import__("os").listdir("/work"))',
    ],
    [
      'removed files',
      'import os\nos.remove("/lib/python314.zip")\nos.rmdir("/tmp")',
      '(__import__("os").path.getsize("/lib/python314.zip"), __import__("os").path.isdir("/tmp"))',
    ],
    ['changed files', 'open("/lib/python314.zip", "r+b").write(b"x" * 1000)', '__import__("wave").__name__'],
    ['folder', 'import os\nos.chdir("/")', '__import__("os").getcwd()'],
    [
      'environ',
      'import os\nos.environ["LEAKED"] = "1"\nos.putenv("L", "2")',
      'sorted(__import__("os").environ.items())',
    ],
    ['recursion limit', 'import sys\nsys.setrecursionlimit(77)', '__import__("sys").getrecursionlimit()'],
    [
      'signal handlers',
      'import signal\nsignal.signal(signal.SIGINT, lambda *a: None)',
      '__import__("signal").getsignal(2)',
    ],
    [
      'hooks',
      'import sys\nsys.excepthook = sys.displayhook = print\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)\nsys.addaudithook(lambda *a: None)',
      '(__import__("sys").excepthook.__name__, __import__("sys").gettrace(), __import__("sys").getprofile())',
    ],
    [
      'import machinery',
      'import sys\nsys.meta_path.clear()\nsys.path.clear()\nsys.path_importer_cache.clear()',
      '(len(__import__("sys").meta_path), __import__("sys").path)',
    ],
    ['random state', 'import random\nrandom.seed(5)\nrandom.random()', '__import__("random").random()'],
    [
      'types',
      'import collections\ncollections.Counter.most_common = None',
      '__import__("collections").Counter("aab").most_common(1)',
    ],
    [
      'caches',
      'import sys\nx = sys.intern("leak" + "ed")\nimport re\nre.compile("leaked")',
      'len(__import__("re")._cache)',
    ],
    [
      'streams',
      'import sys, os\nsys.stdin.close()\nsys.stdout = None\nos.close(2)',
      '(__import__("sys").stdin.closed, __import__("os").fstat(2).st_mode)',
    ],
    [
      'open files',
      'import os\nx = [os.open("/dev/null", 0) for _ in range(50)]\nos.dup2(x[0], 1)\nos.pipe()',
      '__import__("os").open("/dev/null", 0)',
    ],
    [
      'umask and modes',
      'import os\nos.umask(0o777)\nos.chmod("/work", 0)',
      '(__import__("os").umask(0), __import__("os").stat("/work").st_mode)',
    ],
    [
      'collector',
      'import gc\ngc.disable()\ngc.set_threshold(1)',
      '(__import__("gc").isenabled(), __import__("gc").get_threshold())',
    ],
    ['decimal context', 'import decimal\ndecimal.getcontext().prec = 3', '__import__("decimal").getcontext().prec'],
    ['exit handlers', 'import atexit\natexit.register(print, "leaked")', '__import__("atexit")._ncallbacks()'],
    ['warnings', 'import warnings\nwarnings.simplefilter("error")', 'len(__import__("warnings").filters)'],
    [
      'the harness',
      'import sys\nf = sys._getframe(1)\nwhile f:\n  f.f_locals.clear() if False else None\n  f = f.f_back\nimport gc, types\nfor o in gc.get_objects():\n  if isinstance(o, types.FunctionType) and o.__code__.co_filename == "<harness>": o.__code__ = (lambda *a: None).__code__ if o.__code__.co_freevars == () else o.__code__',
      '1',
    ],
    ['addresses', 'x = [object() for _ in range(100000)]', 'id(object())'],
    [
      'locale and time zone',
      'import os, time\nos.environ["TZ"] = "America/New_York"\ntime.tzset()',
      '__import__("time").timezone',
    ],
  ];

  it.each(changes)('%s', async (_name, change, tells) => {
    const before = await printed(`print(${tells})`);
    const pids = sandbox.state.pids;
    await run(change, { limits: { wallMs: 20_000 } });
    const after = await run(`print(${tells})`);
    expect(after).toMatchObject({ outcome: 'ok', stdout: `${before}\n` });
    // The same process, so that it is the restoring and not the replacing that is looked at.
    expect(sandbox.state.pids).toEqual(pids);
  });

  it('is the same whether a process has just started or has run many jobs', async () => {
    const tells =
      'import sys, gc\nprint(len(sys.modules), len(gc.get_objects()), id(object()), sys.getallocatedblocks())';
    const before = await printed(tells);
    for (let i = 0; i < 10; i++) await run(`import json, wave\nx = [{} for _ in range(${i}000)]\nprint(len(x))`);
    expect(await printed(tells)).toBe(before);
  });
});
