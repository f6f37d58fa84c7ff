import { expect, test } from 'vitest';
import { nearest } from './nearest.js';
import { choice, flag, number, optionalNumber, parseSettings, withDefaults } from './settings.js';

const schema = {
  rate: number(0.5, 'the rate', { min: 0, max: 1 }),
  cap: optionalNumber(null, 'the cap', { min: 1 }),
  mode: choice('fast', ['fast', 'slow'], 'the mode'),
  strict: flag(true, 'strictness'),
} as const;

test('defaults are filled in and given values kept, null included', () => {
  expect(parseSettings('x', schema, {})).toEqual({ rate: 0.5, cap: null, mode: 'fast', strict: true });
  expect(parseSettings('x', schema, { cap: 3, strict: false })).toMatchObject({ cap: 3, strict: false });
  expect(parseSettings('x', withDefaults(schema, { cap: 7 }), {})).toMatchObject({ cap: 7 });
  expect(parseSettings('x', withDefaults(schema, { cap: 7 }), { cap: null })).toMatchObject({ cap: null });
  expect(parseSettings('x', schema, { rate: undefined })).toMatchObject({ rate: 0.5 });
});

test.each([
  [{ rate: 2 }, 'x: rate must be a number between 0 and 1, got 2; the rate'],
  [{ rate: NaN }, 'x: rate must be a number between 0 and 1, got null; the rate'],
  [{ rate: null }, 'x: rate must be a number between 0 and 1, got null; the rate'],
  [{ cap: 0 }, 'x: cap must be a number of at least 1 or null, got 0; the cap'],
  [{ mode: 'fats' }, 'x: mode must be one of fast, slow, got "fats"; the mode'],
  [{ strict: 1 }, 'x: strict must be true or false, got 1; strictness'],
  [{ raet: 1 }, 'x: unknown setting "raet"; did you mean rate? Known: rate, cap, mode, strict'],
  [{ __proto__: null, toString: 1 }, 'x: unknown setting "toString"'],
])('%j is refused', (given, message) => {
  expect(() => parseSettings('x', schema, given as Record<string, unknown>)).toThrow(message);
});

test('a method without settings says so', () => {
  expect(() => parseSettings('x', {}, { a: 1 })).toThrow('x: has no settings, got "a"; remove it');
});

test('the nearest name counts edits and ignores case', () => {
  expect(nearest('CLIPHIGH', ['clipLow', 'clipHigh'])).toBe('clipHigh');
  expect(nearest('gsop', ['grpo', 'gspo', 'opo'])).toBe('gspo');
  expect(nearest('anything', [])).toBe('');
});
