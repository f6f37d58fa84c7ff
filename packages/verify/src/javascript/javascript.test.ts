import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pythonEqual } from '../python/values.js';
import type { ProgramJob, ProgramResult } from '../sandbox/program.js';
import { attemptScript, scriptEscapes } from './escapes.js';
import { ProgramFiles } from './modules.js';
import { QuickJsSandbox } from './sandbox.js';
import { decodeData, encodeData } from './values.js';

let sandbox: QuickJsSandbox;

beforeAll(() => {
  sandbox = new QuickJsSandbox({ workers: 2, spares: 2, limits: { wallMs: 20_000 } });
});

afterAll(() => sandbox.close());

const run = (code: string, job: Partial<ProgramJob> = {}): Promise<ProgramResult> =>
  sandbox.run({ language: 'javascript', files: { 'main.js': code }, ...job });

const printed = async (code: string, job: Partial<ProgramJob> = {}): Promise<string> => {
  const { outcome, stdout, stderr } = await run(code, job);
  expect(outcome, stderr).toBe('ok');
  return stdout;
};

const called = async (code: string, name: string, ...args: unknown[]): Promise<unknown> => {
  const { outcome, value, stderr } = await run(code, { call: { function: name, args } });
  expect(outcome, stderr).toBe('ok');
  return value;
};

describe('console.log writes as Node does', () => {
  test.each([
    [`1, 'a', null, undefined, true, -0, 10n, Symbol('s')`, '1 a null undefined true -0 10n Symbol(s)'],
    [`[1, 'a', [2, []]], { a: { b: {} }, 'c-d': [null] }`, "[ 1, 'a', [ 2, [] ] ] { a: { b: {} }, 'c-d': [ null ] }"],
    [`{ a: { b: { c: { d: 1 } } } }`, '{ a: { b: { c: [Object] } } }'],
    [`new Map([['a', 1]]), new Set([1, 2])`, "Map(1) { 'a' => 1 } Set(2) { 1, 2 }"],
    [`[function f() {}, () => 1, class A {}]`, '[ [Function: f], [Function (anonymous)], [class A] ]'],
    [
      `new (class Point { x = 1 })(), new Uint8Array(2), new Date(0)`,
      'Point { x: 1 } Uint8Array(2) [ 0, 0 ] 1970-01-01T00:00:00.000Z',
    ],
    [`'%s is %d, %i, %j, %%', 'x', 1.5, 2.7, { a: 1 }, 'rest'`, 'x is 1.5, 2, {"a":1}, % rest'],
    [`["it's", 'a "b"', 'n\\n']`, `[ "it's", 'a "b"', 'n\\n' ]`],
  ])('%s', async (values, text) => {
    expect(await printed(`console.log(${values})`)).toBe(`${text}\n`);
  });
});

describe('standard input', () => {
  const stdin = '3 4\r\n5\nlast';
  test.each([
    ['readLine', `for (let l = readLine(); l !== null; l = readLine()) console.log(l)`],
    ['fs, with an encoding', `require('fs').readFileSync(0, 'utf8').split(/\\r?\\n/).forEach((l) => console.log(l))`],
    [
      'fs, by its path',
      `for (const l of require('node:fs').readFileSync('/dev/stdin').toString().split(/\\r?\\n/)) console.log(l)`,
    ],
    ['readline', `require('readline').createInterface({ input: process.stdin }).on('line', (l) => console.log(l))`],
    [
      'readline, by a loop',
      `for await (const l of require('readline').createInterface({ input: process.stdin })) console.log(l)`,
    ],
    [
      'process.stdin',
      `let t = ''; process.stdin.on('data', (d) => (t += d)).on('end', () => console.log(t.replaceAll('\\r', '')))`,
    ],
    ['an import', `import { readFileSync } from 'fs';\nconsole.log(readFileSync(0, 'utf8').replaceAll('\\r', ''))`],
  ])('by %s', async (_, code) => {
    expect(await printed(code, { stdin })).toBe('3 4\n5\nlast\n');
  });
});

