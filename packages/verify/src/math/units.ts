import { divide, equals, fromDecimal, multiply, one, power, rational, type Rational } from './rational.js';
import { unitAliases, unitPowers, unitRows } from './unit-table.js';

/** What a unit text means: a factor to base units and an exponent for every dimension that is not 0. */
export interface Unit {
  readonly factor: Rational;
  readonly dimensions: ReadonlyMap<string, number>;
}

interface BaseUnit {
  readonly dimension: string;
  readonly factor: Rational;
}

function readFactor(text: string): Rational {
  const [top = '0', bottom = '1'] = text.split('/');
  return divide(fromDecimal(top), fromDecimal(bottom)) ?? one;
}

function readTable(): ReadonlyMap<string, BaseUnit> {
  const table = new Map<string, BaseUnit>();
  for (const row of unitRows) {
    const colon = row.indexOf(':');
    const dimension = row.slice(0, colon);
    for (const entry of row.slice(colon + 2).split(' ')) {
      const [names = '', factor = '1'] = entry.split('=');
      if (factor === '0') continue;
      for (const name of names.split(',')) {
        const unit = { dimension, factor: readFactor(factor) };
        table.set(name, unit);
        if (name.length > 2 && !name.endsWith('s')) table.set(`${name}s`, unit);
      }
    }
  }
  return table;
}

const table = readTable();

function lookUp(name: string): BaseUnit | undefined {
  return table.get(name) ?? (name.length > 2 ? table.get(name.toLowerCase()) : undefined);
}

/** Whether a run of two or more letters is a unit that may follow a number directly, as in `10weeks` or `5cm`. */
export function isUnitWord(run: string): boolean {
  return lookUp(run) !== undefined || Object.hasOwn(unitAliases, run.toLowerCase());
}

const MAX_UNIT_TEXT = 60;

function unitWords(text: string): readonly string[] {
  return text
    .replace(/\bper\b|\\slash/g, ' / ')
    .replace(/²/g, '^2')
    .replace(/³/g, '^3')
    .replace(/\\(?:text|mathrm|mbox|,|;|!|\s)/g, ' ')
    .replace(/[{}().]/g, ' ')
    .replace(/\s*\^\s*/g, '^')
    .replace(/[*·⋅/-]/g, (sign) => (sign === '/' ? ' / ' : sign === '-' ? '-' : ' '))
    .trim()
    .split(/\s+/);
}

/** The meaning of a unit text such as `cm^2`, `square feet` or `meters per second`; null where a word is unknown. */
export function readUnit(text: string): Unit | null {
  if (text.length > MAX_UNIT_TEXT) return null;
  let factor = one;
  const dimensions = new Map<string, number>();
  let sign = 1;
  let pendingPower = 1;
  const expanded = unitWords(text).flatMap((word) => {
    const alias = unitAliases[word.toLowerCase()];
    return alias === undefined ? [word] : unitWords(alias);
  });
  for (const word of expanded) {
    if (word === '' || word === 'of' || word === 'the') continue;
    if (word === '/') {
      sign = -1;
      continue;
    }
    const named = unitPowers[word.toLowerCase()];
    if (named !== undefined) {
      pendingPower = named;
      continue;
    }
    const [name = '', written = '1'] = word.split('^');
    const unit = lookUp(name);
    const exponent = Number(written) * pendingPower * sign;
    if (unit === undefined || !Number.isInteger(exponent) || Math.abs(exponent) > 9) return null;
    factor = multiply(factor, power(unit.factor, BigInt(exponent)) ?? one);
    // A volume is a cubed length, so that litres and cubic centimetres compare.
    const dimension = unit.dimension === 'volume' ? 'length' : unit.dimension;
    const total = (dimensions.get(dimension) ?? 0) + exponent * (unit.dimension === 'volume' ? 3 : 1);
    if (total === 0) dimensions.delete(dimension);
    else dimensions.set(dimension, total);
    pendingPower = 1;
  }
  return { factor, dimensions };
}

function plainly(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}%$€£/^]/gu, '');
}

export type UnitRelation =
  /** The same unit, or words that cannot be told apart: the numbers decide. */
  | { readonly kind: 'same' }
  /** Two units of one dimension: `factor` is how many of the second make one of the first. */
  | { readonly kind: 'convertible'; readonly factor: Rational }
  /** Different dimensions: never equal. */
  | { readonly kind: 'different' };

function isCount(unit: Unit): boolean {
  return unit.dimensions.size === 0 || (unit.dimensions.size === 1 && unit.dimensions.has('count'));
}

/**
 * How two unit texts relate. A word that is no known unit (`apples`, `any text`) says nothing about the number, so it
 * is taken to agree; two known units of different dimensions never do.
 */
export function relateUnits(a: string, b: string): UnitRelation {
  if (plainly(a) === plainly(b)) return { kind: 'same' };
  const first = readUnit(a);
  const second = readUnit(b);
  if (first === null || second === null || isCount(first) || isCount(second)) return { kind: 'same' };
  if (first.dimensions.size !== second.dimensions.size) return { kind: 'different' };
  for (const [dimension, exponent] of first.dimensions) {
    if (second.dimensions.get(dimension) !== exponent) return { kind: 'different' };
  }
  const factor = divide(first.factor, second.factor) ?? one;
  return equals(factor, one) ? { kind: 'same' } : { kind: 'convertible', factor };
}

/** The factor of a unit against the base of its dimension, for tests and messages. */
export function unitFactor(text: string): Rational {
  return readUnit(text)?.factor ?? rational(1n);
}
