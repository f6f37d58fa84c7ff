import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runsOnTinker } from './column-sources.js';
import { methodsPage } from './methods-page.js';
import { createObjective, methods } from './registry.js';

const page = readFileSync(new URL('../../../docs/methods.md', import.meta.url), 'utf8');

test('docs/methods.md is what the registry says; node scripts/methods-table.mjs renews it', () => {
  expect(methodsPage({}, page)).toBe(page);
});

test('counts of passed vectors replace the cell, and a page without them keeps it', () => {
  const renewed = methodsPage({ baselines: { passed: 1, cases: 2 } }, page);
  expect(renewed).toContain('| baselines 1/2 |');
  expect(methodsPage({}, renewed)).toBe(renewed);
});

test('every summary is one sentence of table size and every method has a source', () => {
  for (const { summary, source, title } of Object.values(methods)) {
    expect(summary.length, title).toBeLessThan(140);
    expect(summary, title).toMatch(/^[A-Z0-9].*\.$/);
    expect(source.length, title).toBeGreaterThan(3);
  }
});

describe('a Tinker server', () => {
  test('runs what needs log-probs of chosen tokens', () => {
    expect(runsOnTinker(createObjective('grpo', { klCoef: 0.1, samplerCorrection: 'token-truncate' }))).toBe(true);
  });
  test('does not run what needs the distribution, its gradient, or a value head', () => {
    expect(runsOnTinker(createObjective('high-entropy'))).toBe(false);
    expect(runsOnTinker(createObjective('grpo', { entropyCoef: 0.1 }))).toBe(false);
    expect(runsOnTinker(createObjective('ppo'))).toBe(false);
  });
});
