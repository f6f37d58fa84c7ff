import type { VerifierFixture } from '../fixtures.js';

const reference = { options: ['Paris', 'Rome', 'Oslo'], answer: 'Rome' };

export const choiceFixtures: readonly VerifierFixture[] = [
  { kind: 'full', response: 'So the answer is (B).', reference },
  { kind: 'full', response: '<answer>rome</answer>', reference },
  { kind: 'full', response: '\\boxed{A, C}', reference: ['A', 'C'] },
  { kind: 'zero', response: 'The answer is not B, it must be C', reference, reason: 'different' },
  { kind: 'zero', response: '\\boxed{A, B, C}', reference: 'B', reason: 'different' },
  { kind: 'malformed', response: '', reference, reason: 'no-answer' },
  { kind: 'malformed', response: 'A and B and C all have merit', reference, reason: 'no-answer' },
  { kind: 'malformed', response: 'B', reference: { options: [], answer: 'B' }, reason: 'bad-reference' },
];
