import { describe, expect, it } from 'vitest';
import { correct } from '@touchstone/verify';
import { UserError } from '../errors.js';
import { someTask } from '../testing/rollouts.js';
import { toyCodec } from '../testing/toy-task.js';
import { singleTurnEnvironment } from './environment.js';

const judgeOf = (judge: () => never | Promise<never> | ReturnType<typeof correct>) =>
  singleTurnEnvironment({ codec: toyCodec, source: { name: 'toy', judge }, contextLength: 4 });

describe('singleTurnEnvironment', () => {
  const environment = judgeOf(() => correct('equal'));

  it('encodes plain text and chats, as long as there is room for an answer', () => {
    expect(environment.prompt({ ...someTask, prompt: '123' })).toEqual(Int32Array.of(1, 2, 3));
    expect(environment.prompt({ ...someTask, prompt: [{ role: 'user', content: '4' }] })).toEqual(Int32Array.of(4));
    expect(() => environment.prompt({ ...someTask, prompt: '1234' })).toThrow(UserError);
    expect(() => environment.prompt({ ...someTask, prompt: '1234' })).toThrow(/context of 4 tokens, got 4; shorten/);
    expect(() => environment.prompt({ ...someTask, prompt: '' })).toThrow(/must not be empty/);
  });

  it('returns the verdict of the judge', async () => {
    expect(await environment.judge(someTask, 'x')).toMatchObject({ outcome: 'correct' });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no parser');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no parser'))],
  ])('calls a judge that %s crashed, never wrong', async (_, judge) => {
    const verdict = await judgeOf(judge).judge(someTask, 'x');
    expect(verdict).toMatchObject({ outcome: 'crashed', reason: 'judge-threw', feedback: 'no parser' });
  });
});
