import type { VerifierFixture } from '../fixtures.js';

const sum = 'We add both sides and find \\boxed{\\frac{3}{2}}.';

export const mathFixtures: readonly VerifierFixture[] = [
  { kind: 'full', response: sum, reference: '1.5', reason: 'equal' },
  { kind: 'full', response: 'The answer is 1,200 meters.', reference: '1.2 km' },
  { kind: 'full', response: '#### 72', reference: 72 },
  { kind: 'full', response: '\\boxed{(x-1)(x+1)}', reference: '$x^2-1$' },
  { kind: 'full', response: '\\boxed{\\{2, 1\\}}', reference: '\\{1, 2\\}' },
  { kind: 'full', response: '$\\sqrt{8}$', reference: ['7', '2\\sqrt{2}'] },
  { kind: 'zero', response: sum, reference: '2', reason: 'different' },
  { kind: 'zero', response: '\\boxed{(1, 2)}', reference: '(2, 1)', reason: 'different' },
  { kind: 'zero', response: ' ', reference: '2', reason: 'no-answer' },
  { kind: 'zero', response: '\\boxed{9^{9^{9^{9}}}}', reference: '2', reason: 'too-large' },
  {
    kind: 'zero',
    response: 'It could be anything but 2.',
    reference: '2',
    options: { order: ['boxed', 'hash', 'phrase'] },
  },
  { kind: 'malformed', response: '\\boxed{2}', reference: '2', options: { order: ['box'] }, reason: 'bad-option' },
  { kind: 'malformed', response: '\\boxed{', reference: '2' },
  { kind: 'malformed', response: '\\boxed{2}', reference: '', reason: 'reference-empty' },
  { kind: 'malformed', response: '\\boxed{2}', reference: { value: 2 }, reason: 'bad-reference' },
];
