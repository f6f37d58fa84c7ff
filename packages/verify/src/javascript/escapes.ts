import type { ProgramOutcome, Sandbox } from '../sandbox/program.js';

/** A program that tries to leave the wall of JavaScript, or to cost more than its limits. */
export interface ScriptEscape {
  readonly name: string;
  readonly code: string;
  /** The ways in which the attempt may end when the wall holds; what gets out would print `ESCAPED`. */
  readonly held: readonly ProgramOutcome[];
}

/** What a program would do with the host once it holds one of its objects. */
const loot = "console.log('ESCAPED', root.process?.versions?.v8 ?? root.process?.binding ?? root.fetch);";

const reaching: readonly (readonly [name: string, code: string])[] = [
  [
    'the constructor of a function',
    `const root = (() => {}).constructor('return this')(); if (root !== globalThis) ${loot}`,
  ],
  [
    'the constructor of what the host gave',
    `const root = console.log.constructor.constructor('return globalThis')(); if (root !== globalThis) ${loot}`,
  ],
  [
    'the constructor of an error of the host',
    `try { require('x') } catch (e) { const root = e.constructor.constructor('return globalThis')(); if (root !== globalThis) ${loot} }`,
  ],
  ['the callers of a function', `function f() { return f.caller } const root = f(); if (root) ${loot}`],
  ['an environment variable', "if (Object.keys(process.env).length > 0) console.log('ESCAPED')"],
  [
    'the host of the sandbox by name',
    "for (const n of ['fetch', 'WebAssembly', 'Worker', 'XMLHttpRequest', 'Deno', 'Bun']) if (n in globalThis) console.log('ESCAPED', n)",
  ],
  [
    'the prototype of arguments that come back',
    'Object.prototype.toJSON = function () { return { __proto__: { polluted: true } } }; globalThis.polluted = 1',
  ],
  [
    'prototypes that the next job would see',
    "Object.prototype.leak = 'ESCAPED'; Array.prototype.leak = 1; JSON.parse = null; Promise.prototype.then = null",
  ],
  ['what an earlier job left', "if (({}).leak) console.log('ESCAPED')"],
];

const refused: readonly (readonly [name: string, code: string])[] = [
  ['a module of the host', "const cp = require('child_process'); console.log('ESCAPED', cp)"],
  ['a module of the host under node:', "import cp from 'node:child_process'; console.log('ESCAPED', cp)"],
  [
    'a module of the host, late',
    "const m = await import('node:fs/promises'); console.log('ESCAPED', await m.readFile('/etc/passwd', 'utf8'))",
  ],
  ['a file of the host', "console.log('ESCAPED', require('fs').readFileSync('/etc/passwd', 'utf8'))"],
  [
    'a file above the job',
    "console.log('ESCAPED', require('fs').readFileSync('../../../../../../etc/passwd', 'utf8'))",
  ],
  ['a file of the host as a module', "console.log('ESCAPED', require('/etc/passwd'))"],
  ['writing a file', "require('fs').writeFileSync('/tmp/escaped', 'x'); console.log('ESCAPED')"],
  ['the network', "await fetch('http://169.254.169.254/'); console.log('ESCAPED')"],
  ['native bindings', "console.log('ESCAPED', process.binding('fs'))"],
];

const costly: readonly ScriptEscape[] = [
  { name: 'a loop without end', code: 'for (;;) {}', held: ['timeout'] },
  { name: 'a loop without end that catches', code: 'for (;;) { try { for (;;) {} } catch {} }', held: ['timeout'] },
  {
    name: 'promises without end',
    // Each promise waits for the next: on a fast machine memory is over before time.
    code: 'const again = () => Promise.resolve().then(again); again()',
    held: ['timeout', 'memory'],
  },
  { name: 'timers without end', code: 'const again = () => setTimeout(again); again()', held: ['timeout'] },
  { name: 'a generator without end', code: '[...(function* () { for (;;) yield 1 })()]', held: ['timeout', 'memory'] },
  { name: 'a pattern that backtracks', code: "/^(a+)+$/.test('a'.repeat(50) + 'b')", held: ['timeout'] },
  { name: 'a product of huge integers', code: 'let n = 3n; for (;;) n *= n', held: ['timeout', 'memory', 'error'] },
  {
    name: 'a sort of a long array',
    code: 'const a = new Array(2 ** 26).fill(0).map(Math.random); a.sort()',
    held: ['timeout', 'memory'],
  },
  {
    name: 'arrays without end',
    code: 'const all = []; for (;;) all.push(new Array(1e5).fill(all.length))',
    held: ['memory', 'timeout'],
  },
  {
    name: 'a text that doubles',
    code: "let text = 'x'; const all = []; for (;;) { text += text; all.push([...text]) }",
    held: ['memory', 'timeout', 'error'],
  },
  { name: 'a buffer of 2 GiB', code: 'new Uint8Array(2 ** 31 - 1).fill(1)', held: ['memory', 'error'] },
  { name: 'recursion without end', code: 'function f() { return 1 + f() } f()', held: ['error'] },
  { name: 'recursion through the library', code: 'const f = () => [1].map(f); f()', held: ['error'] },
  {
    name: 'a value that is a million deep',
    code: 'let a = []; for (let i = 0; i < 1e6; i += 1) a = [a]; JSON.stringify(a)',
    held: ['error', 'memory', 'timeout'],
  },
  { name: 'output without end', code: "for (;;) console.log('x'.repeat(1000))", held: ['timeout'] },
  { name: 'brackets a million deep', code: `${'['.repeat(100_000)}${']'.repeat(100_000)}`, held: ['error', 'memory'] },
];

/** Attempts on the wall of JavaScript. */
export const scriptEscapes: readonly ScriptEscape[] = [
  ...reaching.map(([name, code]): ScriptEscape => ({ name, code, held: ['ok', 'error'] })),
  ...refused.map(([name, code]): ScriptEscape => ({ name, code, held: ['error'] })),
  ...costly,
];

/** Runs an attempt: how it ended, and whether something of the host came out. */
export async function attemptScript(
  { code }: ScriptEscape,
  sandbox: Sandbox,
  wallMs = 800,
): Promise<{ readonly ended: ProgramOutcome; readonly escaped: boolean; readonly detail: string }> {
  const limits = { wallMs, memoryMb: 96, outputBytes: 1 << 14 };
  const { outcome, stdout, stderr } = await sandbox.run({ language: 'javascript', files: { 'main.js': code }, limits });
  return { ended: outcome, escaped: stdout.includes('ESCAPED'), detail: `${stdout}${stderr}`.slice(0, 500) };
}
