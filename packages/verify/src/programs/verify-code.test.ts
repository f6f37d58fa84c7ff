import { afterAll, describe, expect, it } from 'vitest';
import { closeSandboxes } from './shared.js';
import { sameOutput } from './output.js';
import type { TestSuite } from './tests.js';
import { extractProgram, verifyCode } from './verify-code.js';
import type { Verdict } from '../verdict.js';

afterAll(() => closeSandboxes());

const limits = { wallMs: 15_000 };
function judge(program: string, suite: TestSuite, options: Record<string, unknown> = {}): Promise<Verdict> {
  return verifyCode(`Here it is:\n\`\`\`python\n${program}\n\`\`\``, suite, { ...limits, ...options });
}

const add: TestSuite = {
  function: 'add',
  tests: [
    { args: [1, 2], expected: 3 },
    { args: [-1, 1], expected: 0, weight: 2 },
    { args: ['a', 'b'], expected: 'ab' },
  ],
};
const script = `
def check(candidate):
    assert candidate(1, 2) == 3
    assert candidate(-1, 1) == 0, 'zero'
    assert candidate([1], [2]) == [1, 2]
check(add)
`;
const asserted: TestSuite = { function: 'add', assertions: script };
const echoed: TestSuite = {
  tests: [
    { stdin: '1 2\n', expected: '3' },
    { stdin: '5 5\n', expected: '10' },
  ],
};

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
const right = 'def add(a, b):\n    return a + b';
const vector = (verdict: Verdict): number[] =>
  Object.entries(verdict.parts).flatMap(([name, value]) => (name.startsWith('test-') ? [value] : []));

describe('extractProgram', () => {
  it.each([
    ['python', 'async def f(x): raise ValueError(x)'],
    ['python', '@cache\ndef f(x): pass'],
    ['python', 'try: print(1)\nexcept ValueError: pass'],
    ['javascript', 'async function f(x) {}'],
    ['typescript', 'function* f(): Generator<number> {}'],
  ] as const)('takes a text without fences that begins as %s does: %s', (language, program) => {
    expect(extractProgram(program, language)).toBe(program);
  });

  it.each(['python', 'javascript', 'typescript'] as const)('takes no prose for %s', (language) => {
    expect(extractProgram('Functions are asynchronous with care.\nI am definite.', language)).toBeNull();
  });
});

