/**
 * @file JSON answers against a schema, a value, or both. An entry of its own (`@touchstone/verify/json`), because it
 * brings a schema compiler. A schema's `pattern`s are matched in linear time. Those with lookaround or a back reference,
 * and keys of `patternProperties` that backtrack, are refused: the reference is bad, with words that say so.
 */
import Ajv from 'ajv';
import { correct, incorrect, partial, unscorable, type Verdict } from '../verdict.js';
import { LinearPattern, PatternError } from '../text/linear-pattern.js';
import { extractJson, isRecord, jsonEqual, jsonOverlap, parseJson } from './json.js';

/** What a JSON answer must be: at least one of the two. */
export interface JsonReference {
  /** JSON Schema, draft 7. */
  readonly schema?: object | boolean;
  /** The value itself; key order does not matter. */
  readonly value?: unknown;
}

function readReference(reference: unknown): JsonReference | null {
  if (typeof reference !== 'object' || reference === null) return null;
  const { schema } = reference as Readonly<Record<string, unknown>>;
  const schemaFits =
    schema === undefined || typeof schema === 'boolean' || (typeof schema === 'object' && schema !== null);
  return schemaFits && ('schema' in reference || 'value' in reference) ? (reference as JsonReference) : null;
}

/** Compiled schemas, by the schema object that a task holds on to. */
const compiled = new WeakMap<object, Ajv.ValidateFunction>();

/** The compiler matches `patternProperties` itself, by backtracking: a key may hold one unbounded repetition. */
function refuseBacktracking(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  const { patternProperties } = schema as { readonly patternProperties?: unknown };
  const keys = isRecord(patternProperties) ? Object.keys(patternProperties) : [];
  const greedy = keys.find((key) => (key.match(/[*+]|\{\d+,/g) ?? []).length > 1);
  if (greedy !== undefined) {
    throw new PatternError(`patternProperties: at most one unbounded repetition, got ${JSON.stringify(greedy)}`);
  }
  for (const inner of Object.values(schema)) refuseBacktracking(inner);
}

function compile(schema: object | boolean): Ajv.ValidateFunction {
  const known = typeof schema === 'object' ? compiled.get(schema) : undefined;
  if (known !== undefined) return known;
  refuseBacktracking(schema);
  const ajv = new Ajv({ allErrors: true, unknownFormats: 'ignore', logger: false });
  ajv.removeKeyword('pattern').addKeyword('pattern', {
    type: 'string',
    metaSchema: { type: 'string' },
    compile: (source: string) => {
      const pattern = new LinearPattern(source);
      return (text: string): boolean => pattern.test(text);
    },
  });
  const validate = ajv.compile(schema);
  if (typeof schema === 'object') compiled.set(schema, validate);
  return validate;
}

type SchemaCheck = { readonly kind: 'valid' } | { readonly kind: 'bad-schema' | 'invalid'; readonly errors: string };

function checkSchema(value: unknown, schema: object | boolean): SchemaCheck {
  try {
    const validate = compile(schema);
    if (validate(value) === true) return { kind: 'valid' };
    const errors = (validate.errors ?? [])
      .slice(0, 5)
      .map((error) => `${error.dataPath || '(root)'} ${error.message ?? ''}`);
    return { kind: 'invalid', errors: errors.join('; ') };
  } catch (error) {
    return { kind: 'bad-schema', errors: error instanceof Error ? error.message.slice(0, 300) : '' };
  }
}

/**
 * Judges the JSON value of a response. With a schema it must validate; with a value it must be equal, and otherwise
 * scores its overlap of leaves. `options.whole: true` takes the whole response as JSON and does not look inside prose.
 */
export function verifyJson(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
): Verdict {
  const wanted = readReference(reference);
  if (wanted === null) return unscorable('bad-reference', { feedback: 'the reference must be { schema?, value? }' });
  const found = options['whole'] === true ? parseJson(response.trim()) : extractJson(response);
  if (found === null) return incorrect('not-json');
  const extracted = JSON.stringify(found.value);
  if (wanted.schema !== undefined) {
    const check = checkSchema(found.value, wanted.schema);
    if (check.kind === 'bad-schema') {
      return unscorable('bad-reference', { feedback: `the schema does not compile: ${check.errors}` });
    }
    if (check.kind === 'invalid') return incorrect('schema', { extracted, feedback: check.errors });
  }
  if (!('value' in wanted) || jsonEqual(found.value, wanted.value)) return correct('equal', { extracted });
  return partial(jsonOverlap(found.value, wanted.value), 'different', { extracted });
}
