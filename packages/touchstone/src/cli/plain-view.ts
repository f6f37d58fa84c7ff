import type { RunObserver } from '../run/observer.js';
import type { CliIo } from './io.js';
import type { EvaluationHistory } from './run-report.js';
import { evaluationLine, finalLines, secondsLeft, stepPieces } from './run-report.js';
import { duration, fit, oneLine } from './text.js';

const WIDTH = 100;
/** Steps between sample rollouts. */
const SAMPLE_EVERY = 10;

/** Progress where there is no terminal: one plain line an event. */
export function plainView(io: CliIo): RunObserver {
  const line = (text: string) => io.stdout(`${text}\n`);
  const history: EvaluationHistory[number][] = [];
  let run = { name: '', steps: 0, from: 0 };
  const startedMs = performance.now();
  return {
    started(info) {
      run = info;
      line(
        `${info.name}: ${info.steps} steps${info.from > 0 ? `, going on after step ${info.from}` : ''}, run in ${info.folder}`,
      );
    },
    evaluating: () => undefined,
    evaluated(step, evaluation) {
      history.push({ step, evaluation });
      line(`held out after step ${step}: ${evaluationLine(evaluation)}`);
    },
    stepped({ metrics, timings, sample }) {
      const step = metrics.step ?? 0;
      const left = duration(secondsLeft(startedMs, run.from, step, run.steps));
      line([`step ${step}/${run.steps}`, ...stepPieces(metrics, timings.tokensPerSecond), `left ${left}`].join('  '));
      if (sample !== undefined && step % SAMPLE_EVERY === 0) {
        line(fit(`  sample (${sample.verdict.outcome}): ${oneLine(sample.text)}`, WIDTH));
      }
    },
    notice: (sentence) => line(`note: ${sentence}`),
    finished: (result) => finalLines(result, history, WIDTH).forEach(line),
  };
}
