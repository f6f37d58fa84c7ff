/**
 * @file Answer extraction and normalisation as the mathematics toolkit of Qwen has them, kept for methods that are
 * defined by it. It loses information (50% becomes 50, `(a, b)` loses its a); to check answers use `verifyMath`.
 */
import { closingBrace } from '../extract/boxed.js';

/** Unit words that are removed where no word character touches them; each with an s as well. */
const unitWords =
  `degree mph kmph kmh ft deg mile monkey prime ratio rd gm lb tile per dm lt gain ab way west men soldier pie bc excess
  st inches inch noon percent by gal acre rise th sq mark toy coin gallon yr women feet am pm hr square are rupee rounds
  cubic cc mtr ohm number day hour minute min second man woman sec cube mt mp hectare more unit rs kg month km cm mm
  apple liter litre loss yard pure year increase decrease less metre meter east o p t a h c l s g m d`
    .split(/\s+/)
    .flatMap((word) => [word, `${word}s`]);

const unitSet: ReadonlySet<string> = new Set(unitWords);

function isWordPart(char: string | undefined): boolean {
  return char !== undefined && /[\p{L}\p{N}_]/u.test(char);
}

/** Removes every unit word that stands alone, unless nothing would be left. */
function withoutUnits(text: string): string {
  const result = text.replace(/[A-Za-z]+/g, (word, at: number) => {
    const isAlone = !isWordPart(text[at - 1]) && !isWordPart(text[at + word.length]) && text[at - 1] !== '\\';
    return isAlone && unitSet.has(word) ? '' : word;
  });
  return result === '' ? text : result;
}

const rewrites: readonly (readonly [string, string])[] = [
  ['\\begin{array}', '\\begin{pmatrix}'],
  ['\\end{array}', '\\end{pmatrix}'],
  ['bmatrix', 'pmatrix'],
  ['tfrac', 'frac'],
  ['dfrac', 'frac'],
  ['\\neq', '\\ne'],
  ['\\leq', '\\le'],
  ['\\geq', '\\ge'],
  ['\\left', ''],
  ['\\right', ''],
  ['\\{', '{'],
  ['\\}', '}'],
];

const dropped = ['^{\\circ}', '^\\circ', '\\$', '$', '\\(', '\\)'] as const;

const assignments = ['x=', 'y=', 'z=', 'x\\in', 'y\\in', 'z\\in', 'x\\to', 'y\\to', 'z\\to'] as const;

/** Arguments of \frac and \sqrt get the braces that shorthand leaves out: \frac12, \sqrt3. */
function withBraces(text: string): string {
  const sqrt = text.replace(/\\sqrt(?![{[a-zA-Z])(.)/g, '\\sqrt{$1}');
  const parts = sqrt.split('\\frac');
  return parts
    .slice(1)
    .reduce((result, part) => {
      if (part.startsWith('{') || part.length < 2) return `${result}\\frac${part}`;
      const [top = '', bottom = ''] = part;
      return bottom === '{'
        ? `${result}\\frac{${top}}${part.slice(1)}`
        : `${result}\\frac{${top}}{${bottom}}${part.slice(2)}`;
    }, parts[0] ?? '')
    .replace(/^(-?\d+)\/(-?\d+)$/, '\\frac{$1}{$2}');
}

function dropAll(text: string, pieces: readonly string[]): string {
  return pieces.reduce((result, piece) => result.replaceAll(piece, ''), text);
}

/** Removes a group of words at the end, `10\text{ cm}`, unless nothing would be left. */
function withoutTrailingText(text: string): string {
  const at = text.indexOf('\\text{');
  if (at < 0 || !text.endsWith('}')) return text;
  const rest = text.slice(0, at).trim();
  return rest === '' ? text : rest;
}

function simplified(text: string): string {
  let result = dropAll(text, ['\\%', '%']).replaceAll(' .', ' 0.').replaceAll('{.', '{0.');
  if (/^[{([][A-Za-z0-9]+[})\]]$/.test(result)) result = result.slice(1, -1);
  result = result.replaceAll('infinity', '\\infty');
  if (!result.includes('\\infty')) result = result.replaceAll('inf', '\\infty');
  result = dropAll(result.replaceAll('and', ''), ['\\mathbf', "'", '"']);
  if (result.includes('j') && !result.includes('i')) result = result.replaceAll('j', 'i');
  result = result.replace(/(\d)\.0*([^\d])/g, '$1$2').replace(/(\d)\.0*$/, '$1');
  if (result.startsWith('.')) result = `0${result}`;
  const sides = result.split('=');
  if (sides.length === 2 && (sides[0] ?? '').length <= 2) result = sides[1] ?? '';
  return withBraces(result).replaceAll(' ', '');
}

/** The normal form of an answer; texts longer than 20,000 characters are cut. */
export function normalizeQwenAnswer(answer: string): string {
  let text = answer.slice(0, MAX_ANSWER).trim().replaceAll('\n', '');
  while (text.endsWith('.')) text = text.slice(0, -1);
  text = text.replaceAll('\\!', '');
  for (const [from, to] of rewrites) text = text.replaceAll(from, to);
  text = withoutTrailingText(text);
  text = withoutUnits(withoutUnits(text));
  text = dropAll(text, dropped);
  text = text.replace(/\\text\{([^{}]*)\}/g, '$1');
  return simplified(dropAll(text, assignments));
}

const MAX_ANSWER = 20_000;
/** How much of the end of a text is read. */
const WINDOW = 200_000;

function afterLast(text: string, phrase: string): string | null {
  const at = text.lastIndexOf(phrase);
  return at < 0 ? null : text.slice(at + phrase.length);
}

function boxContent(rest: string): string {
  if (!rest.startsWith('{')) return (rest.split('$', 1)[0] ?? '').trim();
  const close = closingBrace(rest, 0, Math.min(rest.length, MAX_ANSWER));
  return close < 0 ? rest.slice(1, MAX_ANSWER) : rest.slice(1, close);
}

function lastNumber(text: string): string {
  const numbers = text.replaceAll(',', '').match(/-?\d*\.?\d+/g);
  return numbers?.at(-1) ?? '';
}

function rawAnswer(text: string): string {
  const hope = afterLast(text, 'final answer is $');
  if (hope?.includes('$. I hope') === true) return (hope.split('$. I hope', 1)[0] ?? '').trim();
  const box = afterLast(text, 'boxed');
  if (box !== null) return boxContent(box);
  const phrase = afterLast(text, 'he answer is') ?? afterLast(text, 'final answer is');
  if (phrase !== null) return phrase.trim();
  const chinese = afterLast(text, '答案是');
  if (chinese !== null) return (chinese.trim().split('\n\n', 1)[0] ?? '').trim();
  return lastNumber(text);
}

/** The answer of a text in its normal form; empty where there is none. */
export function extractQwenAnswer(text: string): string {
  let answer = rawAnswer(text.slice(-WINDOW))
    .slice(0, MAX_ANSWER)
    .replace(/\n[ \t]*/g, '');
  if (answer.startsWith(':')) answer = answer.slice(1);
  if (answer.endsWith('.')) answer = answer.slice(0, -1);
  if (answer.endsWith('/')) answer = answer.slice(0, -1);
  return normalizeQwenAnswer(answer);
}
