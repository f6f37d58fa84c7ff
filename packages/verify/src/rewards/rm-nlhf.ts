/**
 * @file RM-NLHF (arXiv 2601.07349): a process reward for critiques from how far their arguments match a human critique.
 *
 *   R = -1 bad format, 0 wrong label, 1 + lambda R_process right label;  R_process = F1 of decisive arguments
 *
 * A fatal error in the human critique is its only decisive argument; repeating one argument scores 0 outright. R_process is
 * continuous by default, or binary (F1 > threshold), as a third-party implementation has it.
 */

export interface ArgumentScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Precision, recall and F1 of matched arguments; 0 wherever a denominator is 0. */
export function argumentF1(reference: number, generated: number, matched: number): ArgumentScores {
  const precision = generated === 0 ? 0 : matched / generated;
  const recall = reference === 0 ? 0 : matched / reference;
  const sum = precision + recall;
  return { precision, recall, f1: sum === 0 ? 0 : (2 * precision * recall) / sum };
}

/** One argument: which response it is about, praise or blame, what it says, and whether it names a fatal error. */
export interface CritiqueArgument {
  readonly side: string;
  readonly polarity: string;
  readonly key: string;
  readonly fatal: boolean;
}

/** The same over structured arguments; two match when side, polarity and key are equal. */
export function structuredCoreF1(
  reference: readonly CritiqueArgument[],
  generated: readonly CritiqueArgument[],
): ArgumentScores & { readonly repeated: boolean } {
  const identity = ({ side, polarity, key }: CritiqueArgument): string => JSON.stringify([side, polarity, key]);
  const fatal = reference.filter((argument) => argument.fatal).slice(0, 1);
  const wanted = new Set((fatal.length > 0 ? fatal : reference).map(identity));
  const own = new Set(generated.map(identity));
  if (own.size < generated.length) return { repeated: true, precision: 0, recall: 0, f1: 0 };
  const matched = [...own].filter((argument) => wanted.has(argument)).length;
  return { repeated: false, ...argumentF1(wanted.size, own.size, matched) };
}

function lastNumber(block: string, tag: string): number | null {
  const open = `<${tag}>`;
  const at = block.lastIndexOf(open);
  const end = at < 0 ? -1 : block.indexOf(`</${tag}>`, at);
  const source = end < 0 ? '' : block.slice(at + open.length, end).trim();
  return /^[+-]?\d+(?:\.\d+)?$/.test(source) ? Math.min(1, Math.max(0, Number(source))) : null;
}

/** The judge's three scores from its last `<scores>` block, clipped to [0, 1]; null unless all are there. */
export function parseSimilarityScores(text: string): ArgumentScores | null {
  const start = text.lastIndexOf('<scores>');
  const end = start < 0 ? -1 : text.indexOf('</scores>', start);
  if (end < 0) return null;
  const block = text.slice(start, end);
  const f1 = lastNumber(block, 'critique_f1');
  const precision = lastNumber(block, 'critique_precision');
  const recall = lastNumber(block, 'critique_recall');
  if (f1 === null || precision === null || recall === null) return null;
  return { f1, precision, recall };
}

/** How the process score enters: as it is, or 1 above the threshold and 0 otherwise. */
export type ProcessMode = 'continuous' | 'binary';

/** The gated reward of one critique; a missing process score counts 0. */
export function critiqueReward(
  critique: {
    readonly isFormatted: boolean;
    readonly predicted: string;
    readonly gold: string;
    readonly processScore: number | null;
  },
  options: { readonly lambda?: number; readonly threshold?: number; readonly mode?: ProcessMode } = {},
): number {
  const { lambda = 0.5, threshold = 0.5, mode = 'continuous' } = options;
  if (!critique.isFormatted) return -1;
  if (critique.predicted !== critique.gold) return 0;
  const score = critique.processScore ?? 0;
  return 1 + lambda * (mode === 'binary' ? Number(score > threshold) : score);
}
