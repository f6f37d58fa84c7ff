import type { VerifierFixture } from '../fixtures.js';

export const formatFixtures: readonly VerifierFixture[] = [
  { kind: 'full', response: '<think>a</think> b', reference: 'think-then-answer' },
  { kind: 'full', response: '<think>a</think><answer>\\boxed{2}</answer>', reference: ['tags-in-order', 'single-box'] },
  { kind: 'zero', response: 'b', reference: 'think-then-answer', reason: 'malformed' },
  { kind: 'zero', response: '\\boxed{1}\\boxed{2}', reference: 'single-box', reason: 'malformed' },
  { kind: 'malformed', response: '<think><think></think>', reference: 'think-then-answer', reason: 'malformed' },
  { kind: 'malformed', response: 'x', reference: 'no-such-gate', reason: 'bad-reference' },
];
