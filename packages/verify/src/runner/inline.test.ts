import { describe, expect, it } from 'vitest';
import { inlineRunner, runInline } from './inline.js';
import { toVerdict, type Job } from './job.js';

describe('runInline', () => {
  it('judges a registered kind', async () => {
    const job: Job = { verifier: 'exact', response: ' 12 ', reference: '12' };
    expect(await runInline(job)).toMatchObject({ outcome: 'correct', extracted: '12', reason: 'equal' });
    expect(await inlineRunner.run({ ...job, reference: ['1', '2'] })).toMatchObject({ outcome: 'incorrect', score: 0 });
  });

  it('tells a task at fault from a wrong answer', async () => {
    expect(await runInline({ verifier: 'exact', response: '12', reference: 12 })).toMatchObject({
      outcome: 'unscorable',
      reason: 'bad-reference',
    });
  });

  it('refuses what it could not stop', async () => {
    const verifier = { module: 'data:text/javascript,', export: 'any' };
    await expect(runInline({ verifier, response: '', reference: '' })).rejects.toThrow(/use VerifierPool/);
  });

  it('refuses a kind that does not exist', async () => {
    await expect(runInline({ verifier: 'maths' as never, response: '', reference: '' })).rejects.toThrow(
      /must be a registered kind or a module, got "maths"/,
    );
  });
});

describe('toVerdict', () => {
  it('keeps a verdict and drops what does not belong there', () => {
    const verdict = toVerdict({
      outcome: 'incorrect',
      score: 7,
      parts: { a: 0.5, b: 'x', c: NaN },
      reason: 3,
      extra: 1,
    });
    expect(verdict).toEqual({
      outcome: 'incorrect',
      score: 1,
      parts: { a: 0.5 },
      extracted: null,
      reason: '',
      feedback: '',
      elapsedMs: 0,
    });
  });

  it.each([undefined, null, 'yes', [], {}, { outcome: 'fine' }])('%j is no verdict', (value) => {
    expect(toVerdict(value)).toMatchObject({ outcome: 'crashed', reason: 'no-verdict' });
  });
});
