const TAGS = {
  R1: ['<think>', '</think>', '<answer>', '</answer>'],
  R1_nothink: ['<answer>', '</answer>'],
} as const;

export type TagMode = keyof typeof TAGS;

/**
 * 1 where each tag occurs exactly once and in order, else 0 (RLPR, format_reward in reward_manager/prob.py). Text may
 * stand between and behind them; in front only without thinking tags, R1 begins with the first one.
 */
export function tagReward(text: string, mode: TagMode): number {
  const places = TAGS[mode].map((tag) => (text.split(tag).length === 2 ? text.indexOf(tag) : -1));
  const isOrdered = places.every((place, i) => place >= 0 && (i === 0 || place > places[i - 1]!));
  return isOrdered && (mode === 'R1_nothink' || places[0] === 0) ? 1 : 0;
}

/**
 * -1 where some run of `window` words occurs at least `limit` times, else 0 (RLPR, repetition.py). Words are separated by
 * white space and underscores; a text of at most `window` words is never punished.
 */
export function repeatedRunPenalty(text: string, window = 10, limit = 10): number {
  const words = text
    .split(/\s+/)
    .filter((segment) => segment !== '')
    .flatMap((segment) => segment.split('_'));
  if (words.length <= window) return 0;
  const counts = new Map<string, number>();
  for (let i = 0; i + window <= words.length; i++) {
    const run = words.slice(i, i + window).join(' ');
    const count = (counts.get(run) ?? 0) + 1;
    if (count >= limit) return -1;
    counts.set(run, count);
  }
  return 0;
}
