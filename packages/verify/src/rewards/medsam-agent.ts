/**
 * @file MedSAM-Agent (arXiv 2602.03320): the reward of an episode of boxes and clicks that refines a segmentation mask.
 *
 *   R = 0.2 f + 0.8 clip(b - p + u, 0, 1)
 *   f: interaction and final stop (1, 0.5, 0);  b: mean of final IoU and Dice (IoU when Dice is 0)
 *   p: lost ground against the best turn + 0.01 per turn (from two turns on);  u: 0.1 times the summed gains
 *
 * Masks are 0/1 matrices of one size; resizing is the caller's. Values follow the released code.
 */
import { tagSpans } from '../format/tags.js';
import { isRecord, parseJson } from '../structure/json.js';
import { clip } from './statistics.js';

export type Mask = readonly (readonly number[])[];

/** Intersection over union (1 when both are empty) and Dice (1 when both are empty). */
export function maskOverlap(mask: Mask, truth: Mask): { readonly iou: number; readonly dice: number } {
  let [both, own, other] = [0, 0, 0];
  for (const [y, row] of truth.entries()) {
    for (const [x, value] of row.entries()) {
      const inMask = (mask[y]?.[x] ?? 0) > 0;
      if (inMask) own++;
      if (value > 0) other++;
      if (inMask && value > 0) both++;
    }
  }
  const union = own + other - both;
  return { iou: union === 0 ? 1 : both / union, dice: own + other === 0 ? 1 : (2 * both) / (own + other) };
}

const actions = ['add_bbox', 'add_point', 'stop_action'] as const;

/** The action of one call: its JSON name, else the first known name that occurs in the text. */
function actionOf(body: string): string {
  const parsed = parseJson(body.trim())?.value;
  if (isRecord(parsed) && typeof parsed['name'] === 'string') return parsed['name'];
  return actions.find((action) => body.includes(action)) ?? '';
}

/** 1 for a box or click and a final stop, 0.5 for one of the two, 0 for neither. */
export function interactionFormat(text: string): number {
  const calls = tagSpans(text, 'tool_call').map(({ start, end }) => actionOf(text.slice(start, end)));
  const interacts = calls.some((action) => action === 'add_bbox' || action === 'add_point');
  return 0.5 * Number(interacts) + 0.5 * Number(calls.at(-1) === 'stop_action');
}

export interface MedsamWeights {
  readonly format?: number;
  readonly quality?: number;
  readonly iou?: number;
  readonly dice?: number;
  readonly improvement?: number;
  readonly turnPenalty?: number;
  readonly overshoot?: number;
}

export interface MedsamReward {
  readonly score: number;
  readonly iou: number;
  readonly dice: number;
  readonly format: number;
  readonly penalty: number;
  readonly improvement: number;
  readonly quality: number;
  readonly iouPerTurn: readonly number[];
  readonly dicePerTurn: readonly number[];
}

const smallestGap = 1e-6;

/** Scores the transcript and the mask after each turn; without any mask an empty one is graded. */
export function medsamReward(
  text: string,
  masks: readonly Mask[],
  truth: Mask,
  weights: MedsamWeights = {},
): MedsamReward {
  const {
    format: formatWeight = 0.2,
    quality: qualityWeight = 0.8,
    iou: iouWeight = 0.5,
    dice: diceWeight = 0.5,
  } = weights;
  const { improvement: improvementScale = 0.1, turnPenalty = 0.01, overshoot = 1 } = weights;
  const turns = (masks.length === 0 ? [[]] : masks).map((mask) => maskOverlap(mask, truth));
  const ious = turns.map(({ iou }) => iou);
  const { iou, dice } = turns.at(-1)!;
  const base = dice > 0 ? iouWeight * iou + diceWeight * dice : iou;
  const gap = Math.max(...ious) - iou;
  const penalty = turns.length <= 1 ? 0 : (gap >= smallestGap ? gap : 0) * overshoot + turnPenalty * turns.length;
  const gains = ious.reduce((sum, value, turn) => sum + (turn === 0 ? 0 : Math.max(0, value - ious[turn - 1]!)), 0);
  const improvement = improvementScale * gains;
  const quality = clip(base - penalty + improvement, 0, 1);
  const format = interactionFormat(text);
  return {
    score: formatWeight * format + qualityWeight * quality,
    iou,
    dice,
    format,
    penalty,
    improvement,
    quality,
    iouPerTurn: ious,
    dicePerTurn: turns.map((turn) => turn.dice),
  };
}