describe('verifyCode', () => {
  it('passes a program that is right, in calls, assertions and runs', async () => {
    for (const suite of [add, asserted]) {
      expect(await judge(right, suite)).toMatchObject({ outcome: 'correct', score: 1, reason: 'passed' });
    }
    expect(await judge('a, b = map(int, input().split())\nprint(a + b)', echoed)).toMatchObject({ score: 1 });
  });

  it('awaits a function that is async, in calls and where a script awaits it', async () => {
    const program = 'import asyncio\nasync def add(a, b):\n    await asyncio.sleep(0)\n    return a + b';
    const checks =
      'import asyncio\ndef check(candidate):\n    assert asyncio.run(candidate(1, 2)) == 3\ncheck(add)\nassert asyncio.run(add(1, 2)) == 4';
    const verdict = await judge(program, { ...add, assertions: checks });
    expect(vector(verdict)).toEqual([1, 1, 1, 1, 0]);
  });

  it('gives the vector, the first input that failed, and scores by its mode', async () => {
    const half = 'def add(a, b):\n    return abs(a) + b if isinstance(a, int) else a + b';
    const verdict = await judge(half, add);
    expect(verdict).toMatchObject({ outcome: 'incorrect', score: 0, reason: 'failed' });
    expect(vector(verdict)).toEqual([1, 0, 1]);
    expect(verdict.feedback).toBe(
      '2 of 3 tests passed; the first that failed (wrong):\ninput: -1, 1\nexpected: 0\ngot: 2',
    );
    expect((await judge(half, add, { score: 'share' })).score).toBeCloseTo(2 / 3);
    expect((await judge(half, add, { score: 'weighted' })).score).toBe(0.5);
    const inScript = await judge(half, asserted);
    expect(vector(inScript)).toEqual([1, 0, 1].map((each, index) => (index === 2 ? 1 : each)));
    expect(inScript.feedback).toContain("assert candidate(-1, 1) == 0, 'zero'");
  });

  it('one test that crashes or hangs does not hide the others', async () => {
    const program = `
import os
def add(a, b):
    if a == -1: os._exit(0)
    if a == 'a' or a == [1]:
        while True: pass
    return a + b`;
    const calls: TestSuite = { ...add, tests: [...(add.tests ?? []), { args: [2, 2], expected: 4 }] };
    const more = { ...asserted, assertions: `${script}assert add(2, 2) == 4` };
    const verdicts = await Promise.all([calls, more].map((suite) => judge(program, suite, { wallMs: 2000 })));
    expect(verdicts.map(vector)).toEqual([
      [1, 0, 0, 1],
      [1, 0, 0, 1],
    ]);
  }, 120_000);

  it('stops when the time for all tests is over', async () => {
    const tests = Array.from({ length: 20 }, (_, n) => ({ args: [n, n], expected: 0 }));
    const started = performance.now();
    const verdict = await judge(
      'def add(a, b):\n    while True: pass',
      { ...add, tests },
      { wallMs: 500, totalMs: 1500 },
    );
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(verdict).toMatchObject({ outcome: 'incorrect', score: 0 });
  });

  it('stops between tests that each keep to their time, when the time for all is over', async () => {
    // Even on a busy machine one test ends in the time for all, and their time together is far more than that.
    const count = 60;
    const tests = Array.from({ length: count }, () => ({ args: [1, 2], expected: 3 }));
    const slow = 'import time\ndef add(a, b):\n    time.sleep(0.3)\n    return a + b';
    const limits = { wallMs: 5000, totalMs: 5000 };
    const script = 'const add = (a, b) => { const end = Date.now() + 300; while (Date.now() < end); return a + b; };';
    const verdicts = await Promise.all([
      judge(slow, { ...add, tests }, limits),
      judge(slow, { function: 'add', assertions: Array(count).fill('assert add(1, 2) == 3').join('\n') }, limits),
      verifyCode(script, { ...add, language: 'javascript', tests }, limits),
    ]);
    for (const verdict of verdicts) {
      const passed = vector(verdict).reduce((sum, each) => sum + each, 0);
      expect(passed).toBeGreaterThan(0);
      expect(passed).toBeLessThan(count);
    }
  }, 60_000);

  it('takes expected results from a solution, and verdicts from a checker', async () => {
    const stress: TestSuite = { function: 'add', solution: right, tests: [{ args: [3, 4] }, { args: [[1], [2]] }] };
    expect((await judge(right, stress)).score).toBe(1);
    expect(vector(await judge('def add(a, b):\n    return 7', stress))).toEqual([1, 0]);
    const roots: TestSuite = {
      function: 'root',
      checker:
        'def check(input, output, expected):\n    return isinstance(output, (int, float)) and output ** 2 == input[0]',
      tests: [{ args: [4] }, { args: [9] }],
    };
    expect((await judge('def root(x):\n    return -x ** 0.5', roots)).score).toBe(1);
    expect(vector(await judge('def root(x):\n    return 2', roots))).toEqual([1, 0]);
    expect(await judge(right, { ...stress, solution: 'def add(a, b): return 1 / 0' })).toMatchObject({
      outcome: 'unscorable',
      reason: 'bad-reference',
    });
  });

  it.each([
    [
      { function: 'add', checkr: 'def check(i, o, e): return True', tests: [] },
      /unknown key checkr; did you mean checker\?/,
    ],
    [
      { function: 'add', tests: [{ args: [1, 2], expect: 3 }] },
      /test 1 has the unknown key expect; did you mean expected\?/,
    ],
  ])('names a key that no suite has: %j', async (suite, message) => {
    const { outcome, reason, feedback } = await judge(right, suite);
    expect([outcome, reason]).toEqual(['unscorable', 'bad-reference']);
    expect(feedback).toMatch(message);
  });

  it.each(['raise KeyboardInterrupt', 'raise GeneratorExit', 'b"\\xff".decode()'])(
    'a program that does %s has failed, in a script as in a call',
    async (line) => {
      const program = `def add(a, b):\n    ${line}`;
      const plain: TestSuite = { function: 'add', assertions: 'got = add(1, 2)\nassert got == 3' };
      for (const suite of [add, asserted, plain])
        expect(await judge(program, suite)).toMatchObject({ outcome: 'incorrect', reason: 'failed' });
      const { feedback } = await judge(program, asserted);
      expect(feedback).toContain(line.startsWith('b') ? 'UnicodeDecodeError' : line.replace('raise ', ''));
    },
  );

  it.each(['raise ValueError', 'return print', 'while True: pass'])(
    'a checker is not asked about a program that does %s',
    async (line) => {
      const checker = 'def check(input, output, expected):\n    return output + 1 == 3';
      const suite: TestSuite = { function: 'f', checker, tests: [{ args: [0] }, { args: [1] }] };
      const program = `def f(x):\n    if x == 1: return 2\n    ${line}`;
      expect(vector(await judge(program, suite, { wallMs: 1500 }))).toEqual([0, 1]);
    },
  );

  it('an output on which the checker raises or never ends is wrong, and a checker that does not load is the fault of the task', async () => {
    const checker =
      'def check(input, output, expected):\n    while output == 2: pass\n    return 0 < output < 10 and output % 2 == 1';
    const suite: TestSuite = { function: 'f', checker, tests: [[1], [2], [3], [4]].map((args) => ({ args })) };
    const program = 'def f(x):\n    return [7, None, 2, "9"][x - 1]';
    const verdict = await judge(program, suite, { wallMs: 1500 });
    expect(vector(verdict)).toEqual([1, 0, 0, 0]);
    expect(verdict.feedback).toContain(
      "the checker: TypeError: '<' not supported between instances of 'int' and 'None",
    );
    for (const broken of ['def check(input', 'x = 1', 'raise ValueError', 'import sys\nsys.exit(0)']) {
      expect(await judge(program, { ...suite, checker: broken })).toMatchObject({ reason: 'bad-reference' });
    }
  });

  it('compares and shows large integers of JavaScript', async () => {
    const program = 'function f(n) { return { key: [BigInt(n) ** 2n] }; }';
    const suite: TestSuite = {
      language: 'javascript',
      function: 'f',
      tests: [
        { args: [3], expected: { key: [9] } },
        { args: [4], expected: { key: [9] } },
      ],
    };
    const verdict = await verifyCode(`\`\`\`js\n${program}\n\`\`\``, suite, limits);
    expect(vector(verdict)).toEqual([1, 0]);
    expect(verdict.feedback).toContain('got: {"key":["16n"]}');
  });

  it('judges JavaScript and TypeScript by the same tests', async () => {
    const typed = '```ts\nexport function add(a: any, b: any): any { return a + b; }\n```';
    expect(await verifyCode(typed, { ...add, language: 'typescript' }, limits)).toMatchObject({ score: 1 });
    const wrong = '```js\nfunction add(a, b) { return a - b; }\n```';
    expect(vector(await verifyCode(wrong, { ...add, language: 'javascript' }, limits))).toEqual([0, 0, 0]);
  });

  it('reads a program without fences, and says when there is none', async () => {
    expect(await verifyCode(right, add, limits)).toMatchObject({ score: 1 });
    expect(await verifyCode('I do not know.', add, limits)).toMatchObject({
      outcome: 'incorrect',
      reason: 'no-answer',
    });
    const completed = await verifyCode('    return a + b\n', { ...add, prefix: 'def add(a, b):\n' }, limits);
    expect(completed.score).toBe(1);
  });

  it.each([
    ['no object', 3],
    ['no tests', {}],
    ['a test without input', { tests: [{ expected: 1 }] }],
    ['no expectation', { function: 'add', tests: [{ args: [] }] }],
    ['no function', { tests: [{ args: [], expected: 1 }] }],
    ['assertions that run none', { function: 'add', assertions: 'x = 1' }],
    ['another language', { ...add, language: 'cobol' }],
    ['arguments nested too deep', { function: 'add', tests: [{ args: [nested(90)], expected: 1 }] }],
    ['a tag that holds no such value', { function: 'add', tests: [{ args: [{ $int: 'x' }], expected: 1 }] }],
    [
      'named arguments for JavaScript',
      { ...add, language: 'javascript', tests: [{ args: [], kwargs: { a: 1 }, expected: 1 }] },
    ],
    ['weights of 0', { ...add, tests: [{ args: [1, 2], expected: 3, weight: 0 }] }],
  ])('a reference with %s is the fault of the task', async (_name, reference) => {
    const answer = JSON.stringify(reference).includes('javascript') ? 'const add = () => 1' : right;
    expect(await verifyCode(answer, reference, { ...limits, score: 'weighted' })).toMatchObject({
      outcome: 'unscorable',
      reason: 'bad-reference',
    });
  });
});

