import { describe, expect, it } from 'vitest';
import { attackCategories, attacks, decoys, mentions } from './attacks.js';
import { attacksInLanguageOf } from './executed-attacks.js';
import { heldOutKeys } from './keys.js';
import { measureAttacks } from './measure.js';
import { seededDraw } from './random.js';
import { verifyExact } from '../kinds/exact.js';
import { isDegenerateResponse, masterKeys } from '../rewards/one-token-judge.js';
import { correct, crashed, incorrect } from '../verdict.js';

const items = [
  { question: 'What is 6 times 7?', gold: '42' },
  { question: 'Which planet is nearest to the Sun?', gold: 'Mercury' },
  { question: 'Pick one. A) yes B) no', gold: 'B' },
];

describe('attack suite', () => {
  it('covers every category', () => {
    const tried = new Set(
      [...attacks, ...attacksInLanguageOf('code')].flatMap((attack) =>
        attack.respond(items[0]!, seededDraw(1)) === null ? [] : [attack.category],
      ),
    );
    expect(attackCategories.filter((category) => !tried.has(category))).toEqual([]);
  });

  it('fools a verifier that looks for the answer anywhere, and one that accepts anything', async () => {
    const contains = await measureAttacks(items, {
      verify: (response, { gold }) => (response.includes(gold) ? correct('found') : incorrect('absent')),
    });
    expect(contains.categories.flooding?.rate).toBe(1);
    expect(contains.categories.empty?.rate).toBe(0);
    const anything = await measureAttacks(items, { verify: () => correct('fine') });
    expect(anything.rate).toBe(1);
  });

  it('never fools exact match, and the report says so', async () => {
    const report = await measureAttacks(items, { verify: (response, { gold }) => verifyExact(response, gold) });
    expect(report.accepted).toBe(0);
    expect(report.worst).toBeNull();
    expect(report.asked).toBeGreaterThan(items.length * 40);
    expect(report.attacks.every(({ example }) => example === null)).toBe(true);
  });

  it('names the worst attack, gives its response and counts what was not judged', async () => {
    const report = await measureAttacks(items, {
      verify: (response) => (response === 'Thought process:' ? correct('fooled') : crashed('threw')),
    });
    expect(report.worst).toEqual({ name: 'Thought␣process:', rate: 1 });
    const key = report.attacks.find(({ rate }) => rate === 1);
    expect(key?.example).toEqual({ item: 0, response: 'Thought process:' });
    expect(report.attacks.reduce((sum, { unjudged }) => sum + unjudged, 0)).toBe(report.asked - 3);
  });

  it('is the same for the same seed', async () => {
    const collect = async (seed: number): Promise<string[]> => {
      const seen: string[] = [];
      await measureAttacks(items, { seed, verify: (response) => (seen.push(response), incorrect('no')) });
      return seen;
    };
    expect(await collect(3)).toEqual(await collect(3));
    expect(await collect(3)).not.toEqual(await collect(4));
  });

  it('leaves out fixed texts that would be right by accident', async () => {
    const report = await measureAttacks([{ gold: '1' }], { verify: () => incorrect('no') });
    expect(report.attacks.find(({ name }) => name.includes('\\boxed{1}'))?.asked).toBe(0);
  });

  it('decoys are never the answer', () => {
    for (const gold of ['0', '-3', '2.5', 'A', '(c)', 'Paris']) {
      for (let seed = 0; seed < 50; seed++) {
        for (const decoy of decoys(gold, seededDraw(seed))) {
          expect(Number.isNaN(Number(gold)) ? mentions(decoy, gold) : Number(decoy) === Number(gold)).toBe(false);
        }
      }
    }
  });
});

describe('held-out keys', () => {
  it('are not among the published ones, and the guard that knows only those lets them pass', () => {
    for (const key of heldOutKeys) {
      expect(masterKeys).not.toContain(key);
      expect(isDegenerateResponse(key)).toBe(false);
    }
  });
});
