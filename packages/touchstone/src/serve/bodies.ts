import { outcomePolicies, type OutcomePolicyName } from '@touchstone/verify';
import { z } from 'zod';

/** What the reward server accepts. Unknown keys are refused: a misspelt `deadlineMs` must not be ignored. */

const policyNames = Object.keys(outcomePolicies).filter((name) => name !== 'raise') as OutcomePolicyName[];

/** `raise` has no meaning over HTTP: a verdict that is missing is in the reply, with its reason. */
export const policy = z.enum(policyNames as [OutcomePolicyName, ...OutcomePolicyName[]]);

export const verifyItem = z.strictObject({
  /** A registered kind, or the name of a module that the server was started with. */
  kind: z.string(),
  response: z.string(),
  /** What the kind expects: see GET /kinds. */
  reference: z.json(),
  options: z.record(z.string(), z.json()).optional(),
  /** Milliseconds this item may run. */
  deadlineMs: z.number().positive().optional(),
});
export type VerifyItem = z.infer<typeof verifyItem>;

export const verifyBody = z.strictObject({ items: z.array(verifyItem), policy: policy.default('exclude') });

/** OpenRLHF posts prompt plus response as `query`, the prompts alone, and the labels. */
export const openrlhfBody = z
  .object({ query: z.array(z.string()), prompts: z.array(z.string()), labels: z.array(z.json()) })
  .superRefine(({ query, prompts, labels }, context) => {
    for (const [name, list] of Object.entries({ prompts, labels })) {
      if (list.length === query.length) continue;
      const message = `must have one entry for each query (${query.length}), got ${list.length}`;
      context.addIssue({ code: 'custom', path: [name], message });
    }
  });

/** A fault of the client: which field, and the rule it broke. */
export interface BodyFault {
  readonly field: string;
  readonly message: string;
}

/** The first fault that zod found, as `items[3].response: must be a string, got a number`. */
export function faultOf(error: z.ZodError, body: unknown): BodyFault {
  const issue = error.issues[0];
  const path = issue === undefined ? [] : [...issue.path];
  if (issue?.code === 'unrecognized_keys') path.push(issue.keys[0] ?? '');
  const field = fieldName(path);
  if (issue?.code === 'unrecognized_keys') return { field, message: 'is not a known field; leave it out' };
  const words =
    issue?.code === 'custom' ? issue.message : `${issue?.message ?? 'is wrong'}, got ${kindOf(at(body, path))}`;
  return { field, message: words };
}

function fieldName(path: readonly PropertyKey[]): string {
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return name === '' ? 'body' : name.replace(/^\./, '');
}

function at(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], body);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `${typeof value} ${JSON.stringify(value).slice(0, 60)}`;
}
