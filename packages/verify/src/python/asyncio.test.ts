import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgramJob, ProgramResult } from '../sandbox/program.js';
import type { AssertionResult } from './job.js';
import { NativePythonSandbox, nativePythonStatus } from './native.js';
import { PyodideSandbox, type PythonSandbox } from './sandbox.js';

const status = await nativePythonStatus();
const SLOW = 120_000;

/** Programs, and what they print in any Python that knows what they use. */
const programs: readonly (readonly [name: string, source: string, stdout: string])[] = [
  [
    'gather gives results in the order of its arguments, though the sleeps end in another',
    `
async def late(name, seconds):
    await asyncio.sleep(seconds)
    print(name)
    return name * 2
async def main():
    print(await asyncio.gather(late("c", 0.2), late("a", 0.01), late("b", 0.1)))
asyncio.run(main())`,
    "a\nb\nc\n['cc', 'aa', 'bb']\n",
  ],
  [
    'a sleep takes its time, and many at once take that of one',
    `
import time
async def main():
    await asyncio.gather(*(asyncio.sleep(0.1) for _ in range(50)))
started = time.monotonic()
asyncio.run(main())
print(0.1 <= time.monotonic() - started < 4)`,
    'True\n',
  ],
  [
    'wait_for ends what takes too long, and what was begun is cancelled',
    `
async def forever():
    try: await asyncio.sleep(1e9)
    except asyncio.CancelledError:
        print("cancelled")
        raise
async def main():
    try: await asyncio.wait_for(forever(), 0.05)
    except asyncio.TimeoutError: print("timeout")
    print(await asyncio.wait_for(asyncio.sleep(0, "in time"), 60))
asyncio.run(main())`,
    'cancelled\ntimeout\nin time\n',
  ],
  [
    'a queue between a producer and a consumer',
    `
async def produce(queue):
    for n in range(4): await queue.put(n)
    await queue.put(None)
async def consume(queue):
    while (n := await queue.get()) is not None: print(n * n)
async def main():
    queue = asyncio.Queue(maxsize=1)
    await asyncio.gather(produce(queue), consume(queue))
asyncio.run(main())`,
    '0\n1\n4\n9\n',
  ],
  [
    'locks, events and semaphores',
    `
async def main():
    lock, event, gate, seen = asyncio.Lock(), asyncio.Event(), asyncio.Semaphore(2), []
    async def worker(n):
        await event.wait()
        async with gate, lock:
            seen.append(n)
            await asyncio.sleep(0)
            seen.append(n)
    tasks = [asyncio.create_task(worker(n)) for n in range(3)]
    await asyncio.sleep(0)
    event.set()
    await asyncio.wait(tasks)
    print(seen)
asyncio.run(main())`,
    '[0, 0, 1, 1, 2, 2]\n',
  ],
  [
    'an exception that leaves a task is raised where it is awaited, and the loop goes on',
    `
async def fails(): raise ValueError("no")
async def main():
    try: await asyncio.create_task(fails())
    except ValueError as error: print("caught", error)
    print(await asyncio.gather(fails(), asyncio.sleep(0, 1), return_exceptions=True))
asyncio.run(main())`,
    "caught no\n[ValueError('no'), 1]\n",
  ],
  [
    'a group of tasks cancels the others when one fails',
    `
async def wait():
    try: await asyncio.sleep(1e9)
    finally: print("ended")
async def fail(): raise KeyError("x")
async def main():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(wait())
            group.create_task(fail())
    except* KeyError as errors: print(errors.exceptions)
    try:
        async with asyncio.timeout(0.01): await asyncio.sleep(1e9)
    except TimeoutError: print("timeout")
asyncio.run(main())`,
    "ended\n(KeyError('x'),)\ntimeout\n",
  ],
  [
    'a loop that is made by hand, with calls that come later',
    `
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.call_later(0.1, print, "later")
loop.call_soon(print, "soon")
loop.call_later(0.2, loop.stop)
loop.run_forever()
print(asyncio.get_event_loop() is loop, loop.run_until_complete(asyncio.sleep(0, 7)))
loop.close()
print(loop.is_closed())`,
    'soon\nlater\nTrue 7\nTrue\n',
  ],
  [
    'work for a thread is done',
    `
async def main():
    loop = asyncio.get_running_loop()
    print(await asyncio.to_thread(pow, 2, 5), await loop.run_in_executor(None, len, "abc"))
    try: await asyncio.to_thread(int, "x")
    except ValueError: print("raised")
asyncio.run(main())`,
    '32 3\nraised\n',
  ],
  [
    'generators and managers that wait',
    `
import contextlib
async def count(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i
@contextlib.asynccontextmanager
async def opened():
    print("open")
    yield 5
    print("close")
async def main():
    async with opened() as value: print([i async for i in count(3)], value)
asyncio.run(main())`,
    'open\n[0, 1, 2] 5\nclose\n',
  ],
];

