import type { ExecutedKind } from '../executed.js';
import type { VerifierFixture } from '../fixtures.js';
import { codeFixtures } from '../programs/fixtures.js';
import { sqlFixtures } from '../sql/fixtures.js';
import { svgFixtures } from '../svg/fixtures.js';
import { verilogFixtures } from '../verilog/fixtures.js';

/** The cases that every kind that executes ships: a kind without any does not compile. */
export const executedFixtures: { readonly [Kind in ExecutedKind]: readonly VerifierFixture[] } = {
  code: codeFixtures,
  sql: sqlFixtures,
  svg: svgFixtures,
  verilog: verilogFixtures,
};
