import { parquetReadObjects } from 'hyparquet';
import { incorrect, unscorable } from '@touchstone/verify';
import { describe, expect, it } from 'vitest';
import { scoredRollout } from '../testing/rollouts.js';
import { byRollout, encodeRollouts } from './rollouts-file.js';

describe('encodeRollouts', () => {
  it('keeps prompt, response, reward, parts, verdict, tokens and log-probs', async () => {
    const rollout = scoredRollout({
      response: [7, 8, 9],
      reward: 0.25,
      parts: { answer: 0, steps: 0.5 },
      verdict: incorrect('different', { extracted: '12\n"' }),
    });
    const unjudged = scoredRollout({ response: [], reward: Number.NaN, verdict: unscorable('no-reference') });
    const bytes = encodeRollouts(12, [
      { rollout, group: 0 },
      { rollout: unjudged, group: 3 },
    ]);
    const [first, second] = await parquetReadObjects({ file: bytes.buffer as ArrayBuffer });
    expect(first).toMatchObject({
      ...{ step: 12, group: 0, sample: 0, prompt: 'prompt', reward: 0.25, outcome: 'incorrect', reason: 'different' },
      ...{ seed: 9007199254740991n, finish: 'stop', tokens: [7, 8, 9], prompt_tokens: [1, 2], logprobs: [-1, -1, -1] },
    });
    expect(JSON.parse(String(first?.parts))).toEqual({ answer: 0, steps: 0.5 });
    expect(JSON.parse(String(first?.verdict))).toEqual(rollout.verdict);
    expect(second).toMatchObject({ group: 3, reward: Number.NaN, outcome: 'unscorable', tokens: [], logprobs: [] });
  });

  it('writes a file without rollouts, and further columns where asked for', async () => {
    expect(await parquetReadObjects({ file: encodeRollouts(1, []).buffer as ArrayBuffer })).toEqual([]);
    const rollouts = [scoredRollout({ response: [5, 6] }), scoredRollout({ response: [7] })];
    const values = byRollout(rollouts, Float64Array.of(0.1, 0.2, 0.3));
    const rows = rollouts.map((rollout, group) => ({ rollout, group }));
    const bytes = encodeRollouts(1, rows, [{ name: 'advantage', values }]);
    const read = await parquetReadObjects({ file: bytes.buffer as ArrayBuffer });
    expect(read.map(({ advantage }) => advantage as unknown)).toEqual([[0.1, 0.2], [0.3]]);
  });
});
