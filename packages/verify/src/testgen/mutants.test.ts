import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { pythonMutants } from './mutants.js';
import { pythonTokens } from './python-tokens.js';

/** The one-line programs that come out of a one-line program. */
function programs(source: string): string[] {
  return pythonMutants(source).map(({ program }) => program);
}

describe('pythonTokens', () => {
  it('knows strings of every kind, comments and joined lines', () => {
    const source = `a = rb'x\\'<' + f"{d["k"]} <" # not < here\nb = (1,\n  '''<\n"<''' ) \\\n  < 2`;
    const texts = pythonTokens(source).map(({ text }) => text);
    expect(texts).toEqual([
      ...['a', '=', "rb'x\\'<'", '+', 'f"{d["k"]} <"', '\n'],
      ...['b', '=', '(', '1', ',', `'''<\n"<'''`, ')', '<', '2'],
    ]);
    expect(pythonTokens(source).at(-1)!.line).toBe(5);
  });

  it('knows a quote in the format of a value for text', () => {
    const source = `x = f"{v:'>10}{d['k']:%b '%y}{w:{'<'}3}" + 'a'\ny = f'{ {1: "b"}[1] }' < 'c'\n`;
    expect(pythonTokens(source).map(({ text }) => text)).toEqual([
      ...['x', '=', `f"{v:'>10}{d['k']:%b '%y}{w:{'<'}3}"`, '+', "'a'", '\n'],
      ...['y', '=', `f'{ {1: "b"}[1] }'`, '<', "'c'", '\n'],
    ]);
  });

  it('reads a single line of any length in time that grows with it', { timeout: 30_000 }, () => {
    expect(pythonTokens('a '.repeat(1_000_000))).toHaveLength(1_000_000);
  });

  it('loses no character but blanks and comments, whatever the text', () => {
    const pieces = fc.array(
      fc.constantFrom('(', ']', '"', "'", '"""', '{', '}', 'f"', '\\', '\n', '#', ' ', 'é', '1e', '𝄞'),
    );
    fc.assert(
      fc.property(pieces, (all) => {
        const source = all.join('');
        let end = 0;
        for (const token of pythonTokens(source)) {
          expect(token.start).toBeGreaterThanOrEqual(end);
          expect(source.slice(token.start, token.end)).toBe(token.text);
          expect(token.text).not.toBe('');
          end = token.end;
        }
      }),
    );
  });
});

describe('pythonMutants', () => {
  it.each([
    ['a < b', ['a <= b']],
    ['a is b', ['a is not b']],
    ['a in b', ['a not in b']],
    ['a // b', ['a / b']],
    ['a and b', ['a or b']],
    ['x = True', ['x = False']],
    ['y = 10', ['y = 11', 'y = 9']],
    ['min(a, b)', ['max(a, b)']],
    ['a = not b', ['a = b']],
    ['a not in b', ['a in b']],
    ['a is not b', ['a is b']],
    ['return f(\n a)', ['return None']],
    ['if a or b: c', ['if not (a or b): c', 'if a and b: c']],
    ['x = a if (b) else c', ['x = a if not ((b)) else c']],
    ['if(a): return"b"', ['if not ((a)): return"b"', 'if(a): return None']],
    ['[a for a in b if c]', ['[a for a in b if not (c)]']],
    ['range(n)', ['range(n + 1)', 'range(n - 1)']],
    [
      'range(f(a, b), n)',
      ['range((f(a, b)) + 1, n)', 'range((f(a, b)) - 1, n)', 'range(f(a, b), n + 1)', 'range(f(a, b), n - 1)'],
    ],
    ['x[a:]', ['x[a + 1:]', 'x[a - 1:]', 'x[a:-1]']],
    ['x[:]', ['x[1:]', 'x[:-1]']],
  ])('%s', (source, expected) => {
    expect(programs(source).sort()).toEqual([...expected].sort());
  });

  it.each([
    ['a signature with stars', 'def f(*a, **k) -> b:'],
    ['a call with stars', 'f(*a, **k)'],
    ['signs', 'x = -a'],
    ['a loop', 'for a, b in c: pass'],
    ['texts that are joined or formatted', 'x = "<" + a\ny = "%d" % b'],
    ['methods and arguments of a name', 'x.min(a)\nf(min=a)\nx.range(n)'],
    ['types and dictionaries', 'x: list[int] = {a: b}'],
    ['strings and comments', '"""1 < 2 and True""" # 1 < 2'],
    ['a return of nothing', 'return\nreturn None'],
    ['numbers that are not decimal and whole', 'x = 1.5, 0x1f, 2j'],
    ['names that every object has in JavaScript', 'constructor = toString(__proto__, valueOf)'],
  ])('leaves alone %s', (_, source) => {
    expect(pythonMutants(source)).toEqual([]);
  });

  it('says where and what', () => {
    const source = 'def f(a):\n    if a > 0:\n        return "a"\n';
    expect(pythonMutants(source).map(({ change }) => change)).toEqual([
      'line 2: a > 0 → not (a > 0)',
      'line 2: > → >=',
      'line 2: 0 → 1',
      'line 2: 0 → -1',
      'line 3: return "a" → return None',
    ]);
  });

  it('draws a choice that is spread over the text and repeats with its seed', () => {
    const source = Array.from({ length: 100 }, (_, line) => `x = a${line} < b`).join('\n');
    const chosen = pythonMutants(source, { count: 5, seed: 1 });
    const lines = chosen.map(({ change }) => Number(/line (\d+)/.exec(change)![1]));
    expect(lines.map((line) => Math.floor((line - 1) / 20))).toEqual([0, 1, 2, 3, 4]);
    expect(pythonMutants(source, { count: 5, seed: 1 })).toEqual(chosen);
    expect(pythonMutants(source, { count: 5, seed: 2 })).not.toEqual(chosen);
    expect(pythonMutants(source, { count: 1000, seed: 1 })).toHaveLength(100);
    expect(() => pythonMutants(source, { count: -1, seed: 1 })).toThrow(RangeError);
  });

  it('changes one place and never throws, whatever the text', () => {
    const pieces = fc.array(
      fc.constantFrom(
        'if ',
        'not ',
        'return ',
        'a',
        '1',
        '[',
        ']',
        '(',
        ')',
        ':',
        '<',
        '-',
        '\n',
        '"',
        'range(',
        ' for ',
        ' in ',
        ',',
      ),
    );
    fc.assert(
      fc.property(pieces, (all) => {
        const source = all.join('');
        for (const { program } of pythonMutants(source)) expect(program).not.toBe(source);
      }),
    );
  });
});
