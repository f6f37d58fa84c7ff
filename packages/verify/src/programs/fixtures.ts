import type { VerifierFixture } from '../fixtures.js';

const block = (code: string, language = 'python'): string => `Here it is:\n\`\`\`${language}\n${code}\n\`\`\`\n`;

const half = {
  function: 'half',
  tests: [
    { args: [4], expected: 2 },
    { args: [7], expected: 3.5 },
  ],
};
const greet = { tests: [{ stdin: 'Ann\nBob\n', expected: 'hello Ann\nhello Bob\n' }] };
const unique = { function: 'unique', assertions: 'assert unique([3, 1, 3]) == [1, 3]\nassert unique([]) == []' };
const divisor = {
  function: 'divisor',
  tests: [{ args: [91] }, { args: [15] }],
  checker: 'def check(input, output, expected):\n    return 1 < output < input[0] and input[0] % output == 0',
};
const root = { function: 'root', tests: [{ args: [49] }], solution: 'def root(n):\n    return n ** 0.5' };
const total = { language: 'typescript', function: 'total', tests: [{ args: [[1, 2, 3]], expected: 6 }] };

/** Cases of the kind `code`. */
export const codeFixtures: readonly VerifierFixture[] = [
  { kind: 'full', response: block('def half(n):\n    return n / 2'), reference: half, reason: 'passed' },
  {
    kind: 'full',
    response: `<think>${block('half = None')}</think>${block('half = lambda n: n * 0.5')}`,
    reference: half,
  },
  {
    kind: 'full',
    response: block('import sys\nfor n in sys.stdin.read().split(): print("hello", n)'),
    reference: greet,
  },
  { kind: 'full', response: block('half = lambda n: n / 2'), reference: JSON.stringify(half) },
  { kind: 'full', response: 'def unique(items):\n    return sorted(set(items))', reference: unique },
  {
    kind: 'full',
    response: block('def divisor(n):\n    return next(d for d in range(n - 1, 1, -1) if n % d == 0)'),
    reference: divisor,
  },
  { kind: 'full', response: block('import math\ndef root(n):\n    return math.sqrt(n)'), reference: root },
  {
    kind: 'full',
    response: block('const total = (all: number[]): number => all.reduce((sum, each) => sum + each, 0);', 'ts'),
    reference: total,
  },
  { kind: 'zero', response: block('def half(n):\n    return n // 2'), reference: half, reason: 'failed' },
  { kind: 'zero', response: block('def halve(n):\n    return n / 2'), reference: half, reason: 'failed' },
  { kind: 'zero', response: block('print("hello Ann")'), reference: greet, reason: 'failed' },
  { kind: 'zero', response: block('def unique(items):\n    return list(items)'), reference: unique, reason: 'failed' },
  // What it compares with is not the program's to change.
  {
    kind: 'zero',
    response: block('class Same:\n    def __eq__(self, other): return True\ndef half(n): return Same()'),
    reference: half,
    reason: 'failed',
  },
  { kind: 'zero', response: block('import os\nos._exit(0)'), reference: unique, reason: 'failed' },
  {
    kind: 'zero',
    response: block('def half(n):\n    while True: pass'),
    reference: { ...half, tests: half.tests.slice(0, 1) },
    options: { wallMs: 500 },
    reason: 'failed',
  },
  { kind: 'zero', response: block('const total = () => 7;', 'ts'), reference: total, reason: 'failed' },
  { kind: 'malformed', response: 'I would divide by two.', reference: half, reason: 'no-answer' },
  { kind: 'malformed', response: block('def half(n) return n'), reference: half, reason: 'failed' },
  { kind: 'malformed', response: block('half = 1'), reference: { function: 'half' }, reason: 'bad-reference' },
  { kind: 'malformed', response: block('half = 1'), reference: 'assert half', reason: 'bad-reference' },
  {
    kind: 'malformed',
    response: block('def root(n): return 7'),
    reference: { ...root, solution: 'def other(n): return 7' },
    reason: 'bad-reference',
  },
  { kind: 'malformed', response: block('half = 1'), reference: half, options: { wallMs: 0 }, reason: 'bad-option' },
  { kind: 'malformed', response: block('half = 1'), reference: half, options: { wall: 5 }, reason: 'unknown-option' },
];