describe('files and modules', () => {
  test('import each other, with types or without', async () => {
    const files = {
      'main.ts': `import { twice } from './lib/twice.js'; import data from './data.json'; import old from './old.cjs';
const sum: number = twice(data.n as number) + old.one; console.log(sum);`,
      'lib/twice.ts': `import { unit } from '../unit'; export function twice<T extends number>(x: T): number { return 2 * x * unit }`,
      'unit.mjs': 'export const unit = 1;',
      'old.cjs': 'module.exports = { one: require("./unit.json") }',
      'unit.json': '1',
      'data.json': '{ "n": 20 }',
    };
    expect(await printed('', { language: 'typescript', files, entry: 'main.ts' })).toBe('41\n');
  });

  test('a name that is not there is an error with its words', async () => {
    const { outcome, stderr } = await run(`import x from './missing.js'`);
    expect(outcome).toBe('error');
    expect(stderr).toContain("Cannot find module './missing.js'");
  });

  test('paths stay below the job', () => {
    const files = new ProgramFiles({ 'a/b.js': '', '../c.js': '' });
    expect(files.resolve('../c', 'a/b.js')).toBe('c.js');
    expect(files.resolve('../../../../etc/passwd', 'a/b.js')).toBeUndefined();
    expect(files.resolve('./__proto__', 'a/b.js')).toBeUndefined();
  });
});

