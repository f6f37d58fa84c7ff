import { nearest } from './nearest.js';

/** One setting of a method: its default, what it means and what is accepted. */
export interface Setting<T> {
  readonly default: T;
  readonly doc: string;
  /** Completes the sentence "must be ...". */
  readonly expects: string;
  readonly accepts: (value: unknown) => value is T;
}

export type SettingsSchema = Readonly<Record<string, Setting<unknown>>>;

export type SettingsOf<S extends SettingsSchema> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

export interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** A finite number. */
export function number(initial: number, doc: string, range: Range = {}): Setting<number> {
  return {
    default: initial,
    doc,
    expects: `a number${rangeWords(range)}`,
    accepts: (value): value is number => inRange(value, range),
  };
}

/** A finite number, or null to leave the part out. */
export function optionalNumber(initial: number | null, doc: string, range: Range = {}): Setting<number | null> {
  return {
    default: initial,
    doc,
    expects: `a number${rangeWords(range)} or null`,
    accepts: (value): value is number | null => value === null || inRange(value, range),
  };
}

/** One of the given names. */
export function choice<const T extends string>(initial: NoInfer<T>, options: readonly T[], doc: string): Setting<T> {
  return {
    default: initial,
    doc,
    expects: `one of ${options.join(', ')}`,
    accepts: (value): value is T => options.some((option) => option === value),
  };
}

export function flag(initial: boolean, doc: string): Setting<boolean> {
  return {
    default: initial,
    doc,
    expects: 'true or false',
    accepts: (value): value is boolean => typeof value === 'boolean',
  };
}

/** The same settings with other defaults: what a method changes of a shared set. */
export function withDefaults<S extends SettingsSchema>(schema: S, defaults: Partial<SettingsOf<S>>): S {
  const changed: Record<string, Setting<unknown>> = { ...schema };
  for (const [name, value] of Object.entries<unknown>(defaults)) {
    const setting = schema[name];
    if (setting !== undefined) changed[name] = { ...setting, default: value };
  }
  return changed as S;
}

/** Settings with defaults filled in. Throws for an unknown name (naming the nearest known one) or a refused value. */
export function parseSettings<S extends SettingsSchema>(
  owner: string,
  schema: S,
  given: Readonly<Record<string, unknown>>,
): SettingsOf<S> {
  for (const [name, value] of Object.entries(given)) {
    const setting = Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (setting === undefined) throw new Error(unknownSetting(owner, name, Object.keys(schema)));
    if (value !== undefined && !setting.accepts(value)) {
      throw new Error(`${owner}: ${name} must be ${setting.expects}, got ${show(value)}; ${setting.doc}`);
    }
  }
  const entries = Object.entries(schema).map(([name, setting]) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    return [name, value === undefined ? setting.default : value];
  });
  return Object.fromEntries(entries) as SettingsOf<S>;
}

function unknownSetting(owner: string, name: string, known: readonly string[]): string {
  if (known.length === 0) return `${owner}: has no settings, got ${show(name)}; remove it`;
  return `${owner}: unknown setting ${show(name)}; did you mean ${nearest(name, known)}? Known: ${known.join(', ')}`;
}

function inRange(value: unknown, { min = -Infinity, max = Infinity }: Range): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max;
}

function rangeWords({ min, max }: Range): string {
  if (min !== undefined && max !== undefined) return ` between ${min} and ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
