import { EngineError, shown } from '../errors.js';

/** Typed reading of a JSON object from a file: every complaint names the file and the key. `null` counts as absent. */
export class JsonFields {
  readonly #object: Record<string, unknown>;
  readonly #file: string;

  constructor(json: unknown, file: string) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new EngineError('config-invalid', {
        at: file,
        rule: 'must hold a JSON object',
        got: shown(json),
        fix: 'restore the file',
      });
    }
    this.#object = json as Record<string, unknown>;
    this.#file = file;
  }

  at(key: string): string {
    return `${this.#file}: ${key}`;
  }

  get(key: string): unknown {
    return Object.hasOwn(this.#object, key) ? this.#object[key] : undefined;
  }

  /** The object under `key`, or `undefined` where it is absent. */
  child(key: string): JsonFields | undefined {
    const value = this.get(key) ?? undefined;
    return value === undefined ? undefined : new JsonFields(value, `${this.#file}: ${key}`);
  }

  positiveInteger(key: string, fallback?: number): number {
    return this.#number(key, fallback, 'a positive integer', (value) => Number.isSafeInteger(value) && value > 0);
  }

  nonNegativeInteger(key: string, fallback?: number): number {
    return this.#number(key, fallback, 'an integer from 0', (value) => Number.isSafeInteger(value) && value >= 0);
  }

  positiveNumber(key: string, fallback?: number): number {
    return this.#number(key, fallback, 'a positive number', (value) => Number.isFinite(value) && value > 0);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.get(key) ?? fallback;
    return typeof value === 'boolean' ? value : this.invalid(key, 'must be true or false');
  }

  /** One token id, a list of them, or none. */
  tokenIds(key: string): number[] {
    const value = this.get(key) ?? [];
    const ids: unknown[] = Array.isArray(value) ? value : [value];
    return ids.map((id) =>
      Number.isSafeInteger(id) && Number(id) >= 0
        ? Number(id)
        : this.invalid(key, 'must be a token id or a list of them'),
    );
  }

  invalid(key: string, rule: string): never {
    const fix = `correct ${key} in the file`;
    throw new EngineError('config-invalid', { at: this.at(key), rule, got: shown(this.get(key)), fix });
  }

  /** Refuses a value that is well-formed but that the engine would compute wrongly. */
  unsupported(key: string, rule: string, got: unknown): never {
    const fix = 'the engine does not compute this variant: use another model';
    throw new EngineError('config-unsupported', { at: this.at(key), rule, got: shown(got), fix });
  }

  #number(key: string, fallback: number | undefined, kind: string, holds: (value: number) => boolean): number {
    const value = this.get(key) ?? fallback;
    return typeof value === 'number' && holds(value) ? value : this.invalid(key, `must be ${kind}`);
  }
}
