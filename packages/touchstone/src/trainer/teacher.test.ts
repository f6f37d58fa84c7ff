import { correct, incorrect } from '@touchstone/verify';
import { describe, expect, it } from 'vitest';
import type { ScoredGroup, ScoredRollout } from '../rollout/rollout.js';
import { END_TOKEN, toyCodec } from '../testing/toy-task.js';
import { TabularEngine } from '../testing/tabular-engine.js';
import { stepBatch } from './batch.js';
import type { TeacherSettings } from './teacher.js';
import { teacherPrompt, withTeacherColumns, withTeacherTargets } from './teacher.js';

const SETTINGS: TeacherSettings = { successThreshold: 0.5, excludeSelf: true, feedback: 'without-solution' };
const encode = (prompt: unknown): Int32Array => toyCodec.encode(prompt as string);

function rollout(text: string, reward: number, feedback = ''): ScoredRollout {
  const tokens = toyCodec.encode(`3>${text}`);
  return {
    task: { id: 'a', prompt: '3>', reference: '4', metadata: {} },
    ...{ sample: 0, seed: 0, tokens, promptLength: 2, text, finish: 'stop' },
    samplerLogProbs: new Float32Array(text.length),
    verdict: reward > 0.5 ? correct('equal', { feedback }) : incorrect('different', { feedback }),
    reward: { total: reward, parts: {} },
  };
}

function groupOf(...rollouts: ScoredRollout[]): ScoredGroup {
  return { task: rollouts[0]!.task, rollouts };
}

describe('withTeacherTargets', () => {
  const shown = (group: ScoredGroup, settings: Partial<TeacherSettings> = {}, context = 64) => {
    const seen: object[] = [];
    const prompt = (_: unknown, hints: object) => (seen.push(hints), '3>');
    const [result] = withTeacherTargets([group], { ...SETTINGS, ...settings }, prompt, { encode }, context);
    return { hints: seen, targets: result!.rollouts.map(({ values }) => values?.teacherTarget) };
  };

  it('shows each response the first success beside it, and a failure what came of it where there is none', () => {
    const mixed = groupOf(rollout('5', 0, 'too large'), rollout('4 ', 1), rollout('04', 1));
    expect(shown(mixed)).toEqual({
      hints: [
        { solution: '4', feedback: undefined },
        { solution: '04', feedback: undefined },
        { solution: '4', feedback: undefined },
      ],
      targets: [1, 1, 1],
    });
    const failed = groupOf(rollout('5', 0, 'too large'), rollout('6', 0));
    expect(shown(failed)).toEqual({ hints: [{ solution: undefined, feedback: 'too large' }], targets: [1, 0] });
    expect(shown(failed, { feedback: 'never' }).targets).toEqual([0, 0]);
    expect(shown(mixed, { feedback: 'always' }).hints[0]).toEqual({ solution: '4', feedback: 'too large' });
    const alone = groupOf(rollout('4', 1, 'well done'), rollout('6', 0));
    expect(shown(alone).targets).toEqual([0, 1]);
    expect(shown(alone, { excludeSelf: false }).targets).toEqual([1, 1]);
  });

  it('has no target where the context has no room, and leaves targets alone that a strategy brought', () => {
    const group = groupOf(rollout('5', 0, 'x'), rollout('45', 1));
    expect(shown(group, {}, 4).targets).toEqual([1, 0]);
    expect(shown(group, {}, 3).targets).toEqual([1, 0]);
    expect(shown(group, {}, 2).targets).toEqual([0, 0]);
    const brought = { ...rollout('5', 0, 'x'), values: { teacherTarget: 0 } };
    expect(shown(groupOf(brought, rollout('4', 1))).targets).toEqual([0, 0]);
  });
});

it('the teacher reads the same responses behind its own prompts', async () => {
  const engine = new TabularEngine(END_TOKEN + 1, END_TOKEN);
  engine.setLogits([7, 8], [0, 0, 0, 0, 3, 2, 1]);
  engine.setLogits([8, 4], [0, 0, 0, 0, 0, 0, 5]);
  const group = groupOf({ ...rollout('46', 1), teacherPrompt: Int32Array.of(7, 8) }, rollout('6', 0), {
    ...rollout('5', 0),
    teacherPrompt: Int32Array.of(1, 7, 8),
  });
  const batch = stepBatch([group]);
  const ids = Int32Array.of(4, 5, 6, 4, 0, 1, 5, 6);
  const view = { ...batch.view, topK: { width: 2, ids, logProb: new Float64Array(8) } };
  const { view: filled } = await withTeacherColumns({ ...batch, view }, engine, 1);
  const after = (before: number, last: number, token: number): Promise<number> =>
    engine
      .forward({ tokens: Int32Array.of(before, last, token), offsets: Int32Array.of(0, 3) })
      .then(({ logProb }) => logProb[2]!);
  const expected = [await after(7, 8, 4), await after(8, 4, 6), 0, await after(7, 8, 5)];
  filled.columns.teacherLogProb?.forEach((value, t) => expect(value).toBeCloseTo(expected[t]!, 6));
  const wide = [[7, 8, 4], [7, 8, 5], [8, 4, 6], [8, 4, 4], null, null, [7, 8, 5], [7, 8, 6]] as const;
  for (const [i, of] of wide.entries()) {
    const value = of === null ? 0 : await after(of[0], of[1], of[2]);
    expect(filled.topK?.teacherLogProb?.[i]).toBeCloseTo(value, 6);
  }
});

describe('teacherPrompt', () => {
  it('shows text that the model continues once with a solution, and then anew', () => {
    expect(teacherPrompt('1+2=', { solution: '3', feedback: undefined })).toBe('1+2=3\n\n1+2=');
    expect(teacherPrompt('1+2=', { solution: undefined, feedback: 'not 4' })).toBe('not 4\n\n1+2=');
  });

  it('asks the last question of a chat again below the hints', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What is 1 + 2?' },
    ] as const;
    const [system, asked, ...more] = teacherPrompt(messages, { solution: 'It is 3.', feedback: 'not 4' });
    expect([system, more]).toEqual([messages[0], []]);
    expect(asked).toMatchObject({ role: 'user' });
    const { content } = asked as { content: string };
    const places = ['What is 1 + 2?', 'It is 3.', 'not 4', 'Now answer'].map((part) => content.indexOf(part));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBe(0);
  });
});
