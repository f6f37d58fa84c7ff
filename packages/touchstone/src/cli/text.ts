import { stripVTControlCharacters } from 'node:util';

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** Values as bars, at most `width` of them: neighbours are averaged. Values that are not finite are left out. */
export function sparkline(
  values: readonly number[],
  width: number,
  range?: readonly [low: number, high: number],
): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0 || width < 1) return '';
  const count = Math.min(width, finite.length);
  const means = Array.from({ length: count }, (_, i) => {
    const part = finite.slice(Math.floor((i * finite.length) / count), Math.floor(((i + 1) * finite.length) / count));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const [low, high] = range ?? [Math.min(...means), Math.max(...means)];
  return means
    .map((mean) => {
      const share = high > low ? (mean - low) / (high - low) : 0.5;
      return BARS[Math.max(0, Math.min(BARS.length - 1, Math.floor(share * BARS.length)))] ?? BARS[0];
    })
    .join('');
}

/** `45s`, `12m05s`, `3h20m`; `?` where it is not known. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
}

/** A share as `12.3 %`; a dash where it is not known. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : '-';
}

/**
 * A figure in few characters: three significant digits, exponents where it is small; 0 where it is no more than rounding
 * leaves; a dash where it is not known.
 */
export function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size < 1e-9) return '0';
  if (size < 0.001 || size >= 1e6) return value.toExponential(1);
  return size >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Text from a model as one line that cannot move the cursor: control characters become spaces. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .trim()
    .replace(/\s*\n\s*/g, ' / ')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Mn}\p{Me}]/gu, ' ')
    .trim();
}

/** Columns that a text takes in a terminal: East Asian wide characters and pictographs take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
  return width;
}

/** The beginning of a text that fits, with `…` where something is missing. */
export function fit(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    width += isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
    if (width > columns - 1) break;
    kept += character;
  }
  return columns < 1 ? '' : `${kept}…`;
}

/** Pieces side by side, two blanks apart, in as many lines as the width asks for. No piece is cut in two. */
export function flow(pieces: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && displayWidth(last) + 2 + displayWidth(piece) <= columns) {
      lines[lines.length - 1] = `${last}  ${piece}`;
    } else {
      lines.push(fit(piece, columns));
    }
  }
  return lines;
}

/** A sentence in lines of at most `columns`, broken between words. */
export function wrap(sentence: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && displayWidth(last) + 1 + displayWidth(word) <= columns) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(fit(word, columns));
    }
  }
  return lines;
}

/** Ranges of Unicode 16 East Asian Width W and F, joined where the gaps hold nothing narrow that models write. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];

function isWide(codePoint: number): boolean {
  return codePoint >= 0x1100 && WIDE.some(([from, to]) => codePoint >= from && codePoint <= to);
}
