/**
 * @file SSL4RL (arXiv 2510.16416): rewards and answers of self-supervised image tasks whose target is known by construction
 * (rotation, contrast, position, jigsaw). The geometry is here; cutting pixels is the caller's.
 */
import { tagContent } from '../format/tags.js';

const marker = 'assistant\n';

function answerOf(text: string): string | null {
  const at = text.lastIndexOf(marker);
  return tagContent(at < 0 ? text : text.slice(at + marker.length), 'answer', 'first');
}

/** 1 when the tagged answer equals one of the comma-separated truths, letter for letter; 0 without a tag. */
export function exactTaskReward(text: string, truth: string): 0 | 1 {
  const answer = answerOf(text);
  return answer !== null && truth.split(',').some((each) => each.trim() === answer) ? 1 : 0;
}

/** Share of places with the right number, in [0, 1]; missing or malformed entries score 0, surplus ones are ignored. */
export function jigsawReward(text: string, truth: string): number {
  const answer = answerOf(text);
  if (answer === null) return 0;
  const numbers = (source: string): (number | null)[] =>
    source.split(',').map((entry) => (/^\s*[+-]?\d+\s*$/.test(entry) ? Number(entry) : null));
  const given = numbers(answer);
  const wanted = numbers(truth);
  return wanted.filter((value, index) => value !== null && given[index] === value).length / wanted.length;
}

/** For each place of the restored image the number (from 1) of the shown patch that goes there, comma-joined. */
export function jigsawAnswer(shownOrder: readonly number[]): string {
  const inverse = new Array<number>(shownOrder.length).fill(0);
  for (const [shown, original] of shownOrder.entries()) inverse[original] = shown + 1;
  return inverse.join(',');
}

/** Left, top, right, bottom in pixels. */
export type Box = readonly [number, number, number, number];

/** The patches of a grid x grid jigsaw, row by row; the remainder at the right and bottom is discarded. */
export function jigsawBoxes(height: number, width: number, grid: number): Box[] {
  const patchWidth = Math.floor(width / grid);
  const patchHeight = Math.floor(height / grid);
  return Array.from({ length: grid * grid }, (_, index) => {
    const left = (index % grid) * patchWidth;
    const top = Math.floor(index / grid) * patchHeight;
    return [left, top, left + patchWidth, top + patchHeight];
  });
}

export type Quadrant = 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right';

export interface CropRange {
  /** Least and most height in pixels, both included. */
  readonly h: readonly [number, number];
  readonly w: readonly [number, number];
  /** False when either range is empty. */
  readonly usable: boolean;
}

/** Crop sizes that fit into each quadrant; the second halves get the odd pixel. */
export function positionCropRanges(
  height: number,
  width: number,
  limits: { readonly minSize?: number; readonly cropMin?: number; readonly cropMax?: number } = {},
): Readonly<Record<Quadrant, CropRange>> {
  const { minSize = 28, cropMin = 0.2, cropMax = 0.8 } = limits;
  const range = (side: number): readonly [number, number] => [
    Math.max(minSize, Math.floor(cropMin * side)),
    Math.floor(cropMax * side),
  ];
  const crop = (h: number, w: number): CropRange => {
    const [high, wide] = [range(h), range(w)];
    return { h: high, w: wide, usable: high[0] <= high[1] && wide[0] <= wide[1] };
  };
  const [top, left] = [Math.floor(height / 2), Math.floor(width / 2)];
  return {
    'top-left': crop(top, left),
    'top-right': crop(top, width - left),
    'bottom-left': crop(height - top, left),
    'bottom-right': crop(height - top, width - left),
  };
}