const walls = [
  { name: 'pyodide', works: true, open: async () => Promise.resolve(new PyodideSandbox({ workers: 1, spares: 0 })) },
  {
    name: `native (${status.detail})`,
    works: status.works,
    open: () => NativePythonSandbox.open({ workers: 1, spares: 1 }),
  },
];

for (const { name, works, open } of walls) {
  describe.skipIf(!works)(`asyncio in ${name}`, { timeout: SLOW }, () => {
    let sandbox: PythonSandbox;
    beforeAll(async () => {
      sandbox = await open();
    }, SLOW);
    afterAll(() => sandbox.close());

    function run(source: string, more: Partial<ProgramJob> = {}): Promise<ProgramResult> {
      const limits = { wallMs: 20_000, ...more.limits };
      return sandbox.run({ language: 'python', files: { 'main.py': `import asyncio${source}` }, ...more, limits });
    }

    it.for(programs)('%s', async ([_name, source, stdout], context) => {
      const known = await run(`\nprint(${source.includes('TaskGroup') ? 'hasattr(asyncio, "TaskGroup")' : 'True'})`);
      context.skip(known.stdout === 'False\n', 'this Python is older than what the program uses');
      expect(await run(source)).toMatchObject({ outcome: 'ok', stdout, stderr: '' });
    });

    it('an exception that leaves the loop is the end of the program, and names its line', async () => {
      const result = await run('\nasync def main():\n    raise ValueError("out")\nasyncio.run(main())');
      expect(result.outcome).toBe('error');
      expect(result.stderr).toMatch(/"\/work\/main\.py", line 3, in main[^]*ValueError: out\n$/);
      expect(result.stderr).not.toMatch(/harness/);
    });

    it('a sleep without end is killed at the limit', async () => {
      const result = await run('\nasyncio.run(asyncio.sleep(1e9))', { limits: { wallMs: 1500 } });
      expect(result.outcome).toBe('timeout');
    });

    it('connections, servers and processes are refused', async () => {
      const attempts = [
        'await asyncio.open_connection("127.0.0.1", 80)',
        // Where no address works, a server is made that listens on none.
        '(await asyncio.start_server(print, "127.0.0.1", 0)).sockets[0]',
        'await asyncio.create_subprocess_exec("true")',
      ];
      for (const attempt of attempts) {
        const result = await run(`\nasync def main(): ${attempt}\nasyncio.run(main())\nprint("reached")`);
        expect(result).toMatchObject({ outcome: 'error', stdout: '' });
      }
    });

    it('a function that is called is awaited', async () => {
      const source = `
async def twice(x):
    await asyncio.sleep(0.01)
    if x < 0: raise ValueError("below 0")
    return x * 2
class Store:
    def __init__(self): self.items = asyncio.Queue(1)
    async def put(self, x): await self.items.put(x)
store = Store()`;
      const call = (name: string, ...args: unknown[]): Promise<ProgramResult> =>
        run(source, { call: { function: name, args } });
      expect(await call('twice', 21)).toMatchObject({ outcome: 'ok', value: 42 });
      expect(await call('store.put', 1)).toMatchObject({ outcome: 'ok', value: null });
      const failed = await call('twice', -1);
      expect(failed.outcome).toBe('error');
      expect(failed.stderr).toContain('ValueError: below 0');
    });

    it('a test script awaits a program that lives in another interpreter', async () => {
      const program = `import asyncio
gate = asyncio.Lock()
async def twice(x):
    async with gate: await asyncio.sleep(0.001)
    if x is None: raise KeyError("none")
    return x * 2
async def extend(items): items.append(len(items))
def plain(x): return x`;
      const script = `import asyncio
assert asyncio.run(twice(2)) == 4
assert asyncio.run(twice("a")) == "b", "differs"
async def check():
    assert await twice(1) + await twice(2) == 6
    assert await asyncio.gather(twice(3), twice(4), twice(5)) == [6, 8, 10]
    assert await asyncio.create_task(twice(6)) == 12
    items = []
    await extend(items)
    assert items == [0]
    try:
        await twice(None)
        assert False
    except KeyError: pass
asyncio.run(check())
assert twice(2) == 4
assert asyncio.new_event_loop().run_until_complete(twice(8)) == 16
assert asyncio.run(plain(2)) == 2`;
      expect(await judged(program, script)).toEqual([
        [2, true],
        [3, false],
        [5, true],
        [6, true],
        [7, true],
        [10, true],
        [16, false],
        [17, true],
        [18, false],
      ]);
    });

    it('what stands for a coroutine is no way to a test', async () => {
      const liar = `import os, asyncio
async def twice(x):
    os.write(3, b'{"ended":"ok","value":4,"args":[2]}')
    os._exit(0)`;
      for (const program of [liar, liar.replace('async def', 'def').replace('"ended":"ok"', '"ended":"coroutine"')]) {
        expect(await judged(program, 'import asyncio\nassert asyncio.run(twice(2)) == 4')).toEqual([[2, false]]);
      }
    });

    async function judged(program: string, script: string): Promise<(readonly [number, boolean])[]> {
      const steps = [{ kind: 'load' }, { kind: 'assertions', script, function: 'twice' }] as const;
      const job = { files: { 'main.py': program }, entry: 'main.py', steps };
      const report = await sandbox.runSteps(job, { wallMs: 20_000 });
      const notes = report.ended === 'finished' ? (report.value[1]?.assertions ?? []) : [];
      return notes.map(({ line, passed }: AssertionResult) => [line, passed] as const);
    }
  });
}