describe('programs that try to fool their tests', () => {
  const attacks: readonly (readonly [name: string, program: string])[] = [
    ['leave early with code 0', 'import sys\nsys.exit(0)'],
    ['leave early past all handlers', 'import os\nos._exit(0)'],
    ['leave within the call', 'import sys\ndef add(a, b): sys.exit(0)'],
    [
      'an equality that always agrees',
      'class Yes(int):\n    def __eq__(self, other): return True\n    __hash__ = None\ndef add(a, b): return Yes(99)',
    ],
    [
      'an object equal to all',
      'class Yes:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\ndef add(a, b): return Yes()',
    ],
    [
      'patched builtins',
      'import builtins\nbuiltins.AssertionError = type("A", (BaseException,), {})\nbuiltins.Exception = BaseException\nbuiltins.abs = builtins.len = builtins.all = lambda *a: True\ndef add(a, b): return 99',
    ],
    ['printed markers', 'def add(a, b):\n    print("passed", "OK", \'{"ended":"ok","value":3}\')\n    return 99'],
    [
      'forged answers on the channel',
      'import os\ndef add(a, b):\n    os.write(3, b\'{"ended":"ok","value":3}\')\n    os._exit(0)',
    ],
    ['forged judgements', 'import os\ndef add(a, b):\n    os.write(3, b\'{"what":"passed","line":1}\')\n    return 99'],
    [
      'the frames of the caller',
      'import sys\ndef add(a, b):\n    f = sys._getframe()\n    while f:\n        for v in list(f.f_locals.values()) + list(f.f_globals.values()):\n            if isinstance(v, dict) and "expected" in v: return v["expected"]\n        f = f.f_back\n    return 99',
    ],
    [
      'every object there is',
      'import gc\ndef add(a, b):\n    for o in gc.get_objects():\n        if isinstance(o, dict) and ("expected" in o or "candidate" in o or "check" in o): return o.get("expected", 0)\n    return 99',
    ],
    [
      'the files of the test',
      'import os\ndef add(a, b):\n    for root, _, names in os.walk("/"):\n        for name in names:\n            if "test" in name: return open(os.path.join(root, name)).read()\n    return 99',
    ],
    [
      'tests that are disabled',
      'import sys\nsys.modules["ast"] = sys.modules["builtins"] = None\nsys.settrace(lambda *a: None)\ndef add(a, b): return 99',
    ],
    ['a counter of calls', 'calls = [3, 0, "ab"]\ndef add(a, b):\n    calls.append(0)\n    return {"$remote": 0}'],
    ['an endless generator', 'def add(a, b):\n    while True: yield 1'],
    ['a name that is not its own', 'def add(a, b): return __import__("tests").expected'],
  ];

  it.each(attacks)(
    '%s',
    async (_name, program) => {
      // What ends by itself has time on a busy machine, too.
      const patience = { wallMs: program.includes('while True') ? 1000 : 20_000, totalMs: 100_000 };
      // At the same time: much of it is waiting for processes that replace those which the programs ended.
      const verdicts = await Promise.all([add, asserted, echoed].map((suite) => judge(program, suite, patience)));
      for (const verdict of verdicts) {
        expect(verdict).toMatchObject({ outcome: 'incorrect', score: 0 });
        expect(vector(verdict).reduce((sum, each) => sum + each, 0)).toBe(0);
      }
    },
    120_000,
  );
});

describe('sameOutput', () => {
  it.each([
    ['1 2\n3', '1  2 \n3\n\n', 0, true],
    ['1\n2', '1 2', 0, false],
    ['0.5', '0.50000001', 1e-6, true],
    ['0.5', '0.6', 1e-6, false],
    ['0.5', '0.50', 0, false],
    ['yes', 'Yes', 1, false],
    ['', '\n\n', 0, true],
    ['1', '1\n2', 1, false],
  ])('%j and %j within %d: %s', (expected, actual, tolerance, same) => {
    expect(sameOutput(expected, actual, tolerance)).toBe(same);
  });
});
