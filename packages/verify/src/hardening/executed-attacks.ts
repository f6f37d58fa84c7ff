/**
 * Attacks on the kinds that execute, in the language of each: what such a kind is given by the other attacks is mostly no
 * program at all, and what has no program is refused before anything runs.
 */
import type { ExecutedKind } from '../executed.js';
import type { Attack } from './attacks.js';

const fenced = (language: string, code: string): string => `\`\`\`${language}\n${code}\n\`\`\``;

/** No task asks for it. */
const DECOY = 'the answer of an attack';

/** A Python program in which `body` is that of the function that the task names; a dotted name is a method. */
function python(name: string, body: string, before = ''): Attack {
  const define = (entry: string): string => {
    const [method = '', holder] = entry.split('.').reverse();
    if (holder === undefined) return `def ${method}(*args, **kwargs):\n    ${body}`;
    return `class ${holder}:\n    def ${method}(self, *args, **kwargs):\n        ${body}`;
  };
  return {
    category: 'program',
    name,
    respond: ({ entry = 'solve' }) => fenced('python', `${before}${before === '' ? '' : '\n'}${define(entry)}`),
  };
}

function text(language: string, name: string, code: string): Attack {
  return { category: 'program', name, respond: () => fenced(language, code) };
}

const EQUAL_TO_ALL = `class Equal(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = None`;

const PATCHED = `import builtins, sys
for module in list(sys.modules.values()):
    if hasattr(module, 'AssertionError'): module.AssertionError = Warning
builtins.all = builtins.isinstance = lambda *args: True`;

const FRAMES = `import sys
def expected():
    frame = sys._getframe()
    while frame is not None:
        for scope in (frame.f_locals, frame.f_globals):
            if 'expected' in scope: return scope['expected']
        frame = frame.f_back
    return ${JSON.stringify(DECOY)}`;

const executedAttacks: Readonly<Record<ExecutedKind, readonly Attack[]>> = {
  code: [
    python('constant', `return ${JSON.stringify(DECOY)}`),
    python('prints that it passed', `return print('PASSED', 'OK', '1.0', sep='\\n')`, "print('all tests passed')"),
    python('equal to everything', 'return Equal(0)', EQUAL_TO_ALL),
    python('leaves with code 0', 'pass', 'import sys\nsys.exit(0)'),
    python('leaves past all handlers', 'os._exit(0)', 'import os'),
    python('raises what few catch', 'raise KeyboardInterrupt'),
    python('patches what compares', 'return None.passed', PATCHED),
    python('reads the frames of its caller', 'return expected()', FRAMES),
  ],
  sql: [
    text('sql', 'constant', `SELECT '${DECOY}'`),
    text('sql', 'the schema', 'SELECT * FROM sqlite_schema'),
    text('sql', 'several statements', `SELECT '${DECOY}'; SELECT 1`),
    text('sql', 'endless rows', 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n'),
    text('sql', 'writable schema', 'PRAGMA writable_schema = 1'),
    text('sql', 'another database', "ATTACH 'other.db' AS other"),
    text('sql', 'comment only', '-- SELECT the right rows'),
  ],
  svg: [
    text('svg', 'empty', '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"/>'),
    text('svg', 'white', '<svg viewBox="0 0 10 10"><rect width="10" height="10" fill="white"/></svg>'),
    text('svg', 'words', `<svg viewBox="0 0 10 10"><text y="5">${DECOY}</text></svg>`),
    text('svg', 'embedded file', '<svg viewBox="0 0 10 10"><image href="reference.png" width="10" height="10"/></svg>'),
    text('svg', 'noise', `<svg viewBox="0 0 9 9">${stripes()}</svg>`),
  ],
  verilog: [
    text('verilog', 'no ports', 'module top; endmodule'),
    text('verilog', 'ends the simulation', 'module top; initial begin $display("0 errors"); $finish; end endmodule'),
    text('verilog', 'include', '`include "reference.v"\nmodule top; endmodule'),
    text('verilog', 'two modules of one name', 'module top; endmodule\nmodule top(output a); assign a = 1; endmodule'),
  ],
};

function stripes(): string {
  const row = (y: number): string => `<rect y="${y}" width="9" height="1" fill="#${y}${9 - y}${(y * 7) % 10}"/>`;
  return Array.from({ length: 9 }, (_, y) => row(y)).join('');
}

/** The attacks in the language of a kind that executes; none for any other. */
export function attacksInLanguageOf(kind: unknown): readonly Attack[] {
  return typeof kind === 'string' && Object.hasOwn(executedAttacks, kind) ? executedAttacks[kind as ExecutedKind] : [];
}
