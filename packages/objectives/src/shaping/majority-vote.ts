/** A label that a group of answers votes for, and the weight of each answer in the order of first appearance. */
export interface Vote {
  /** Null where nothing was voted for. */
  readonly label: string | null;
  readonly scores: ReadonlyMap<string, number>;
}

/**
 * The answer with the largest total weight; the one seen first on ties. Null answers are missing and do not vote, and
 * neither takes another's weight. Weights default to 1: the most frequent answer.
 */
export function weightedVote(answers: readonly (string | null)[], weights?: ArrayLike<number>): Vote {
  const scores = new Map<string, number>();
  answers.forEach((answer, i) => {
    if (answer !== null) scores.set(answer, (scores.get(answer) ?? 0) + (weights?.[i] ?? 1));
  });
  let [label, most] = [null as string | null, -Infinity];
  for (const [answer, score] of scores) if (score > most) [label, most] = [answer, score];
  return { label, scores };
}
