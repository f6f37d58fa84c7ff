/** From `start` to `end` over `total` steps in a straight line, constant before and behind. */
export function linearAnneal(step: number, total: number, start = 1, end = 0): number {
  const progress = Math.min(Math.max(step / total, 0), 1);
  return start + (end - start) * progress;
}

/** From `start` to `end` along half a cosine, `end + (start - end) (1 + cos(pi step / total)) / 2`. */
export function cosineAnneal(step: number, total: number, start: number, end: number): number {
  const progress = Math.min(Math.max(step / total, 0), 1);
  return end + 0.5 * (start - end) * (1 + Math.cos(Math.PI * progress));
}
