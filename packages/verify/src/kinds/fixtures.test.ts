import { describe, expect, it } from 'vitest';
import { loadVerifier, verifierKinds } from '../registry.js';
import { verifierFixtures } from './fixtures.js';

describe.each(verifierKinds)('%s', (kind) => {
  it('ships cases of every kind', () => {
    expect(new Set(verifierFixtures[kind].map((fixture) => fixture.kind))).toEqual(
      new Set(['full', 'zero', 'malformed']),
    );
  });

  it('judges each of them as it says, and the same way twice', async () => {
    const verify = await loadVerifier(kind);
    for (const fixture of verifierFixtures[kind]) {
      const { elapsedMs: _, ...verdict } = verify(fixture.response, fixture.reference, fixture.options);
      const { elapsedMs: __, ...again } = verify(fixture.response, fixture.reference, fixture.options);
      expect(again).toEqual(verdict);
      const context = `${fixture.kind}: ${JSON.stringify(fixture)} gave ${JSON.stringify(verdict)}`;
      if (fixture.kind === 'full') expect(verdict.score, context).toBe(1);
      else expect(verdict.score, context).toBe(0);
      if (fixture.kind === 'zero') expect(verdict.outcome, context).toBe('incorrect');
      if (fixture.reason !== undefined) expect(verdict.reason, context).toBe(fixture.reason);
    }
  });
});
