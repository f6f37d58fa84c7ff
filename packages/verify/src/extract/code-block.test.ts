import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeBlocks, extractCode } from './code-block.js';

const python = { languages: ['python', 'py'] };
const fence = (language: string, code: string): string => `\`\`\`${language}\n${code}\n\`\`\``;

describe('extractCode', () => {
  it('takes the last block of the language', () => {
    const response = `First\n${fence('python', 'a = 1')}\nbetter:\n${fence('py', 'a = 2')}\nthe output:\n${fence('', '2')}`;
    expect(extractCode(response, python)).toMatchObject({ code: 'a = 2', language: 'py' });
    expect(extractCode(fence('Python3', 'a = 1'), { languages: ['python3'] })?.code).toBe('a = 1');
  });

  it('takes a block without a language, then any block', () => {
    expect(extractCode(`${fence('', 'a')}\n${fence('bash', 'pip install a')}`, python)?.code).toBe('a');
    expect(extractCode(`${fence('text', 'a')}\n${fence('bash', 'b')}`, python)?.code).toBe('b');
  });

  it('looks after the reasoning only', () => {
    const thought = `<think>\n${fence('python', 'wrong')}\n</think>\n`;
    expect(extractCode(thought + fence('', 'right'), python)?.code).toBe('right');
    expect(extractCode(thought, python)).toBeNull();
    expect(extractCode(`<think>\n${fence('python', 'cut off')}`, python)).toBeNull();
  });

  it('takes the whole text where it looks like code, and only then', () => {
    const looksLikeCode = (text: string): boolean => /^def /m.test(text);
    expect(extractCode('def f():\n    return 1\n', { ...python, looksLikeCode })?.code).toBe(
      'def f():\n    return 1\n',
    );
    expect(extractCode('I cannot do that', { ...python, looksLikeCode })).toBeNull();
    expect(extractCode('def f(): pass', python)).toBeNull();
  });

  it('reads longer fences, tildes, attributes, carriage returns and a block that is cut off', () => {
    expect(extractCode('````python\n"""\n```\n"""\n````', python)?.code).toBe('"""\n```\n"""');
    expect(extractCode('~~~py title="a.py"\na\n~~~', python)?.code).toBe('a');
    expect(extractCode('```python {.numberLines}\r\na\r\n```\r\n', python)?.code.trim()).toBe('a');
    expect(extractCode('```python\na = 1\nb =', python)?.code).toBe('a = 1\nb =');
    expect(extractCode('```python\n```', python)).toBeNull();
    expect(extractCode('say ```python inline``` only', python)).toBeNull();
  });

  it('offsets point into the response', () => {
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[a-z \n]*$/), (before, code) => {
        const response = `${before}\n${fence('python', code)}`;
        for (const block of codeBlocks(response)) {
          expect(response.slice(block.start, block.end)).toBe(block.code);
        }
      }),
    );
  });

  it('stays quick on hostile text', () => {
    const started = performance.now();
    const nearlyFences = [`\`\`\`${' '.repeat(1e6)}\``, `\`\`\`${'a'.repeat(1e6)}\``, `${'~'.repeat(1e6)}\``];
    for (const text of [...nearlyFences, '`'.repeat(1e6), '```\n'.repeat(2e5), '~~~ '.repeat(2e5), ' '.repeat(1e6)]) {
      extractCode(text, python);
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
