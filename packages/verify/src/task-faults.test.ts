import { describe, expect, it } from 'vitest';
import { loadVerifier, verifierKinds } from './registry.js';
import { verifierFixtures } from './kinds/fixtures.js';
import { optionFault, referenceFault } from './task-faults.js';

function nested(depth: number): unknown {
  let value: unknown = '1';
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

const circular: Record<string, unknown> = {};
circular.itself = circular;

describe.each(verifierKinds)('%s', (kind) => {
  const [task] = verifierFixtures[kind].filter((fixture) => fixture.kind === 'full');

  it('refuses options that it does not have, and says so', async () => {
    const verify = await loadVerifier(kind);
    const verdict = verify(task?.response ?? '', task?.reference, { ...task?.options, tolerence: 1 });
    expect(verdict).toMatchObject({ outcome: 'unscorable', reason: 'unknown-option' });
    expect(verdict.feedback).toContain('no option is called tolerence');
  });

  it.each([
    ['too deep', nested(20_000)],
    ['circular', circular],
    ['a function', () => 1],
    ['no number', Number.NaN],
    ['too long', 'x'.repeat(1_000_001)],
    ['too many values', Array.from({ length: 30_000 }, () => '1')],
    ['a long wide object', { row: Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`k${i}`, '1'])) }],
  ])('a reference that is %s is unscorable', async (_, reference) => {
    const verify = await loadVerifier(kind);
    expect(verify(task?.response ?? '', reference, task?.options)).toMatchObject({
      outcome: 'unscorable',
      reason: 'bad-reference',
    });
  });
});

describe('math', () => {
  it.each(['9^{9^{9^9}}', '('.repeat(500), '\\frac{', '1,'.repeat(5000)])(
    'what no answer can be compared with is a fault of the task: %s',
    async (reference) => {
      const verify = await loadVerifier('math');
      expect(verify('\\boxed{5}', reference)).toMatchObject({ outcome: 'unscorable', reason: 'bad-reference' });
      expect(verify('\\boxed{9^{9^{9^9}}}', '5').outcome).toBe('incorrect');
    },
  );
});

describe('optionFault', () => {
  const rules = { partial: 'boolean', order: ['day-first', 'month-first'], absolute: 'number', list: 'own' } as const;

  it.each([{}, { partial: true, order: 'day-first', absolute: 0, list: [] }, { partial: undefined }])(
    'allows %j',
    (given) => {
      expect(optionFault(given, rules)).toBeNull();
    },
  );

  it.each([
    [{ partiel: true }, 'partiel', 'unknown-option', /did you mean partial\?/],
    [{ constructor: 1 }, 'constructor', 'unknown-option', /did you mean/],
    [{ partial: 'yes' }, 'partial', 'bad-option', /must be true or false, got yes/],
    [{ order: 'days' }, 'order', 'bad-option', /must be one of day-first, month-first, got days/],
    [{ absolute: -1 }, 'absolute', 'bad-option', /must be a number from 0 up, got -1/],
  ])('%j', (given, option, reason, message) => {
    const fault = optionFault(given, rules);
    expect(fault).toMatchObject({ option, reason });
    expect(fault?.message).toMatch(message);
  });

  it('a kind without options says so', () => {
    expect(optionFault({ a: 1 }, {})?.message).toBe('no option is called a; this kind has no options');
  });
});

describe('referenceFault', () => {
  it('allows what tasks hold', () => {
    for (const reference of ['4', 4, null, ['a', 'b'], { a: { b: [1, true] } }, nested(90)]) {
      expect(referenceFault(reference)).toBeNull();
    }
  });
});
