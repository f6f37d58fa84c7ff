/**
 * @file CLS-RL and No-Thinking-RL (arXiv 2503.16188): rewards for naming a class.
 * CLS-RL: accuracy (case ignored, first one-line answer tag or the whole text) + format. No-Thinking: the completion must
 * equal the class name exactly, so that any extra token earns nothing. The symbolic check of mathematical answers that the
 * code tries first is left to the caller.
 */
import { tagSpans } from '../format/tags.js';

/** Content of the first answer tag that opens and closes on one line; the whole text when there is none. */
function oneLineAnswer(text: string): string {
  const span = tagSpans(text, 'answer').find(({ start, end }) => !text.slice(start, end).includes('\n'));
  return (span === undefined ? text : text.slice(span.start, span.end)).trim();
}

/** The whole completion is a think block and then an answer block with only whitespace between. */
function isThinkThenAnswer(text: string): boolean {
  const close = '</answer>';
  if (!text.startsWith('<think>') || !text.endsWith(close)) return false;
  const answerStart = /<\/think>\s*<answer>/g;
  answerStart.lastIndex = '<think>'.length;
  const found = answerStart.exec(text);
  return found !== null && found.index + found[0].length <= text.length - close.length;
}

export interface ClassRewards {
  readonly accuracy: 0 | 1;
  readonly format: 0 | 1;
  /** The reward of the variant that answers directly. */
  readonly noThinking: 0 | 1;
}

/** All three rewards of one completion; the solution may stand in answer tags. */
export function classRewards(completion: string, solution: string): ClassRewards {
  const name = solution.replaceAll('<answer>', '').replaceAll('</answer>', '').trim();
  const isRight = oneLineAnswer(completion).toLowerCase() === oneLineAnswer(solution).toLowerCase();
  return {
    accuracy: isRight ? 1 : 0,
    format: isThinkThenAnswer(completion) ? 1 : 0,
    noThinking: completion === name ? 1 : 0,
  };
}
