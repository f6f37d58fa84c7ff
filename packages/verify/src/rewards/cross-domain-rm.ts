/**
 * @file Cross-domain verifiable rewards (arXiv 2503.23829): the reward out of a verifier model's next-token probabilities.
 *
 *   paper: binary [c = YES]; soft p_yes if c = YES, 1 - p_no if c = NO, else 0
 *   ratio: soft p_yes / (p_yes + p_no), 0 if both are 0; binary [p_yes > p_no]
 *
 * Use `ratio` where probability leaks to other tokens: `paper` then pays 1 - p_no to a verifier that says nothing.
 */
import { splitWhitespace } from '../text/characters.js';

/** The last line that is not blank, trimmed; null for a blank text. */
export function finalStep(text: string): string | null {
  return (
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .at(-1) ?? null
  );
}

export type SoftRewardMode = 'paper' | 'ratio';

export interface VerifierReward {
  readonly soft: number;
  readonly binary: 0 | 1;
}

/** The reward of one judged response; without a sampled verdict the more probable one counts (YES only if strictly). */
export function verifierReward(
  probabilities: { readonly yes: number; readonly no: number },
  verdict: string | null = null,
  mode: SoftRewardMode = 'paper',
): VerifierReward {
  const { yes, no } = probabilities;
  if (mode === 'ratio') return { soft: yes + no === 0 ? 0 : yes / (yes + no), binary: yes > no ? 1 : 0 };
  const said = verdict ?? (yes > no ? 'YES' : 'NO');
  if (said === 'YES') return { soft: yes, binary: 1 };
  return { soft: said === 'NO' ? 1 - no : 0, binary: 0 };
}

/** Probability mass of all tokens that read yes, or no, once trimmed and lower-cased. */
export function yesNoMass(top: readonly (readonly [token: string, probability: number])[]): {
  readonly yes: number;
  readonly no: number;
} {
  const mass = (word: string): number =>
    top.reduce(
      (sum, [token, probability]) => sum + (splitWhitespace(token.toLowerCase()).join('') === word ? probability : 0),
      0,
    );
  return { yes: mass('yes'), no: mass('no') };
}
