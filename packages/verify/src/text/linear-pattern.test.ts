import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinearPattern, PatternError } from './linear-pattern.js';

const patterns = [
  '',
  'abc',
  '^a+b*c?$',
  '^(?:ab|cd)+$',
  '(a|b)(c|d|)e',
  '[a-c]{2,3}',
  '[^a-c]{2,}x',
  '^[\\]a]+$',
  '\\bab\\b',
  'a\\Bb',
  '.a.',
  '\\d+\\s\\w',
  'a{0}b{2}',
  '^$|^a',
  '(?<name>a)b|\\u0061c',
  'a+?b',
  '[ab]c$',
  '{a}',
  '(a*)*b',
  '^(a|ab)(c|bcd)(d*)$',
  '\\x61[\\d\\-a]',
];

describe('LinearPattern', () => {
  it.each(patterns)('%s answers as JavaScript does', (source) => {
    for (const flags of ['', 'i', 'm', 'im'] as const) {
      const [linear, native] = [new LinearPattern(source, flags), new RegExp(source, flags)];
      fc.assert(
        fc.property(fc.array(fc.constantFrom(...'abcdexABC01 \n-]{}é'), { maxLength: 8 }), (characters) => {
          const text = characters.join('');
          return linear.test(text) === native.test(text);
        }),
        { numRuns: 200, seed: 7 },
      );
    }
  });

  it.each(['^(a+)+$', '^(a|a)*$', '(a*)*b', 'a*a*a*a*a*a*b', '^(?:a?){30}a{30}$', '(.*)*,(.*)*x'])(
    '%s ends soon on a text that makes a backtracking matcher run away',
    (source) => {
      const pattern = new LinearPattern(source);
      for (const length of [40, 5000, 1_000_000]) {
        const started = performance.now();
        expect(pattern.test(`${'a'.repeat(length)}!`)).toBe(false);
        // Some tens of milliseconds alone on a core.
        expect(performance.now() - started).toBeLessThan(1500);
      }
    },
  );

  it.each(['(?=a)b', 'a(?!b)', '(?<=a)b', '(a)\\1', '(?<x>a)\\k<x>', 'a{5000}', '(?:a{99}){99}'])(
    '%s is refused',
    (source) => {
      expect(() => new LinearPattern(source)).toThrow(PatternError);
    },
  );

  it('refuses what JavaScript refuses', () => {
    expect(() => new LinearPattern('(a')).toThrow(SyntaxError);
  });
});
