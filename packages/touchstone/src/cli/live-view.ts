import type { RunObserver } from '../run/observer.js';
import type { ScoredRollout } from '../rollout/rollout.js';
import type { StepMetrics } from '../trainer/step-metrics.js';
import type { CliIo } from './io.js';
import type { EvaluationHistory } from './run-report.js';
import { evaluationLine, finalLines, secondsLeft, stepPieces } from './run-report.js';
import { displayWidth, duration, fit, flow, oneLine, percent, sparkline, wrap } from './text.js';

const MIN_COLUMNS = 20;
const MAX_COLUMNS = 110;
/** Steps between sample rollouts. */
const SAMPLE_EVERY = 5;

/** Everything that a frame shows. */
export interface LiveState {
  run: { readonly name: string; readonly folder: string; readonly steps: number; readonly from: number };
  readonly startedMs: number;
  readonly history: EvaluationHistory[number][];
  readonly rewards: number[];
  metrics: StepMetrics | undefined;
  tokensPerSecond: number | undefined;
  sample: ScoredRollout | undefined;
  /** What is under way beside a step. */
  busy: string;
}

/** Progress in a terminal: a block of lines that is drawn over itself; notices and results stay above it. */
export function liveView(io: CliIo): RunObserver {
  const state: LiveState = {
    run: { name: '', folder: '', steps: 0, from: 0 },
    startedMs: performance.now(),
    ...{ history: [], rewards: [], metrics: undefined, tokensPerSecond: undefined, sample: undefined, busy: '' },
  };
  let drawn: readonly string[] = [];
  const columns = () => Math.max(MIN_COLUMNS, Math.min(MAX_COLUMNS, io.columns ?? MAX_COLUMNS));
  const erase = () => {
    // A window made narrower since has broken the old lines: each takes as many rows as it needs now.
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / (io.columns ?? 1))), 0);
    drawn = [];
    return rows === 0 ? '' : `\u001b[${rows}A\u001b[0J`;
  };
  const draw = (above: readonly string[] = []) => {
    const cleared = erase();
    drawn = frame(state, columns()).map((line) => (io.colour ? paint(line) : line));
    io.stdout(`${cleared}${[...above, ...drawn].map((line) => `${line}\n`).join('')}`);
  };
  return {
    started(run) {
      state.run = run;
      draw();
    },
    evaluating(step, done, tasks) {
      state.busy = `held-out tasks after step ${step}: ${done}/${tasks}`;
      draw();
    },
    evaluated(step, evaluation) {
      state.history.push({ step, evaluation });
      state.busy = '';
      draw(wrap(`step ${step}: held-out ${evaluationLine(evaluation)}`, columns()));
    },
    stepped({ metrics, timings, sample }) {
      state.metrics = metrics;
      state.rewards.push(metrics.reward ?? Number.NaN);
      state.tokensPerSecond = timings.tokensPerSecond;
      if (state.sample === undefined || (metrics.step ?? 0) % SAMPLE_EVERY === 0) state.sample = sample;
      draw();
    },
    notice: (sentence) => draw(wrap(`note: ${sentence}`, columns())),
    finished(result) {
      io.stdout(erase());
      for (const line of finalLines(result, state.history, columns())) io.stdout(`${line}\n`);
    },
  };
}

/** The lines of the block; none is wider than `columns`. */
export function frame(state: LiveState, columns: number): string[] {
  const { run, metrics, history, rewards, sample, busy, startedMs } = state;
  const step = metrics?.step ?? run.from;
  const left = duration(secondsLeft(startedMs, run.from, step, run.steps));
  const first = history[0];
  const last = history.at(-1);
  const lines = [`${run.name}  step ${step}/${run.steps}  left ${left}`];
  if (metrics !== undefined) lines.push(...flow(stepPieces(metrics, state.tokensPerSecond), columns));
  if (rewards.length > 1) lines.push(`reward ${sparkline(rewards, columns - 7)}`);
  if (first !== undefined && last !== undefined && first !== last) {
    lines.push(`held out ${percent(first.evaluation.accuracy)} to ${percent(last.evaluation.accuracy)}`);
  }
  if (sample !== undefined)
    lines.push(`${sample.verdict.outcome}: ${oneLine(promptOf(sample))} > ${oneLine(sample.text)}`);
  if (busy !== '') lines.push(busy);
  return lines.map((line) => fit(line, columns));
}

function promptOf({ task }: ScoredRollout): string {
  return typeof task.prompt === 'string' ? task.prompt : (task.prompt.at(-1)?.content ?? '');
}

/** Bold first words, green and red verdicts. Adds no width. */
function paint(line: string): string {
  return line
    .replace(/^correct\b/, '\u001b[32m$&\u001b[39m')
    .replace(/^(incorrect|unscorable|timeout|crashed)\b/, '\u001b[31m$&\u001b[39m')
    .replace(/^(\S+)(?= {2}step )/, '\u001b[1m$1\u001b[22m');
}
