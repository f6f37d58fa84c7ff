/**
 * DRIVE (arXiv 2511.06307, sections 3 and 4; no official code): which prompts are trained, in which order, with how many
 * rollouts. The loss stays GRPO.
 *
 * Stage 1 trains broadly with few rollouts; stage 2 trains the K_1 > K_2 > ... prompts that are hardest by their own pass
 * rate, phase by phase, with large groups. Choices where the paper is silent: ties go to the lower index, and a prompt that
 * was dropped never comes back.
 */
import { part } from '../define.js';

export const drive = part({
  title: 'DRIVE',
  source: 'arXiv 2511.06307',
  kinds: ['filter', 'schedule'],
  summary: 'A shrinking set of the hardest prompts, trained with large groups after a broad first stage.',
  vectors: 'drive',
  needs: [],
});

/** Indices of the `keep` prompts with the smallest pass rate, hardest first, ties by index. NaN rates (unmeasured) come last. */
export function selectHardest(passRates: readonly number[], keep: number): number[] {
  const rate = (index: number): number => (Number.isNaN(passRates[index]) ? Infinity : passRates[index]!);
  const order = passRates.map((_, index) => index);
  return order.sort((a, b) => (rate(a) === rate(b) ? a - b : rate(a) - rate(b))).slice(0, keep);
}

/**
 * Prompts of each phase, hardest first: phase p keeps `keeps[p]` of those of the phase before.
 * @param passRates [phases][prompts] rates measured before each phase
 */
export function nestedPhases(passRates: readonly (readonly number[])[], keeps: readonly number[]): number[][] {
  const phases: number[][] = [];
  let alive = (passRates[0] ?? []).map((_, index) => index);
  for (const [phase, keep] of keeps.entries()) {
    const rates = passRates[phase] ?? [];
    // In order of index before the selection, so that equal rates are resolved by index and not by the last phase.
    const candidates = [...alive].sort((a, b) => a - b);
    const chosen = selectHardest(
      candidates.map((index) => rates[index] ?? Number.NaN),
      keep,
    );
    alive = chosen.map((position) => candidates[position]!);
    phases.push(alive);
  }
  return phases;
}

export interface PhaseStep {
  /** From 0. */
  readonly phase: number;
  /** From 0 within the phase. */
  readonly step: number;
}

/** Where a global step of the stage falls, given the steps of each phase; null after the last. */
export function curriculumPhase(step: number, budgets: readonly number[]): PhaseStep | null {
  let left = step;
  for (const [phase, budget] of budgets.entries()) {
    if (left < budget) return { phase, step: left };
    left -= budget;
  }
  return null;
}

/** Indices of a data set in which every hard item stands twice in a row. */
export function twiceHard(labels: readonly ('easy' | 'medium' | 'hard')[]): number[] {
  return labels.flatMap((label, index) => (label === 'hard' ? [index, index] : [index]));
}

/** 1 - (1 - p)^G - p^G: the chance that a group of G rollouts has both right and wrong ones. */
export function groupSignalProbability(passRate: number, rollouts: number): number {
  return Math.max(0, 1 - (1 - passRate) ** rollouts - passRate ** rollouts);
}
