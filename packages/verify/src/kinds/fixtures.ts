import { choiceFixtures } from '../choice/fixtures.js';
import type { VerifierFixture } from '../fixtures.js';
import { formatFixtures } from '../format/fixtures.js';
import { instructionFixtures } from '../instructions/fixtures.js';
import { mathFixtures } from '../math/fixtures.js';
import type { VerifierKind } from '../registry.js';
import { structureFixtures } from '../structure/fixtures.js';
import { textFixtures } from '../text/fixtures.js';

const exactFixtures: readonly VerifierFixture[] = [
  { kind: 'full', response: ' 12\n', reference: '12' },
  { kind: 'full', response: 'b', reference: ['a', 'b'] },
  { kind: 'zero', response: '12.0', reference: '12', reason: 'different' },
  { kind: 'zero', response: ' ', reference: '12', reason: 'no-answer' },
  { kind: 'malformed', response: '12', reference: 12, reason: 'bad-reference' },
];

/** The cases that every registered verifier ships: a kind without any does not compile. */
export const verifierFixtures: { readonly [Kind in VerifierKind]: readonly VerifierFixture[] } = {
  exact: exactFixtures,
  math: mathFixtures,
  text: textFixtures,
  choice: choiceFixtures,
  format: formatFixtures,
  instructions: instructionFixtures,
  ...structureFixtures,
};
