/**
 * @file PPR (arXiv 2509.25598): the reply of a judge that rates one turn of a search agent. The last
 * `<final_score>score,maximum</final_score>` counts; both are integers.
 */
const finalScore = /<final_score>\s*(-?\d+)\s*,\s*(-?\d+)\s*<\/final_score>/;

const OPENING = '<final_score>';

/** Score and maximum of the last tag; null unless it holds two integers. */
export function parseFinalScore(reply: string): readonly [number, number] | null {
  const at = reply.lastIndexOf(OPENING);
  const found = at < 0 ? null : finalScore.exec(reply.slice(at));
  return found === null || found.index > 0 ? null : [Number(found[1]), Number(found[2])];
}

/** Score over maximum, in [0, 1]; null for a reply that cannot be read or whose numbers do not fit. */
export function turnScore(reply: string): number | null {
  const parsed = parseFinalScore(reply);
  if (parsed === null) return null;
  const [score, maximum] = parsed;
  return maximum > 0 && score >= 0 && score <= maximum ? score / maximum : null;
}