describe('calls', () => {
  test('find a function however it is defined', async () => {
    expect(await called('function add(a, b) { return a + b }', 'add', 1, 2)).toBe(3);
    expect(await called('const add = (a, b) => a + b', 'add', 1, 2)).toBe(3);
    expect(await called('export async function add(a, b) { return a + b }', 'add', 1, 2)).toBe(3);
    expect(await called('module.exports = { add: (a, b) => a + b }', 'add', 1, 2)).toBe(3);
    expect(
      await called(
        'class Solution { add(a, b) { return this.sum(a, b) } sum(a, b) { return a + b } }',
        'Solution.add',
        1,
        2,
      ),
    ).toBe(3);
  });

  test('data goes there and back as it is', async () => {
    const data = fc.jsonValue();
    expect(
      await called('const same = (x) => x', 'same', [Number.NaN, -Infinity, 12345678901234567890n, '\0n1', null]),
    ).toEqual([Number.NaN, -Infinity, 12345678901234567890n, '\0n1', null]);
    await fc.assert(
      fc.asyncProperty(data, async (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(await called('const same = (x) => x', 'same', plain)).toEqual(plain);
        expect(decodeData(encodeData(plain))).toEqual(plain);
      }),
      { numRuns: 15 },
    );
  });

  test.each([
    ['the classes', 'class Map {}\nclass Promise {}\nconst Number = 1, Object = 2, Error = 3, ArrayBuffer = 4;'],
    [
      'the methods',
      'Array.prototype.map = Array.prototype.push = Array.prototype.join = String.prototype.startsWith = null;',
    ],
    ['JSON', 'JSON.stringify = JSON.parse = Reflect.apply = Object.keys = Array.isArray = null;'],
    [
      'how a big integer is written',
      'BigInt.prototype.toJSON = String.prototype.toJSON = function () { return "x"; };',
    ],
  ])('a program that names or replaces %s of the library gives its result all the same', async (_, code) => {
    const given = [1, 'two', { three: 3n }, '\0n4', Number.NaN];
    expect(await called(`${code}\nfunction f(x) { return [x, 5n]; }`, 'f', given)).toEqual([given, 5n]);
  });

  test('objects around plain values, and what writes itself, come back as plain values', async () => {
    const code = `function f() {
      const self = { a: 1, toJSON() { return self; } };
      return [new Number(NaN), Object(3n), new String('x'), new Boolean(false), new Date(0), self, , undefined, -0];
    }`;
    const expected = [Number.NaN, 3n, 'x', false, '1970-01-01T00:00:00.000Z', { a: 1 }, null, null, 0];
    expect(await called(code, 'f')).toEqual(expected);
  });

  test.each([
    ['a function', '[() => 1]', 'plain data, got a function'],
    ['a symbol', '[Symbol()]', 'plain data, got a symbol'],
    ['a promise that was not awaited', '[Promise.resolve(1)]', 'plain data, got a Promise'],
    ['a generator', '(function* () {})()', 'plain data, got an iterator'],
    ['a generator that waits', '(async function* () {})()', 'plain data, got an iterator'],
    ['an iterator', '[1].values()', 'plain data, got an iterator'],
    ['an error', '[new Error("x")]', 'plain data, got a Error'],
    ['a circle of maps', '(() => { const m = new Map(); return m.set(1, m); })()', 'circular'],
    ['what writes itself without end', '(() => { const o = { toJSON: () => ({ o }) }; return o; })()', 'circular'],
    [
      'a list that is 4294967295 long',
      '(() => { const a = []; a[4294967294] = 1; return a; })()',
      'at most 8388608 char',
    ],
    ['an integer of 30001 digits', '10n ** 30000n', 'at most 20000 digits'],
  ])('%s is no result', async (_, value, words) => {
    const result = await run(`function f() { return ${value}; }`, { call: { function: 'f', args: [] } });
    expect(result).not.toHaveProperty('value');
    expect([result.outcome, result.stderr]).toEqual(['error', expect.stringContaining(words)]);
  });

  test('a result of any depth is read or refused, and hurts no reader', async () => {
    const nest = (levels: number) =>
      `function f() { let a = 1; for (let i = 0; i < ${levels}; i += 1) a = [a]; return a; }`;
    expect(JSON.stringify(await called(nest(160), 'f'))).toBe(`${'['.repeat(160)}1${']'.repeat(160)}`);
    for (const levels of [161, 3000, 12_000, 100_000]) {
      const { outcome, stderr } = await run(nest(levels), { call: { function: 'f', args: [] } });
      expect([levels, outcome]).toEqual([levels, 'error']);
      expect(stderr).toContain('nest at most 160 deep');
    }
    const tagged = (digits: number) => ({ $int: '9'.repeat(digits) });
    expect([20_000, 20_001].map((digits) => pythonEqual(tagged(digits), tagged(digits)))).toEqual([true, false]);
    // Whatever a program makes of the encoder.
    expect(() => decodeData('['.repeat(5000))).toThrow('nest at most 160 deep');
    expect(decodeData(JSON.stringify([`"${'['.repeat(5000)}\\`]))).toEqual([`"${'['.repeat(5000)}\\`]);
    expect(() => decodeData(JSON.stringify(`\0b${'9'.repeat(30_000)}`))).toThrow('at most 20000 digits');
    expect(() => decodeData('"\\u0000bx"')).toThrow(RangeError);
  });

  test('sets, maps and typed arrays come back as lists', async () => {
    expect(await called('const all = () => [new Set([1]), new Map([[1, 2]]), new Uint8Array([3])]', 'all')).toEqual([
      [1],
      [[1, 2]],
      [3],
    ]);
  });

  test.each([
    ['throw', 'function f() { throw new RangeError("no") }', 'RangeError: no'],
    ['reject', 'const f = async () => { throw new RangeError("no") }', 'RangeError: no'],
    ['are absent', 'const g = 1', 'f must be a function of the program'],
    ['return a circle', 'function f() { const a = []; a.push(a); return a }', 'circular'],
    ['never settle', 'const f = () => new Promise(() => {})', 'never settled'],
    ['leave', 'const f = () => process.exit(0)', 'left before'],
  ])('that %s are errors', async (_, code, words) => {
    const result = await run(code, { call: { function: 'f', args: [] } });
    expect(result.outcome).toBe('error');
    expect(result.stderr).toContain(words);
    expect(result).not.toHaveProperty('value');
  });

  test('arguments must be data, and the language one of its own', async () => {
    await expect(run('1', { call: { function: 'f', args: [() => 1] } })).rejects.toThrow('must be plain data');
    await expect(sandbox.run({ language: 'python', files: { 'a.py': '' } })).rejects.toThrow(RangeError);
    await expect(run('1', { entry: 'other.js' })).rejects.toThrow('entry must be one of the files');
  });
});

