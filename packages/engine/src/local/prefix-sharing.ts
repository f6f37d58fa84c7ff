import type { ModelConfig } from '../model/config.js';
import { parameterShapes } from '../model/layout.js';

/** What a pass costs, in multiply-adds; only the ratio matters. */
export interface PassCost {
  /** Of a token, in the linear maps. */
  readonly token: number;
  /** Of a pair of tokens that attention looks at, hidden by the mask or not. */
  readonly pair: number;
}

export function passCost(config: ModelConfig): PassCost {
  let token = 0;
  for (const [name, [rows = 0, columns = 0]] of parameterShapes(config)) {
    // The embedding is a look-up, and the head runs on scored tokens only, which sharing does not change.
    if (name.startsWith('model.layers.')) token += rows * columns;
  }
  return { token, pair: 2 * config.layers * config.heads * config.headDim };
}

interface Limits {
  readonly tokens: number;
  readonly scored: number;
}

/**
 * How many members of a group should share one computation of their prompt (1: none). More members save prompt tokens,
 * but all tokens of a row are attended to in pairs, across members in vain. Tries powers of two and the whole group.
 */
export function bestMembersPerPrefix(
  members: readonly { readonly rest: number; readonly scored: number }[],
  prefix: number,
  limits: Limits,
  cost: PassCost,
): number {
  const rest = members.reduce((sum, member) => sum + member.rest, 0) / members.length;
  const scored = members.reduce((sum, member) => sum + member.scored, 0) / members.length;
  const costOfMember = (count: number) =>
    (prefix / count + rest) * cost.token + ((prefix + count * rest) ** 2 / count) * cost.pair;
  const candidates = [members.length];
  for (let count = 1; count < members.length; count *= 2) candidates.push(count);
  const allowed = candidates.filter(
    (count) => count === 1 || (prefix + count * rest <= limits.tokens && count * scored <= limits.scored),
  );
  return allowed.reduce((best, count) => (costOfMember(count) < costOfMember(best) ? count : best), 1);
}
