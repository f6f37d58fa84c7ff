import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../evaluation/evaluate.js';
import type { RunObserver } from '../run/observer.js';
import { scoredRollout } from '../testing/rollouts.js';
import type { CliIo } from './io.js';
import { liveView } from './live-view.js';
import { plainView } from './plain-view.js';
import { displayWidth } from './text.js';

function terminal(
  columns: number | undefined,
  colour = false,
): CliIo & { readonly written: string[]; columns: number | undefined } {
  const written: string[] = [];
  return {
    written,
    stdout: (text) => void written.push(text),
    stderr: () => undefined,
    ...{ columns, colour, directory: '.', onInterrupt: () => () => undefined, exit: () => undefined },
  };
}

const accuracy = { tasks: 50, interval: [0.2, 0.4] as const };
const evaluation = (share: number): Evaluation => ({
  ...{ ...accuracy, accuracy: share, samples: 8, passAt: { 1: share, 8: 0.75 } },
  ...{ length: 30, truncated: 0, unjudged: 0, families: {} },
});

function play(view: RunObserver, steps: number): void {
  const sample = scoredRollout({ reward: 1 });
  view.started({ name: 'quickstart', folder: 'runs/quickstart', steps, from: 0 });
  view.evaluating(0, 64, 100);
  view.evaluated(0, evaluation(0.25));
  for (let step = 1; step <= steps; step++) {
    const metrics = {
      step,
      reward: step / steps,
      accuracy: 0.5,
      entropy: 0.31,
      samplerKl: 1e-4,
      length: 31.4,
      groups: 8,
    };
    view.stepped({ metrics: { ...metrics, groupsWithoutSignal: 3 }, timings: { tokensPerSecond: 1234.5 }, sample });
  }
  view.notice('most groups have had no signal for 3 steps: every answer is wrong: make the task easier');
  view.evaluated(steps, evaluation(0.65));
  const score = (share: number) => ({ accuracy: share, passAt8: 0.75 });
  view.finished({ before: score(0.25), after: score(0.65), steps, seconds: 125, run: 'runs/quickstart' });
}

describe('liveView', () => {
  it.each([24, 40, 80, 200])('keeps every line within %d columns', (columns) => {
    const io = terminal(columns);
    play(liveView(io), 12);
    // Names of files are the only thing that may be longer.
    const lines = io.written.flatMap((text) => text.split('\n')).filter((line) => !line.includes('runs/'));
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  });

  it('draws over exactly the lines that it drew before', () => {
    const io = terminal(40);
    play(liveView(io), 12);
    let block = 0;
    for (const text of io.written) {
      // eslint-disable-next-line no-control-regex -- the escape sequence itself is what is tested
      const up = /\u001b\[(\d+)A\u001b\[0J/.exec(text);
      expect(Number(up?.[1] ?? 0)).toBe(block);
      const after = text.slice((up?.index ?? 0) + (up?.[0].length ?? 0));
      const start = after.lastIndexOf('quickstart  step ');
      block = start < 0 ? 0 : after.slice(start).split('\n').length - 1;
    }
  });

  it('counts the rows that old lines take in a window made narrower', () => {
    const io = terminal(80);
    const view = liveView(io);
    view.started({ name: 'a-run-with-a-long-name', folder: 'x', steps: 100, from: 0 });
    io.columns = 20;
    view.notice('x');
    expect(io.written[1]?.startsWith('\u001b[3A')).toBe(true);
  });

  it.each([60, 80])('shows what a run is about within %d columns', (columns) => {
    const io = terminal(columns);
    play(liveView(io), 12);
    const shown = io.written.join('');
    for (const part of [
      'step 12/12',
      'reward 1.00',
      'accuracy 50.0 %',
      'entropy 0.310',
      'KL 1.0e-4',
      'length 31.4',
      '1235 tok/s',
    ]) {
      expect(shown).toContain(part);
    }
    expect(shown).toMatch(/left \d+s/);
    expect(shown).toContain('no signal 3/8');
    expect(shown).toContain('correct: prompt > response');
    // A narrow terminal breaks the line between two parts.
    expect(shown).toMatch(/before 25\.0 %(?: {2}|\n)after 65\.0 %(?: {2}|\n)\(\+40\.0 points\)/);
    expect(shown).toMatch(/pass@8 +before 75\.0 %/);
  });

  it('colours only where colour is wanted', () => {
    const [plain, coloured] = [terminal(60), terminal(60, true)];
    play(liveView(plain), 6);
    play(liveView(coloured), 6);
    expect(plain.written.join('')).not.toContain('\u001b[3');
    expect(coloured.written.join('')).toContain('\u001b[32mcorrect\u001b[39m');
  });
});

describe('plainView', () => {
  it('prints a line an event and no escape sequence', () => {
    const io = terminal(undefined);
    play(plainView(io), 20);
    const text = io.written.join('');
    expect(text).not.toContain('\u001b');
    expect(text.split('\n').filter((line) => line.startsWith('step '))).toHaveLength(20);
    expect(text).toContain('held out after step 0: accuracy 25.0 % (20.0 % to 40.0 %), pass@8 75.0 %');
    expect(text).toContain('  sample (correct): response');
    expect(text).toMatch(/note: most groups have had no signal/);
    expect(text).toMatch(/curve from 0 to 100 % {2}▃▆\n20 steps in 2m05s; the run is in runs\/quickstart\n$/);
  });
});