describe('the event loop of the WebAssembly wall', { timeout: SLOW }, () => {
  // An image has imported asyncio.
  const sandbox = new PyodideSandbox({ workers: 1, spares: 0, image: null });
  afterAll(() => sandbox.close());
  const run = (source: string): Promise<ProgramResult> =>
    sandbox.run({ language: 'python', files: { 'main.py': source }, limits: { wallMs: 20_000 } });

  it('says so when it waits for what nothing can bring', async () => {
    const result = await run(
      'import asyncio\nasync def main():\n    await asyncio.Queue().get()\nasyncio.run(main())\nprint("reached")',
    );
    expect(result).toMatchObject({ outcome: 'error', stdout: '' });
    expect(result.stderr).toContain('RuntimeError: the event loop waits for ever');
  });

  it('is made by get_event_loop, as programs for older versions of Python expect', async () => {
    const source = `import asyncio
async def main(): return 1
print(asyncio.get_event_loop().run_until_complete(main()), asyncio.run(main()), asyncio.run(main()))
print(asyncio.get_event_loop() is asyncio.get_event_loop())`;
    expect(await run(source)).toMatchObject({ outcome: 'ok', stdout: '1 1 1\nTrue\n', stderr: '' });
  });

  it('leaves nothing to the next job, and is not there until it is asked for', async () => {
    const tells = `import sys
print([name for name in sys.modules if "asyncio" in name], len(sys.meta_path), sys.meta_path[0].__name__)`;
    const before = (await run(tells)).stdout;
    expect(before).toMatch(/^\[\] /);
    const { pids } = sandbox.state;
    const change = await run(`import asyncio, sys
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.call_later(1e9, print)
sys.modules["asyncio.unix_events"].SelectorEventLoop.__init__ = None
sys.meta_path.clear()
print("changed")`);
    expect(change.stdout).toBe('changed\n');
    expect(await run(tells)).toMatchObject({ outcome: 'ok', stdout: before });
    const after = await run('import asyncio\nprint(asyncio.run(asyncio.sleep(0, 3)))');
    expect(after).toMatchObject({ outcome: 'ok', stdout: '3\n' });
    expect(sandbox.state.pids).toEqual(pids);
  });
});
