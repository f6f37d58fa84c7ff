/**
 * @file Faults of a task that every kind of verifier shares: options that a kind does not have, and references that are
 * no plain data or larger than anything that is compared. They are the caller's mistakes, so they are never a wrong
 * answer.
 */
import { nearest } from './nearest.js';

/** What an option may be: one of some words, yes or no, a number from 0 up, or what its kind checks itself. */
export type OptionRule = readonly string[] | 'boolean' | 'number' | 'own';

export type OptionRules = Readonly<Record<string, OptionRule>>;

export interface OptionFault {
  readonly option: string;
  readonly reason: 'unknown-option' | 'bad-option';
  readonly message: string;
}

/** The first option that the rules do not allow, or null. An option that is undefined counts as left out. */
export function optionFault(options: Readonly<Record<string, unknown>>, rules: OptionRules): OptionFault | null {
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(rules, option) ? rules[option] : undefined;
    if (rule === undefined) {
      const names = Object.keys(rules);
      const hint = names.length === 0 ? 'this kind has no options' : `did you mean ${nearest(option, names)}?`;
      return { option, reason: 'unknown-option', message: `no option is called ${option}; ${hint}` };
    }
    const wanted = violated(rule, value);
    if (wanted !== null) {
      return { option, reason: 'bad-option', message: `${option} must be ${wanted}, got ${shown(value)}` };
    }
  }
  return null;
}

/** What the rule asks for, where a value is something else. */
function violated(rule: OptionRule, value: unknown): string | null {
  if (rule === 'own') return null;
  if (rule === 'boolean') return typeof value === 'boolean' ? null : 'true or false';
  if (rule === 'number')
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? null : 'a number from 0 up';
  return rule.includes(value as string) ? null : `one of ${rule.join(', ')}`;
}

function shown(value: unknown): string {
  const isWord = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isWord ? String(value).slice(0, 60) : value === null ? 'null' : `a value of type ${typeof value}`;
}

const MOST_CHARACTERS = 1_000_000;
const MOST_VALUES = 25_000;
const DEEPEST = 100;

/** Why a reference cannot be used by any kind, or null: it must be plain data of a bounded size. */
export function referenceFault(reference: unknown): string | null {
  let [characters, values] = [0, 0];
  let level: readonly unknown[] = [reference];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return `the reference must be nested at most ${DEEPEST} levels deep`;
    values += level.length;
    if (values > MOST_VALUES) return `the reference must hold at most ${MOST_VALUES} values`;
    const inner: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string') characters += value.length;
      else if (typeof value === 'object' && value !== null)
        inner.push(...(Object.values(value) as unknown[]).slice(0, MOST_VALUES));
      else if (!isPlain(value)) return `the reference must be plain data, got ${shown(value)}`;
    }
    if (characters > MOST_CHARACTERS) return `the reference must have at most ${MOST_CHARACTERS} characters`;
    level = inner;
  }
  return null;
}

function isPlain(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value))
  );
}
