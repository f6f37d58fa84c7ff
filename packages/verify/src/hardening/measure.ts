import { attacks as suite, type Attack, type AttackCategory, type AttackItem } from './attacks.js';
import { seededDraw } from './random.js';
import type { Verdict } from '../verdict.js';

/** Share of accepted responses among those tried; all of them should have been refused. */
export interface AttackRate {
  readonly asked: number;
  readonly accepted: number;
  /** accepted / asked; 0 where nothing was asked. */
  readonly rate: number;
}

export interface AttackResult extends AttackRate {
  readonly category: AttackCategory;
  readonly name: string;
  /** Verdicts that were not judgements (unscorable, timeout, crashed): not accepted, but worth a look. */
  readonly unjudged: number;
  readonly maxMs: number;
  /** The first response that was accepted, cut to 200 characters, with the index of its item; null when none was. */
  readonly example: { readonly item: number; readonly response: string } | null;
}

export interface AttackReport extends AttackRate {
  readonly items: number;
  /** The attack with the highest rate. */
  readonly worst: { readonly name: string; readonly rate: number } | null;
  readonly categories: Readonly<Partial<Record<AttackCategory, AttackRate>>>;
  readonly attacks: readonly AttackResult[];
}

export interface MeasureOptions<Item extends AttackItem> {
  readonly seed?: number;
  /** Default: the whole suite. */
  readonly attacks?: readonly Attack[];
  readonly verify: (response: string, item: Item) => Verdict | Promise<Verdict>;
}

/** Tries every attack on every item and reports how often the verifier was fooled. */
export async function measureAttacks<Item extends AttackItem>(
  items: readonly Item[],
  { verify, seed = 0, attacks = suite }: MeasureOptions<Item>,
): Promise<AttackReport> {
  const results: AttackResult[] = [];
  for (const [number, attack] of attacks.entries()) {
    const tries = items.flatMap((item, index) => {
      const response = attack.respond(item, seededDraw(seed + 7919 * number + index));
      return response === null ? [] : [{ item, index, response }];
    });
    const verdicts = await Promise.all(tries.map(async ({ item, response }) => verify(response, item)));
    const fooled = tries.filter((_, i) => verdicts[i]?.outcome === 'correct');
    const first = fooled[0];
    results.push({
      category: attack.category,
      name: attack.name,
      ...rateOf(fooled.length, tries.length),
      unjudged: verdicts.filter(({ outcome }) => outcome !== 'correct' && outcome !== 'incorrect').length,
      maxMs: verdicts.reduce((most, { elapsedMs }) => Math.max(most, elapsedMs), 0),
      example: first === undefined ? null : { item: first.index, response: first.response.slice(0, 200) },
    });
  }
  return summarise(items.length, results);
}

function rateOf(accepted: number, asked: number): AttackRate {
  return { asked, accepted, rate: asked === 0 ? 0 : accepted / asked };
}

function summarise(items: number, results: readonly AttackResult[]): AttackReport {
  const total = (of: readonly AttackResult[]): AttackRate =>
    rateOf(
      of.reduce((sum, { accepted }) => sum + accepted, 0),
      of.reduce((sum, { asked }) => sum + asked, 0),
    );
  const present = [...new Set(results.map(({ category }) => category))];
  const worst = results.reduce<AttackResult | null>(
    (most, each) => (each.rate > (most?.rate ?? 0) ? each : most),
    null,
  );
  return {
    items,
    ...total(results),
    worst: worst === null ? null : { name: worst.name, rate: worst.rate },
    categories: Object.fromEntries(
      present.map((category) => [category, total(results.filter((result) => result.category === category))]),
    ),
    attacks: results,
  };
}
