import { referenceData } from '../reference-data.js';
import { optionFault, type OptionFault, type OptionRule } from '../task-faults.js';
import { defaultSvgLimits, type SvgLimits } from './document.js';
import type { Picture } from './job.js';

/** What a picture should look like: a picture, a caption (with an embedder), or both. A text alone is an SVG. */
export interface SvgReference {
  readonly svg?: string;
  /** Bytes of a PNG file, or their base64 text. */
  readonly png?: Uint8Array | string;
  readonly caption?: string;
}

/** The parts of a score; `image` and `text` need an embedder. */
export const partNames = ['pixel', 'structure', 'shape', 'edges', 'colour', 'image', 'text'] as const;
export type PartName = (typeof partNames)[number];

/** How pictures are compared, and what bounds a response. */
export interface SvgOptions {
  /** Weights of the parts; those not named count nothing. Default: every part that can be computed counts alike. */
  readonly weights?: Readonly<Partial<Record<PartName, number>>>;
  /** Pixels of each side of the square in which pictures are compared, 16 to 1024; default 128. */
  readonly size?: number;
  readonly maxLength?: number;
  readonly maxElements?: number;
  /** Milliseconds; default 3000, as sgp has it. */
  readonly wallMs?: number;
  /** MiB; default 256. */
  readonly memoryMb?: number;
}

export interface SvgTask {
  readonly picture: Picture | null;
  readonly caption: string | null;
}

/** Reads a reference of unknown origin, also as JSON text; a text says what is wrong with it. */
export function readReference(reference: unknown): SvgTask | string {
  const data = referenceData(reference);
  if (typeof data !== 'string' && (typeof data !== 'object' || data === null))
    return 'the reference must be an SVG text or { svg, png, caption }';
  const { svg, png, caption } = (typeof data === 'string' ? { svg: data } : data) as Readonly<Record<string, unknown>>;
  if (svg !== undefined && (typeof svg !== 'string' || svg.trim() === '')) return 'svg must be a text';
  if (caption !== undefined && (typeof caption !== 'string' || caption.trim() === '')) return 'caption must be a text';
  if (png !== undefined && typeof png !== 'string' && !(png instanceof Uint8Array))
    return 'png must be bytes or base64';
  if (svg !== undefined && png !== undefined) return 'the reference must have svg or png, not both';
  const drawn: Picture | null =
    svg !== undefined
      ? { kind: 'svg', text: svg }
      : png !== undefined
        ? { kind: 'png', bytes: typeof png === 'string' ? new Uint8Array(Buffer.from(png, 'base64')) : png }
        : null;
  if (drawn === null && caption === undefined) return 'the reference must have svg, png or caption';
  return { picture: drawn, caption: caption ?? null };
}

/** Options with every default filled in. */
export interface SvgRules {
  readonly weights: Readonly<Partial<Record<PartName, number>>>;
  readonly size: number;
  readonly limits: SvgLimits;
  readonly wallMs: number;
  readonly memoryMb: number;
}

const ranges = {
  size: [16, 1024, 128],
  maxLength: [1, 10_000_000, defaultSvgLimits.maxLength],
  maxElements: [1, 1_000_000, defaultSvgLimits.maxElements],
  wallMs: [1, 600_000, 3000],
  memoryMb: [16, 65_536, 256],
} as const satisfies Readonly<Record<string, readonly [least: number, most: number, usual: number]>>;

const optionRules: Readonly<Record<keyof SvgOptions, OptionRule>> = {
  weights: 'own',
  size: 'number',
  maxLength: 'number',
  maxElements: 'number',
  wallMs: 'number',
  memoryMb: 'number',
};

/** Fills in the defaults, or says which option is wrong. */
export function readOptions(options: Readonly<Record<string, unknown>>): SvgRules | OptionFault {
  const fault = optionFault(options, optionRules);
  if (fault !== null) return fault;
  const { weights = {}, ...numbers } = options as SvgOptions;
  for (const option of Object.keys(ranges) as (keyof typeof ranges)[]) {
    const [least, most] = ranges[option];
    const value = numbers[option] ?? least;
    if (!Number.isInteger(value) || value < least || value > most) {
      const message = `${option} must be a whole number from ${least} to ${most}, got ${value}`;
      return { option, reason: 'bad-option', message };
    }
  }
  const weightsFault = faultOfWeights(weights);
  if (weightsFault !== null) return { option: 'weights', reason: 'bad-option', message: weightsFault };
  const valueOf = (name: keyof typeof ranges): number => numbers[name] ?? ranges[name][2];
  return {
    weights,
    size: valueOf('size'),
    limits: { ...defaultSvgLimits, maxLength: valueOf('maxLength'), maxElements: valueOf('maxElements') },
    wallMs: valueOf('wallMs'),
    memoryMb: valueOf('memoryMb'),
  };
}

function faultOfWeights(weights: unknown): string | null {
  const rule = `weights must be numbers from 0 by ${partNames.join(', ')}`;
  if (typeof weights !== 'object' || weights === null) return rule;
  for (const [name, weight] of Object.entries(weights) as [string, unknown][]) {
    const known = (partNames as readonly string[]).includes(name);
    if (!known || typeof weight !== 'number' || !(weight >= 0) || !Number.isFinite(weight))
      return `${rule}, got ${name}`;
  }
  return null;
}
