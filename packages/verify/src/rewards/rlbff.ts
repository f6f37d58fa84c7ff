/**
 * @file RLBFF (arXiv 2509.21319): binary principles out of free-form feedback.
 *
 *   reward r = log P(Yes) - log P(No), each floored at -50 below the largest;  GenRM training reward: r or -r by the label
 *   evidence: partial_ratio(span, feedback) > 60;  consensus: a principle needs a close one (cosine > 0.8) of every annotator
 *
 * `partialRatio` is RapidFuzz's definition.
 */

/** Log-odds of two answer tokens among scores (logits or log-probabilities; null where a top-k list lacks one). */
export function yesNoReward(scores: readonly (number | null)[], yes: number, no: number, floor = -50): number {
  const highest = Math.max(...scores.filter((score) => score !== null));
  const floored = (index: number): number => Math.max(floor, (scores[index] ?? -Infinity) - highest);
  return floored(yes) - floored(no);
}

/** The generative judge's training reward: its log-odds where the label is yes (1), their negative where it is no. */
export function genRmReward(reward: number, label: number): number {
  return label === 1 ? reward : -reward;
}

/** Longest span and feedback that are compared, in UTF-16 units. */
const longestSpan = 500;
const longestFeedback = 5000;

function lcs(left: string, right: string): number {
  const row = new Uint16Array(right.length + 1);
  for (let i = 0; i < left.length; i++) {
    let diagonal = 0;
    for (let j = 0; j < right.length; j++) {
      const above = row[j + 1]!;
      row[j + 1] = left.charCodeAt(i) === right.charCodeAt(j) ? diagonal + 1 : Math.max(above, row[j]!);
      diagonal = above;
    }
  }
  return row[right.length]!;
}

function indelRatio(left: string, right: string): number {
  return left.length + right.length === 0 ? 100 : (200 * lcs(left, right)) / (left.length + right.length);
}

/** Best ratio of the shorter text with any window of the longer, its shorter prefixes and suffixes included. */
function bestWindow(short: string, long: string): number {
  let best = 0;
  for (let end = 1; end < short.length; end++) best = Math.max(best, indelRatio(short, long.slice(0, end)));
  for (let start = 0; start < long.length; start++) {
    best = Math.max(best, indelRatio(short, long.slice(start, start + short.length)));
    if (best === 100) break;
  }
  return best;
}

/** Similarity in [0, 100] of the shorter text with its best place in the longer; case matters. */
export function partialRatio(a: string, b: string): number {
  const [first, second] = [a.slice(0, longestFeedback), b.slice(0, longestFeedback)];
  const [short, long] = first.length <= second.length ? [first, second] : [second, first];
  if (short === '') return long === '' ? 100 : 0;
  const cut = short.slice(0, longestSpan);
  const ratio = bestWindow(cut, long);
  return first.length === second.length ? Math.max(ratio, bestWindow(long.slice(0, longestSpan), short)) : ratio;
}

/** Whether the quoted span really stands in the feedback. */
export function evidenceHolds(span: string, feedback: string, threshold = 60): boolean {
  return partialRatio(span, feedback) > threshold;
}

function cosine(left: readonly number[], right: readonly number[]): number {
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));
}

/** By annotator and principle: is there a principle closer than the threshold with every other annotator? */
export function consensusKeep(
  embeddings: readonly (readonly (readonly number[])[])[],
  threshold = 0.8,
): readonly (readonly boolean[])[] {
  return embeddings.map((own, annotator) =>
    own.map((principle) =>
      embeddings.every(
        (others, other) => other === annotator || others.some((each) => cosine(principle, each) > threshold),
      ),
    ),
  );
}
