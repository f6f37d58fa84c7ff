import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import type { Json, Split } from '../task.js';
import { drawProblem } from '../split.js';
import { ANSWER_MARKER, continueWorking, formatWorking, judgeWorking } from '../working.js';
import { isFault } from './family.js';
import type { Family, Level } from './family.js';
import { families, familyNames } from './index.js';
import type { FamilyName } from './index.js';

type AnyFamily = Family<object, Json, unknown>;

const levels: readonly Level[] = ['easy', 'middling', 'hard'];
const PER_LEVEL = 60;

function problems(family: AnyFamily, count = PER_LEVEL, split: Split = 'train'): Json[] {
  return levels.flatMap((level) =>
    Array.from({ length: count }, (_, index) => drawProblem(family, family.levels[level], 20_26, split, index)),
  );
}

function solve(family: AnyFamily, problem: Json): { steps: readonly string[]; answer: string } {
  return continueWorking(family, problem, family.begin(problem));
}

/** Every state of the right working that has a next line, with that line. */
function walk(family: AnyFamily, problem: Json): { state: unknown; text: string }[] {
  const lines: { state: unknown; text: string }[] = [];
  let state = family.begin(problem);
  for (let line = family.next(problem, state); line !== null; line = family.next(problem, state)) {
    lines.push({ state, text: line.text });
    state = line.state;
  }
  return lines;
}

/** A character changed into another that is well formed at its place, where that cannot be right by luck. */
function corrupt(text: string, random: Random): string {
  const places = [...text].flatMap((character, i) => (/[0-9A-ITa-f&|^]/.test(character) ? [i] : []));
  if (places.length === 0) throw new Error(`corrupt: nothing to change in ${text}`);
  const place = random.pick(places);
  const character = text.charAt(place);
  // No graph here has a node Z or T; several paths may be equally short.
  const kind = ['0123456789', 'TF', '&|^'].find((characters) => characters.includes(character)) ?? 'Z';
  const other = random.pick([...kind].filter((candidate) => candidate !== character));
  return text.slice(0, place) + other + text.slice(place + 1);
}

