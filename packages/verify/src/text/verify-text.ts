/**
 * @file Text answers: equal after normalisation, or close by an overlap score. Deterministic and bounded; what they do
 * not protect against: a response that lists many answers earns token overlap with each.
 */
import { answerPart } from '../extract/thinking.js';
import { correct, incorrect, partial, unscorable, type Verdict } from '../verdict.js';
import { normalizeAnswer } from './normalize.js';
import { bleu, rougeL, tokenF1 } from './overlap.js';

/** How two texts are compared. All scores lie in [0, 1]; `exact` and `normalized` are 0 or 1. */
export type TextMetric = 'exact' | 'normalized' | 'contains' | 'token-f1' | 'rouge-l' | 'bleu' | 'length-aware-bleu';

/** Response and reference are capped in length, so that every metric stays within some tens of milliseconds. */
export const longestText = 200_000;

type Compare = (response: string, reference: string) => number | null;

const words = (text: string): string[] =>
  normalizeAnswer(text)
    .split(' ')
    .filter((word) => word !== '');

const metrics: Readonly<Record<TextMetric, Compare>> = {
  exact: (response, reference) => Number(response.trim() === reference.trim()),
  normalized: (response, reference) => Number(normalizeAnswer(response) === normalizeAnswer(reference)),
  contains: (response, reference) => {
    const wanted = normalizeAnswer(reference);
    return Number(wanted !== '' && ` ${normalizeAnswer(response)} `.includes(` ${wanted} `));
  },
  'token-f1': (response, reference) => tokenF1(words(response), words(reference)),
  'rouge-l': (response, reference) => rougeL(words(response), words(reference)),
  bleu: (response, reference) => bleu(words(response), words(reference)),
  'length-aware-bleu': (response, reference) => bleu(words(response), words(reference), { lengthAware: true }),
};

export function isTextMetric(name: unknown): name is TextMetric {
  return typeof name === 'string' && Object.hasOwn(metrics, name);
}

/**
 * Compares a response with one accepted text or several (the best counts). `options.metric` defaults to `normalized`.
 * Reasoning between think tags is passed over, and where an answer tag is used only its content counts.
 * A response of nothing but whitespace is wrong even where the reference normalises to nothing.
 */
export function verifyText(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
): Verdict {
  const accepted: unknown[] = Array.isArray(reference) ? reference : [reference];
  const metric = options['metric'] ?? 'normalized';
  if (accepted.length === 0 || !accepted.every((each) => typeof each === 'string' && each.trim() !== '')) {
    return unscorable('bad-reference', {
      feedback: 'the reference must be a text or a list of texts, none of them empty',
    });
  }
  if (accepted.some((each) => (each as string).length > longestText)) {
    return unscorable('bad-reference', { feedback: `the reference must have at most ${longestText} characters` });
  }
  if (!isTextMetric(metric)) {
    return unscorable('bad-option', { feedback: `metric must be one of ${Object.keys(metrics).join(', ')}` });
  }
  const extracted = answerPart(response);
  if (extracted === '') return incorrect('no-answer');
  if (response.length > longestText) return incorrect('too-long');
  const scores = accepted.map((each) => metrics[metric](extracted, each as string));
  if (scores.includes(null)) return unscorable('too-long', { feedback: `the texts are too long for ${metric}` });
  const score = Math.max(...(scores as number[]));
  const detail = { extracted, parts: { [metric]: score } };
  return score === 1 ? correct('equal', detail) : partial(score, score === 0 ? 'different' : 'close', detail);
}
