import type { Json, StepVerdict, WorkedVerdict } from './task.js';
import { isFault } from './families/family.js';
import type { Family, Fault } from './families/family.js';
import { quote } from './families/text.js';

/** Stands before the final answer, on a line of its own: the convention of GSM8K. */
export const ANSWER_MARKER = '####';

/** Longer responses and lines are not read: no right one comes near, and time stays bounded. In UTF-16 units. */
const MAX_RESPONSE = 20_000;
const MAX_LINE = 400;
/** No family's working has more lines; more would be a family that does not end, which is our bug. */
const MAX_LINES = 2_000;

export interface Working {
  readonly steps: readonly string[];
  readonly answer: string;
}

/** A response as it is written: one step a line, then the answer after its marker. No line break at the end. */
export function formatWorking(working: Working): string {
  return [...working.steps, `${ANSWER_MARKER} ${working.answer}`].join('\n');
}

/** The lines that a careful author writes from `state` on, and the answer they lead to. */
export function continueWorking<State>(family: Family<object, Json, State>, problem: Json, state: State): Working {
  const steps: string[] = [];
  let reached = state;
  for (let line = family.next(problem, reached); line !== null; line = family.next(problem, reached)) {
    steps.push(line.text);
    reached = line.state;
    if (steps.length > MAX_LINES) {
      throw new Error(
        `continueWorking: the working of family ${family.name} does not end; this is a bug in the family`,
      );
    }
  }
  return { steps, answer: family.conclude(problem, reached) };
}

/** A response taken apart. `answer` is null without a marker; `tidy` when its form is exactly that of `formatWorking`. */
interface Parsed {
  readonly lines: readonly { readonly text: string; readonly start: number; readonly end: number }[];
  readonly answer: string | null;
  readonly tidy: boolean;
}

function parse(response: string): Parsed {
  const marker = response.lastIndexOf(ANSWER_MARKER);
  const body = marker < 0 ? response : response.slice(0, marker);
  const lines: { text: string; start: number; end: number }[] = [];
  let position = 0;
  for (const raw of body.split('\n')) {
    const text = raw.trim();
    const start = position + raw.length - raw.trimStart().length;
    if (text !== '') lines.push({ text, start, end: start + text.length });
    position += raw.length + 1;
  }
  if (marker < 0) return { lines, answer: null, tidy: false };
  const tail = response.slice(marker + ANSWER_MARKER.length);
  const [answerLine = '', ...after] = tail.split('\n');
  const answer = answerLine.trim();
  const ownLine = marker === 0 || response[marker - 1] === '\n';
  const tidy = ownLine && answer !== '' && !body.includes(ANSWER_MARKER) && after.every((line) => line.trim() === '');
  return { lines, answer, tidy };
}

interface JudgedSteps {
  readonly steps: readonly StepVerdict[];
  /** Share of right steps among those written and those still missing, in [0, 1]. */
  readonly share: number;
  readonly words: string;
}

function judgeSteps(family: Family<object, Json, unknown>, problem: Json, lines: Parsed['lines']): JudgedSteps {
  let state = family.begin(problem);
  let wrong: Fault | null = null;
  let words = '';
  const steps = lines.map(({ text, start, end }, index): StepVerdict => {
    if (wrong !== null) return { text, start, end, right: false, fault: 'follows a wrong step' };
    const reached =
      text.length > MAX_LINE
        ? { code: 'too-long', words: `a step may have ${MAX_LINE} characters` }
        : family.accept(problem, state, text);
    if (!isFault(reached)) {
      state = reached;
      return { text, start, end, right: true, fault: '' };
    }
    wrong = reached;
    words = `Step ${index + 1} ${quote(text)} is wrong: ${reached.words}.`;
    return { text, start, end, right: false, fault: reached.words };
  });
  const right = steps.filter((step) => step.right).length;
  const missing = continueWorking(family, problem, state).steps.length;
  const needed = Math.max(steps.length, right + missing);
  if (wrong === null && missing > 0) words = `The working stops ${missing} ${missing === 1 ? 'step' : 'steps'} early.`;
  return { steps, share: needed === 0 ? 1 : right / needed, words };
}

/**
 * Judges a worked response. `parts`: `answer` 1 when the text after the last `####` is right, whatever the working;
 * `steps` the share of the working that is right (a step counts only when all before it are right); `format` 1 when
 * the response is steps, one marker on its own line, an answer, and nothing else. The score is `answer`.
 */
export function judgeWorking(family: Family<object, Json, unknown>, problem: Json, response: string): WorkedVerdict {
  const started = performance.now();
  const finish = (verdict: Omit<WorkedVerdict, 'elapsedMs'>): WorkedVerdict => ({
    ...verdict,
    elapsedMs: performance.now() - started,
  });
  if (response.length > MAX_RESPONSE) {
    const feedback = `The response has ${response.length} characters; at most ${MAX_RESPONSE} are read.`;
    const parts = { answer: 0, steps: 0, format: 0 };
    return finish({ outcome: 'incorrect', score: 0, parts, extracted: null, reason: 'too-long', feedback, steps: [] });
  }
  const { lines, answer, tidy } = parse(response);
  const judged = judgeSteps(family, problem, lines);
  const answerFault = judgeAnswerText(family, problem, answer);
  const score = answerFault === null ? 1 : 0;
  const sentences = [judged.words, answerFault === null ? '' : `${capital(answerFault.words)}.`];
  return finish({
    outcome: answerFault === null ? 'correct' : 'incorrect',
    score,
    parts: { answer: score, steps: judged.share, format: tidy ? 1 : 0 },
    extracted: answer === '' ? null : answer,
    reason: answerFault === null ? 'equal' : answerFault.code,
    feedback: sentences.filter((sentence) => sentence !== '').join(' '),
    steps: judged.steps,
  });
}

function judgeAnswerText(family: Family<object, Json, unknown>, problem: Json, answer: string | null): Fault | null {
  if (answer === null) return { code: 'no-answer', words: `there is no answer after ${ANSWER_MARKER}` };
  if (answer === '') return { code: 'no-answer', words: `nothing stands after ${ANSWER_MARKER}` };
  if (answer.length > MAX_LINE) return { code: 'too-long', words: `an answer may have ${MAX_LINE} characters` };
  return family.judgeAnswer(problem, answer);
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
