import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestFault } from '../http.js';
import { Turns } from './turns.js';

describe('Turns', () => {
  it('runs numbered requests in order, however they arrive', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), async (arrival) => {
        const turns = new Turns();
        const ran: number[] = [];
        await Promise.all(
          arrival.map((seq) =>
            turns.run(seq, async () => {
              await Promise.resolve();
              ran.push(seq);
            }),
          ),
        );
        expect(ran).toEqual([0, 1, 2, 3, 4, 5]);
      }),
    );
  });

  it('goes on after a request that failed, and after one that was refused', async () => {
    const turns = new Turns();
    await expect(turns.run(0, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const third = turns.run(2, () => Promise.resolve('third'));
    expect(turns.reason(2)).toBe('waits for the request with seq_id 1');
    turns.skip(1);
    expect(await third).toBe('third');
    expect(turns.reason(2)).toBeUndefined();
  });

  it('refuses what waits for a request that never came, once the model is gone', async () => {
    const turns = new Turns();
    await turns.run(0, () => Promise.resolve());
    const waiting = turns.run(2, () => Promise.resolve());
    turns.end(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });

  it('knows a request that is sent again, and refuses another under its number', async () => {
    const turns = new Turns();
    await turns.run(0, () => Promise.resolve());
    turns.take(0, 'future', 'digest');
    expect(turns.known(0, 'digest')).toBe('future');
    expect(turns.known(1, 'other')).toBeUndefined();
    expect(() => turns.known(0, 'other')).toThrow(RequestFault);
    turns.skip(1);
    expect(() => turns.known(1, 'late')).toThrow(/must go on from 2, got 1/);
  });
});
