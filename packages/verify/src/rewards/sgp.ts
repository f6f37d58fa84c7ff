/**
 * @file Rewards of SGP-RL for pictures written as SVG (arXiv 2509.05208, `understand_r1_zero/svg_grader.py`): the gate on
 * the form of a completion, the reward from similarities that the caller measures, and the scores of SGP-CompBench. The
 * paper's gate multiplies; the code, followed here, overwrites the reward.
 */
import { readSvg, type SvgElement } from '../svg/document.js';

const closingTextTags = ['</text>', '</tspan>', '</textPath>'];

/** Whether a completion, which begins inside the reasoning, has the form that is paid, with no text in the picture. */
export function sgpFormatted(completion: string): boolean {
  const tagged = completion.includes('</think> <answer>') && completion.endsWith('</answer>');
  return tagged && !closingTextTags.some((tag) => completion.includes(tag));
}

/** The last `<svg ...</svg>` of a text, each from the first opening tag behind the one before; otherwise all from its last `<svg`, otherwise nothing. */
export function sgpExtract(text: string): string {
  let last: string | null = null;
  for (let at = 0; ;) {
    const start = text.indexOf('<svg ', at);
    const end = start < 0 ? -1 : text.indexOf('</svg>', start);
    if (end < 0) break;
    at = end + '</svg>'.length;
    last = text.slice(start, at);
  }
  return last ?? (text.includes('<svg') ? text.slice(text.lastIndexOf('<svg')) : '');
}

/** Length of a picture's text without comments and white space. */
export function sgpLength(svg: string): number {
  return svg.replace(/<!--[\s\S]*?-->/g, '').replace(/\s/g, '').length;
}

/** Longest picture that earns something for being short. */
const LENGTH_SCALE = 6000;

/** 1 for no text at all, falling to 0 at 6,000 characters. */
export function sgpLengthReward(length: number): number {
  return Math.max(0, Math.min(1, 1 - length / LENGTH_SCALE));
}

/** Weights of the parts of the reward; the main run pays 1 for text, 1 for a reference picture where there is one. */
export interface SgpWeights {
  readonly text: number;
  readonly image: number;
  readonly length: number;
  readonly format: number;
}

export interface SgpMeasured {
  /** Whether the picture could be drawn. */
  readonly rendered: boolean;
  /** Cosine of caption and picture, in [-1, 1]. */
  readonly textSimilarity: number;
  /** Cosine of the reference picture and the picture, in [-1, 1]; null without a reference. */
  readonly imageSimilarity: number | null;
  /** Whether the completion ended by itself; one that was cut off earns 0. Default true. */
  readonly ended?: boolean;
}

export interface SgpReward {
  readonly reward: number;
  readonly formatted: boolean;
  /** (1 + cosine) / 2 of each kind; 0 without a drawing, or without a reference. */
  readonly text: number;
  readonly image: number;
  /** Null without a drawing. */
  readonly length: number | null;
}

/**
 * The reward of a completion. A form that is not paid costs `offset`, unless form has a weight of its own; a picture that
 * cannot be drawn, or a completion that was cut off, earns 0.
 */
export function sgpReward(completion: string, measured: SgpMeasured, weights: SgpWeights, offset = 0): SgpReward {
  const { rendered, textSimilarity, imageSimilarity, ended = true } = measured;
  const formatted = sgpFormatted(completion);
  const text = rendered ? (1 + textSimilarity) / 2 : 0;
  const image = rendered && imageSimilarity !== null ? (1 + imageSimilarity) / 2 : 0;
  const length = rendered ? sgpLength(sgpPicture(completion)) : null;
  const parts = { formatted, text, image, length };
  if (!ended) return { reward: 0, ...parts };
  if (!formatted && weights.format === 0) return { reward: -offset, ...parts };
  if (length === null) return { reward: 0, ...parts };
  const raw = weights.text * text + weights.image * image + weights.length * sgpLengthReward(length);
  return { reward: raw + (formatted ? weights.format : 0), ...parts };
}

/** The picture of a completion: of its last answer tag when it is formatted, otherwise of the whole. */
export function sgpPicture(completion: string): string {
  const from = sgpFormatted(completion) ? completion.lastIndexOf('<answer>') : 0;
  return sgpExtract(completion.slice(from));
}

const painted = new Set(['path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon', 'text']);

/** Whether no shape is filled; a shape that says nothing about it counts as filled. False for what is not XML. */
export function isSketch(svg: string): boolean {
  const elements = elementsOf(svg);
  return elements?.filter(({ name }) => painted.has(name)).every((each) => property(each, 'fill') === 'none') ?? false;
}

/** Whether every colour of fills, strokes and gradient stops is a grey. False for what is not XML. */
export function isGreyscale(svg: string): boolean {
  const elements = elementsOf(svg);
  if (elements === null) return false;
  return elements.every((each) =>
    ['fill', 'stroke', 'stop-color'].every((name) => isGrey(property(each, name) ?? 'none')),
  );
}

function elementsOf(svg: string): SvgElement[] | null {
  const reading = readSvg(svg);
  if (!reading.ok) return null;
  const all: SvgElement[] = [];
  const visit = (element: SvgElement): void => {
    all.push(element);
    for (const child of element.children) if (typeof child !== 'string') visit(child);
  };
  visit(reading.root);
  return all;
}

/** What an element says about a property, in its style before its attribute; in lower case. */
function property({ attributes }: SvgElement, name: string): string | undefined {
  const declared = (attributes['style'] ?? '').split(';').map((each) => each.split(':'));
  const styled = declared.find(([key]) => key?.trim().toLowerCase() === name)?.[1];
  return (styled ?? attributes[name])?.trim().toLowerCase();
}

const colourless = new Set([
  'none',
  'transparent',
  'currentcolor',
  'inherit',
  'black',
  'white',
  'silver',
  'gainsboro',
  'whitesmoke',
]);

function isGrey(colour: string): boolean {
  if (colourless.has(colour) || colour.startsWith('url(') || /^(?:dim|dark|light)?gr[ae]y$/.test(colour)) return true;
  const hex = /^#(?:([\da-f]{2})\1\1(?:[\da-f]{2})?|([\da-f])\2\2[\da-f]?)$/;
  return hex.test(colour) || /^rgba?\(\s*([\d.]+%?)\s*[\s,]\s*\1\s*[\s,]\s*\1\s*(?:[,/][^)]*)?\)$/.test(colour);
}

/** Grades that the judge of SGP-CompBench may give. */
const grades = [100, 50, 30, 0];

/** The grade that a judge's text gives: behind `SCORE:`, otherwise the last grade in it, otherwise 0. */
export function compBenchGrade(text: string): number {
  const stated = /SCORE:\s*(\d+)/.exec(text)?.[1];
  if (stated !== undefined && grades.includes(Number(stated))) return Number(stated);
  const numbers = [...text.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  return numbers.findLast((number) => grades.includes(number)) ?? 0;
}

/**
 * The numeracy score of SGP-CompBench in 0..100, cut to a whole number: a fifth for the total, a fifth for the items, the
 * rest for the mean count of each item (0 without counts).
 */
export function compBenchNumeracy(total: number, items: number, counts: readonly number[]): number {
  const mean = counts.length === 0 ? 0 : counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return Math.trunc(0.2 * total + 0.2 * items + 0.6 * mean);
}
