/**
 * @file RLVER (arXiv 2507.03112): the emotion of a simulated user as a reward for dialogue.
 *
 *   e <- min(e + change, 100);  r = max(e_final, 0) / 100, and 0 when any reply breaks the think format
 *
 * Training starts at 30 without clipping the change and fails at e <= 0; the SAGE evaluation starts at 40, clips the change
 * to +-10 and fails at e < 10.
 */

/** The first signed integer after the last `Change:` of a simulator's analysis; null when there is none. */
export function parseEmotionChange(text: string): number | null {
  const plain = text.replaceAll('：', ':').replaceAll('*', '');
  const at = plain.lastIndexOf('Change:');
  const found = at < 0 ? null : /[+-]?\d{1,9}/.exec(plain.slice(at + 'Change:'.length).replace(/[[\]]/g, ''));
  return found === null ? null : Number(found[0]);
}

/** S 100, A from 70, B from 40, C from 10, else F. */
export type EmotionState = 'S' | 'A' | 'B' | 'C' | 'F';

export function emotionState(emotion: number): EmotionState {
  if (emotion >= 100) return 'S';
  if (emotion >= 70) return 'A';
  if (emotion >= 40) return 'B';
  return emotion >= 10 ? 'C' : 'F';
}

export interface EmotionRules {
  readonly initial: number;
  /** Largest absolute change per turn; null for none. */
  readonly clamp: number | null;
  readonly maxTurns: number;
  readonly failAt: number;
  /** Whether reaching `failAt` exactly fails. */
  readonly failInclusive: boolean;
}

export const trainingRules: EmotionRules = { initial: 30, clamp: null, maxTurns: 8, failAt: 0, failInclusive: true };
export const sageRules: EmotionRules = { initial: 40, clamp: 10, maxTurns: 10, failAt: 10, failInclusive: false };

export interface EmotionEpisode {
  readonly trajectory: readonly number[];
  readonly states: readonly EmotionState[];
  readonly end: 'success' | 'failure' | 'max_turns';
  readonly final: number;
  readonly reward: number;
}

/** Plays the emotion changes of one dialogue until success, failure, or the last turn. */
export function emotionEpisode(changes: readonly number[], rules: EmotionRules = trainingRules): EmotionEpisode {
  const trajectory: number[] = [];
  let emotion = rules.initial;
  let end: EmotionEpisode['end'] = 'max_turns';
  for (const change of changes.slice(0, rules.maxTurns)) {
    const step = rules.clamp === null ? change : Math.min(rules.clamp, Math.max(-rules.clamp, change));
    emotion = Math.min(emotion + step, 100);
    trajectory.push(emotion);
    if (emotion >= 100) end = 'success';
    else if (emotion < rules.failAt || (rules.failInclusive && emotion === rules.failAt)) end = 'failure';
    if (end !== 'max_turns') break;
  }
  return {
    trajectory,
    states: trajectory.map(emotionState),
    end,
    final: emotion,
    reward: emotionReward(emotion, true),
  };
}

/** The reward of a whole dialogue, in [0, 1]. */
export function emotionReward(finalEmotion: number, isFormatted: boolean): number {
  return isFormatted ? Math.max(0, finalEmotion) / 100 : 0;
}

/** One think block at the start and a reply after it. */
export function hasThinkReply(text: string): boolean {
  const body = text.trim();
  const end = body.indexOf('</think>');
  if (!body.startsWith('<think>') || end < 0) return false;
  const reply = body.slice(end + '</think>'.length);
  const thought = body.slice('<think>'.length, end);
  return reply.trim() !== '' && ![reply, thought].some((part) => part.includes('<think>') || part.includes('</think>'));
}