describe('endings', () => {
  test('an error tells its place', async () => {
    const { outcome, stderr, stdout } = await run('console.log(1)\nfunction f() { null.x }\nf()');
    expect([outcome, stdout]).toEqual(['error', '1\n']);
    expect(stderr).toMatch(/TypeError: .*\n.*f \(main\.js:2/);
  });

  test.each([
    ['process.exit(0); for (;;) {}', 'ok'],
    ['process.exit(2)', 'error'],
    ['throw 1', 'error'],
    ['async function main() { throw new Error("x") }\nmain()', 'error'],
    ['this is not JavaScript', 'error'],
    ['const x = await Promise.resolve(1); if (x !== 1) throw x', 'ok'],
  ])('%s: %s', async (code, outcome) => {
    expect((await run(code)).outcome).toBe(outcome);
  });

  test.each([
    ['process.exitCode = 3', 'error'],
    ['process.exitCode = 3; process.exit()', 'error'],
    ['process.exitCode = 3; process.exit(0)', 'ok'],
    ['process.exitCode = 0', 'ok'],
    ['process.on("exit", () => { process.exitCode = 1 })', 'error'],
  ])('the exit code is that of Node: %s', async (code, outcome) => {
    expect((await run(code)).outcome).toBe(outcome);
  });

  test.each([
    ['process.on("exit", (code) => console.log("left", code)); console.log("ran")', 'ran\nleft 0\n'],
    ['process.once("exit", (code) => console.log("left", code)); process.exit(0); console.log("no")', 'left 0\n'],
    ['process.stdout.write("a", () => console.log("b"))', 'ab\n'],
  ])('what waits for an end is run: %s', async (code, text) => {
    expect(await printed(code)).toBe(text);
  });

  test('texts with any character go out and come in whole', async () => {
    expect(await printed(`console.log('5\\0 more', 'a\\ud800b', '\u{1f600}')`)).toBe('5\0 more a\ufffdb \u{1f600}\n');
    const length = `console.log(require('fs').readFileSync(0, 'utf8').length)`;
    expect(await printed(length, { stdin: 'ab\0cd' })).toBe('5\n');
  });

  test.each([
    ['async function main() {\n  await 1;\n  total = 5;\n  console.log(total);\n}\nmain();', '5\n'],
    ['const text = `\nexport default 1\n`; total = 5; console.log(total, text.length)', '5 18\n'],
    ['const x = await (async () => 5)(); console.log(x, this)', '5 undefined\n'],
    ['import os from "os";\nconst x = typeof os.EOL; console.log(x)', 'string\n'],
  ])('a script is no module because it has words of one: %j', async (code, text) => {
    expect(await printed(code)).toBe(text);
  });

  test('structuredClone copies what JSON does not have', async () => {
    const code = `const a = { m: new Map([[1, new Set([2])]]), d: new Date(0), u: undefined, n: NaN, b: new Uint8Array([3]) };
a.self = a; const c = structuredClone(a); a.m.clear(); a.b[0] = 4;
console.log(c.self === c, c.m, c.d, 'u' in c, c.n, c.b[0]);`;
    expect(await printed(code)).toBe('true Map(1) { 1 => Set(1) { 2 } } 1970-01-01T00:00:00.000Z true NaN 3\n');
  });

  test('console.count, dir and group write as those of Node', async () => {
    const code = `console.count(); console.count('a'); console.count(); console.dir({ a: 1 }, { depth: 0 });
console.group('g'); console.log('in\\nside'); console.groupEnd(); console.log('out');`;
    expect(await printed(code)).toBe('default: 1\na: 1\ndefault: 2\n{ a: 1 }\ng\n  in\n  side\nout\n');
  });

  test('timers run in their order, and cost no time', async () => {
    const startedMs = performance.now();
    const code = `setTimeout(() => console.log('c'), 9e6); setTimeout(() => console.log('b'), 1e6); Promise.resolve().then(() => console.log('a'));
const id = setInterval(() => { console.log(performance.now()); clearInterval(id) }, 5e6)`;
    expect(await printed(code)).toBe('a\nb\n5000000\nc\n');
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  test('output is cut at its limit, and says so', async () => {
    const { stdout, truncated } = await run(`console.log('ab'.repeat(5000))`, { limits: { outputBytes: 100 } });
    expect([stdout.length, truncated]).toEqual([100, true]);
  });

  test('recursion is as deep as programs need', async () => {
    expect(await called('const depth = (n) => (n === 0 ? 0 : 1 + depth(n - 1))', 'depth', 8000)).toBe(8000);
  });

  test('random draws are the same each time', async () => {
    const code = 'console.log(Math.random(), Math.random())';
    expect(await printed(code)).toBe(await printed(code));
  });
});

/** Milliseconds: what is to end by itself has time on a busy machine, too. */
const patience = (held: readonly string[]): number => (held.includes('timeout') ? 800 : 20_000);

test.each(scriptEscapes)('the wall of JavaScript holds against $name', async (escape) => {
  const { ended, escaped, detail } = await attemptScript(escape, sandbox, patience(escape.held));
  expect(escaped, detail).toBe(false);
  expect(escape.held, detail).toContain(ended);
});