describe.each(familyNames)('family %s', (name: FamilyName) => {
  const family = families[name];
  const all = problems(family);

  it('judges its own worked solutions as right in every step', () => {
    for (const problem of all) {
      const { steps, answer } = solve(family, problem);
      const verdict = judgeWorking(family, problem, formatWorking({ steps, answer }));
      expect(verdict).toMatchObject({ outcome: 'correct', score: 1, reason: 'equal', feedback: '', extracted: answer });
      expect(verdict.parts).toEqual({ answer: 1, steps: 1, format: 1 });
      expect(verdict.steps.map(({ text, right }) => [text, right])).toEqual(steps.map((text) => [text, true]));
    }
  });

  it('writes printable ASCII on single lines, and problems that survive JSON', () => {
    for (const problem of all) {
      const { steps, answer } = solve(family, problem);
      for (const text of [family.prompt(problem), ...steps, answer]) expect(text).toMatch(/^[ -~]+$/);
      expect(steps.join()).not.toContain(ANSWER_MARKER);
      expect(JSON.parse(JSON.stringify(problem))).toEqual(problem);
    }
  });

  it('refuses every slip, and every step after it', () => {
    const random = new Random(1);
    for (const problem of all) {
      const lines = walk(family, problem);
      if (lines.length === 0) continue;
      const place = random.integer(0, lines.length - 1);
      const { state, text } = lines[place]!;
      const slip = family.slip(problem, state, random);
      expect(slip.text).not.toBe(text);
      const rest = continueWorking(family, problem, slip.state);
      const steps = [...lines.slice(0, place).map((line) => line.text), slip.text, ...rest.steps];
      const verdict = judgeWorking(family, problem, formatWorking({ steps, answer: rest.answer }));
      expect(verdict.steps.map(({ right }) => right)).toEqual(steps.map((_, i) => i < place));
      expect(verdict.parts.steps).toBeLessThan(1);
      expect(verdict.feedback).toContain(`Step ${place + 1} `);
    }
  });

  it('notices a character changed in a step', () => {
    const random = new Random(2);
    for (const problem of all) {
      const { steps, answer } = solve(family, problem);
      if (steps.length === 0) continue;
      const place = random.integer(0, steps.length - 1);
      const changed = steps.map((step, i) => (i === place ? corrupt(step, random) : step));
      const verdict = judgeWorking(family, problem, formatWorking({ steps: changed, answer }));
      expect(verdict.parts.steps, `${steps.join(' ; ')} -> ${changed.join(' ; ')}`).toBeLessThan(1);
      expect(verdict.outcome).toBe('correct');
    }
  });

  it('notices a step left out, and a step too many', () => {
    const random = new Random(3);
    for (const problem of all) {
      const { steps, answer } = solve(family, problem);
      if (steps.length === 0) continue;
      const place = random.integer(0, steps.length - 1);
      const shorter = { steps: steps.filter((_, i) => i !== place), answer };
      const longer = { steps: [...steps, steps.at(-1)!], answer };
      for (const working of [shorter, longer]) {
        expect(judgeWorking(family, problem, formatWorking(working)).parts).toMatchObject({ answer: 1, format: 1 });
        expect(judgeWorking(family, problem, formatWorking(working)).parts.steps).toBeLessThan(1);
      }
    }
  });

  it('notices a character changed in the answer', () => {
    const random = new Random(4);
    for (const problem of all) {
      const { steps, answer } = solve(family, problem);
      const verdict = judgeWorking(family, problem, formatWorking({ steps, answer: corrupt(answer, random) }));
      expect(verdict, answer).toMatchObject({
        outcome: 'incorrect',
        score: 0,
        parts: { answer: 0, steps: 1, format: 1 },
      });
      expect(verdict.reason).not.toBe('equal');
      expect(verdict.feedback).not.toBe('');
    }
  });

  it('never gives the answer away in its feedback', () => {
    const random = new Random(5);
    for (const problem of all.slice(0, 100)) {
      const { answer } = solve(family, problem);
      const verdict = judgeWorking(family, problem, `${ANSWER_MARKER} ${family.guess(problem, random)}`);
      // Shorter answers stand in words and counts by chance.
      if (verdict.outcome === 'correct' || answer.length < 3) continue;
      expect(verdict.feedback.replace(JSON.stringify(verdict.extracted), '')).not.toContain(answer);
    }
  });

  it('calls garbage incorrect, with a reason and without throwing', () => {
    const [problem] = all;
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(fc.nat(0x10ffff)).map((points) => String.fromCodePoint(...points)),
    );
    fc.assert(
      fc.property(text, text, (before, after) => {
        const plain = judgeWorking(family, problem!, before.replaceAll('#', ''));
        expect(plain).toMatchObject({ outcome: 'incorrect', score: 0, extracted: null, reason: 'no-answer' });
        const marked = judgeWorking(family, problem!, `${before}\n${ANSWER_MARKER} x${after}`);
        expect(marked).toMatchObject({ outcome: 'incorrect', score: 0 });
        expect(marked.reason).toMatch(/^[a-z-]+$/);
        expect(marked.feedback).toMatch(/^[^\n]{5,400}$/);
      }),
      { numRuns: 100 },
    );
  });

  it('judges random lines and answers built from its own characters without throwing', () => {
    const characters = fc.string({ unit: fc.constantFrom(...'0123456789+-*/=:r ABCDEFTF!()&|^,#\n'), maxLength: 60 });
    const hard = all.at(-1)!;
    fc.assert(
      fc.property(characters, (text) => {
        const verdict = judgeWorking(family, hard, text);
        expect(['correct', 'incorrect']).toContain(verdict.outcome);
        expect(verdict.parts.steps).toBeLessThan(1.0001);
        expect(isFault(family.judgeAnswer(hard, text)) || family.judgeAnswer(hard, text) === null).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['a wall of brackets', '('.repeat(19_000)],
    ['a long answer', `${ANSWER_MARKER} ${'9'.repeat(19_000)}`],
    ['an answer of brackets', `${ANSWER_MARKER} ${'('.repeat(390)}`],
    ['an answer of signs', `${ANSWER_MARKER} ${'-'.repeat(390)}`],
    ['an answer of products', `${ANSWER_MARKER} ${'9'.repeat(30).concat('*').repeat(12)}9`],
    ['many short lines', '1+1=2\n'.repeat(3_000)],
    ['many markers', ANSWER_MARKER.repeat(4_900)],
    ['a megabyte', 'T'.repeat(1_000_000)],
    ['spaces', ' \t'.repeat(9_900)],
  ])('ends quickly on %s', (_, response) => {
    const problem = all.at(-1)!;
    const started = performance.now();
    expect(judgeWorking(family, problem, response)).toMatchObject({ outcome: 'incorrect', score: 0 });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('holds out problems that no seed and no level ever trains on', () => {
    const keys = (split: Split, seeds: readonly number[]): Set<string> =>
      new Set(
        seeds.flatMap((seed) =>
          levels.flatMap((level) =>
            Array.from({ length: 20 }, (_, i) => family.key(drawProblem(family, family.levels[level], seed, split, i))),
          ),
        ),
      );
    const trained = keys('train', [1, 2, 3]);
    const tested = [...keys('test', [1, 4, 5])];
    expect(tested.filter((key) => trained.has(key))).toEqual([]);
    expect(tested.length).toBeGreaterThan(50);
  });

  it('gives the same problem for the same seed, split and index, and others elsewhere', () => {
    const draw = (seed: number, index: number): string =>
      JSON.stringify(drawProblem(family, family.levels.hard, seed, 'train', index));
    expect(draw(7, 3)).toBe(draw(7, 3));
    expect(new Set([draw(7, 3), draw(8, 3), draw(7, 4)]).size).toBe(3);
  });

  it('accepts its levels as knobs, fills in the middling ones, and refuses a key it does not have', () => {
    for (const level of levels) expect(family.knobs.parse(family.levels[level])).toEqual(family.levels[level]);
    expect(family.knobs.parse({})).toEqual(family.levels.middling);
    expect(family.knobs.safeParse({ nonsense: 1 }).success).toBe(false);
  });
});

describe('at middling difficulty', () => {
  it.each(familyNames)('%s stays short enough for a small model', (name) => {
    const family = families[name];
    const lengths = Array.from({ length: 200 }, (_, i) => {
      const problem = drawProblem(family, family.levels.middling, 5, 'train', i);
      return { prompt: family.prompt(problem).length, response: formatWorking(solve(family, problem)).length };
    });
    const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(lengths.map(({ prompt }) => prompt))).toBeLessThan(40);
    expect(mean(lengths.map(({ response }) => response))).toBeLessThan(80);
    expect(Math.max(...lengths.map(({ prompt, response }) => prompt + response))).toBeLessThan(160);
  });
});
