import type { Method, TapedObjective } from './define.js';
import { dapo } from './methods/dapo.js';
import { drGrpo } from './methods/dr-grpo.js';
import { grpo } from './methods/grpo.js';
import { nearest } from './nearest.js';

/** Every method, by the name that recipes and the command line use. The keys are the union of names. */
export const methods = {
  grpo,
  'dr-grpo': drGrpo,
  dapo,
} as const satisfies Readonly<Record<string, Method>>;

export type MethodName = keyof typeof methods;

/** Names that `createObjective` knows. */
export type ObjectiveName = {
  [N in MethodName]: (typeof methods)[N] extends { readonly role: 'objective' } ? N : never;
}[MethodName];

export const objectiveNames: readonly ObjectiveName[] = (Object.keys(methods) as MethodName[]).filter(isObjectiveName);

/**
 * The objective of that name with the given settings over its defaults. Throws for an unknown name or setting (naming
 * the nearest known one) and for a value that the setting refuses.
 */
export function createObjective(name: string, settings: Readonly<Record<string, unknown>> = {}): TapedObjective {
  if (!isObjectiveName(name)) {
    const known = objectiveNames.join(', ');
    throw new Error(
      `createObjective: unknown objective "${name}"; did you mean ${nearest(name, objectiveNames)}? Known: ${known}`,
    );
  }
  return methods[name].create(name, settings);
}

export function isObjectiveName(name: string): name is ObjectiveName {
  return Object.hasOwn(methods, name) && methods[name as MethodName].role === 'objective';
}
