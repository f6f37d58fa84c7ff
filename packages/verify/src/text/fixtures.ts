import type { VerifierFixture } from '../fixtures.js';

export const textFixtures: readonly VerifierFixture[] = [
  { kind: 'full', response: 'The  Hague!', reference: 'hague' },
  { kind: 'full', response: 'b', reference: ['a b', 'B.'] },
  { kind: 'full', response: 'Paris', reference: 'paris', options: { metric: 'length-aware-bleu' } },
  { kind: 'full', response: 'it is in the old town, they say', reference: 'old town', options: { metric: 'contains' } },
  { kind: 'zero', response: 'London', reference: 'Paris', options: { metric: 'token-f1' } },
  { kind: 'zero', response: 'paris', reference: 'Paris', options: { metric: 'exact' } },
  { kind: 'malformed', response: ' \n', reference: 'Paris', reason: 'no-answer' },
  { kind: 'malformed', response: 'x'.repeat(300_000), reference: 'Paris', reason: 'too-long' },
  { kind: 'malformed', response: 'Paris', reference: '', reason: 'bad-reference' },
  { kind: 'malformed', response: 'Paris', reference: 'Paris', options: { metric: 'magic' }, reason: 'bad-option' },
];
