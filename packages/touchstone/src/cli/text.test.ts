import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth, duration, figure, fit, flow, oneLine, percent, sparkline, wrap } from './text.js';

describe('sparkline', () => {
  it('spans the range of its values, or the one given', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([0.5], 8, [0, 1])).toBe('▅');
    expect(sparkline([3, 3], 8)).toBe('▅▅');
    expect(sparkline([2, -1], 8, [0, 1])).toBe('█▁');
  });

  it('averages neighbours where there are more values than columns, and leaves out what is not finite', () => {
    expect(sparkline([0, 0, 1, 1], 2)).toBe('▁█');
    expect(sparkline([Number.NaN, 1, 0], 9)).toBe('█▁');
    expect(sparkline([], 9)).toBe('');
  });
});

describe('figures', () => {
  it.each([
    [0, '0'],
    [0.123456, '0.123'],
    [12.3456, '12.3'],
    [1234.5, '1235'],
    [0.000123, '1.2e-4'],
    [-2.5e7, '-2.5e+7'],
    [Number.NaN, '-'],
  ])('%d as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });

  it('durations and shares', () => {
    expect([0, 59.4, 60, 3599, 3600, 45296].map(duration)).toEqual(['0s', '59s', '1m00s', '59m59s', '1h00m', '12h34m']);
    expect(duration(Number.NaN)).toBe('?');
    expect([0.1234, 1, Number.NaN].map(percent)).toEqual(['12.3 %', '100.0 %', '-']);
  });
});

describe('text of a model', () => {
  it('cannot move the cursor or break a line', () => {
    expect(oneLine('a\u001b[31mred\u001b[0m\u0007\r\nb\tc\u202e')).toBe('ared / b c');
  });

  it('takes the columns that a terminal gives it', () => {
    expect(displayWidth('abc')).toBe(3);
    expect(displayWidth('答え')).toBe(4);
    expect(displayWidth('\u001b[1mx\u001b[22m')).toBe(1);
    expect(fit('答え合わせ', 6)).toBe('答え…');
  });
});

describe('layout', () => {
  const words = fc.array(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 12 });

  it('never exceeds the width', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 4, max: 60 }), (pieces, columns) => {
        const plain = pieces.map(oneLine);
        for (const line of [...flow(plain, columns), ...wrap(plain.join(' '), columns)]) {
          expect(displayWidth(line)).toBeLessThanOrEqual(columns);
        }
      }),
    );
  });

  it('keeps pieces whole while they fit', () => {
    expect(flow(['reward 1', 'length 2', 'x'], 18)).toEqual(['reward 1  length 2', 'x']);
    expect(wrap('note: one two', 9)).toEqual(['note: one', 'two']);
  });
});
