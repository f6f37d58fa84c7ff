import { totalsOf } from './columns.js';
import type { MetricName } from './metric-names.js';
import type {
  BatchTotals,
  ColumnName,
  DifferentiableColumn,
  LossResult,
  Objective,
  RolloutBatch,
  RolloutColumnName,
  ServerLoss,
} from './objective.js';
import { parseSettings, type SettingsOf, type SettingsSchema } from './settings.js';
import type { Axis } from './tape/axis.js';
import { Tape } from './tape/tape.js';
import type { Value } from './tape/value.js';
import type { VectorSlug } from './names.js';

/** What a method changes; several may hold. */
export type MethodKind =
  | 'advantage'
  | 'credit assignment'
  | 'policy loss'
  | 'value loss'
  | 'divergence'
  | 'preference loss'
  | 'reward model loss'
  | 'imitation loss'
  | 'off-policy correction'
  | 'reward shaping'
  | 'reward'
  | 'filter'
  | 'schedule'
  | 'rollout'
  | 'metric';

/** What every method of the registry says about itself, whether or not it is an objective of its own. */
export interface MethodCard {
  readonly title: string;
  /** arXiv number, or the repository and file for what has no paper. */
  readonly source: string;
  readonly kinds: readonly MethodKind[];
  /** One line for the table of methods. */
  readonly summary: string;
  /** Card whose test vectors exercise it; null: none are published, its own test computes it a second way. */
  readonly vectors: VectorSlug | null;
}

/** Properties every objective is tested for; an exemption states why it does not hold. */
export type ContractRule =
  'zero-signal' | 'zero-gradient' | 'unscored' | 'micro-batch-split' | 'permutation' | 'finite-differences';

/** What must not be torn apart when a minibatch is cut. */
export type SplitUnit = 'rollout' | 'group';

/** A method that is a loss: everything that the trainer, the tests and the docs need of it. */
export interface ObjectiveDefinition<S extends SettingsSchema> extends MethodCard {
  readonly settings: S;
  /** Columns read under these settings. `logProb` is always there and need not be listed. */
  readonly needs: (settings: SettingsOf<S>) => readonly ColumnName[];
  readonly needsOfRollout?: readonly RolloutColumnName[];
  /** Likeliest tokens a position to ask for. */
  readonly topK?: (settings: SettingsOf<S>) => number;
  readonly differentiates: (settings: SettingsOf<S>) => readonly DifferentiableColumn[];
  /** Spans of one response from the text of each token; see `Objective.segment`. */
  readonly segment?: (tokens: readonly string[], settings: SettingsOf<S>) => Int32Array;
  readonly keep?: (batch: RolloutBatch, settings: SettingsOf<S>) => Uint8Array;
  /** Columns that `loss` reads and `derive` computes. */
  readonly derived?: readonly ColumnName[];
  readonly derive?: (batch: RolloutBatch, settings: SettingsOf<S>) => Partial<Record<ColumnName, Float64Array>>;
  /** [tokens] */
  readonly advantages: (batch: RolloutBatch, settings: SettingsOf<S>) => Float64Array;
  /** The formula: a scalar on the tape. */
  readonly loss: (context: LossContext, settings: SettingsOf<S>) => Value;
  /** The same loss as servers of the Tinker API have it; absent, or undefined: they have none that is equal. */
  readonly serverLoss?: (settings: SettingsOf<S>) => ServerLoss | undefined;
  /** Other settings under which the contract suite runs the method, one for each branch of its formula. */
  readonly variants?: readonly Partial<SettingsOf<S>>[];
  /** What the formula holds constant though it depends on the weights; the contract suite proves that it does. */
  readonly stopsGradient?: string;
  /** Smallest part of a minibatch that the loss may see, given the totals of the whole. Default: a rollout. */
  readonly splitBy?: SplitUnit;
  /** Contract rules that do not hold, each with the reason. */
  readonly exempt?: Partial<Readonly<Record<ContractRule, string>>>;
}

/** An objective whose settings are not known to the compiler any more: an entry of the registry. */
export interface ObjectiveMethod extends MethodCard {
  readonly role: 'objective';
  readonly settings: SettingsSchema;
  /** Columns that `loss` reads and `derive` computes. */
  readonly derived: readonly ColumnName[];
  readonly variants: readonly Readonly<Record<string, unknown>>[];
  readonly stopsGradient: string | undefined;
  readonly splitBy: SplitUnit;
  readonly exempt: Partial<Readonly<Record<ContractRule, string>>>;
  /** Validates the settings. Throws on an unknown name or a refused value. */
  create(name: string, settings: Readonly<Record<string, unknown>>): TapedObjective;
}

/** A method that is not a loss: a filter, a schedule, a reward shape, a metric. Its functions are exported by name. */
export interface PartMethod extends MethodCard {
  readonly role: 'part';
  readonly needs: readonly ColumnName[];
}

export type Method = ObjectiveMethod | PartMethod;

/** An objective that also lays its formula on a given tape, for composition and for gradient checks. */
export interface TapedObjective extends Objective {
  onTape(tape: Tape, advantages: Float64Array, totals?: BatchTotals): TapedLoss;
}

export interface TapedLoss {
  readonly loss: Value;
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a formula is written in. */
export class LossContext {
  readonly metrics: Record<string, number> = {};

  constructor(
    readonly tape: Tape,
    /** [token] Without gradient. */
    readonly advantages: Value,
    readonly totals: BatchTotals,
  ) {}

  /** [token] Log-prob of the chosen token under the weights being trained. */
  get logProb(): Value {
    return this.tape.input('logProb');
  }

  /** [token] Another column, without gradient. */
  column(name: ColumnName): Value {
    return this.tape.column(name);
  }

  report(name: MetricName, value: number): void {
    this.metrics[name] = value;
  }

  /** Reports the share of entries of an axis that a condition holds for; 0 without entries. */
  reportShare(name: MetricName, axis: Axis, condition: (entry: number) => boolean): void {
    let count = 0;
    for (let i = 0; i < axis.size; i++) if (condition(i)) count += 1;
    this.report(name, axis.size > 0 ? count / axis.size : 0);
  }

  /** Reports the mean over entries times `scale`; 0 without entries. */
  reportMean(name: MetricName, value: Value, scale = 1): void {
    const { data } = value;
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += data[i]!;
    this.report(name, data.length > 0 ? (scale * sum) / data.length : 0);
  }
}

/** A registry entry from a definition. */
export function objective<const S extends SettingsSchema>(definition: ObjectiveDefinition<S>): ObjectiveMethod {
  const { title, source, kinds, summary, vectors, settings } = definition;
  const { derived = [], variants = [], stopsGradient, splitBy = 'rollout', exempt = {} } = definition;
  return {
    role: 'objective',
    ...{ title, source, kinds, summary, vectors, settings, derived, variants, stopsGradient, splitBy, exempt },
    create: (name, given) => instantiate(name, definition, parseSettings(name, settings, given)),
  };
}

export function part(definition: Omit<PartMethod, 'role'>): PartMethod {
  return { role: 'part', ...definition };
}

function instantiate<S extends SettingsSchema>(
  name: string,
  definition: ObjectiveDefinition<S>,
  settings: SettingsOf<S>,
): TapedObjective {
  const onTape = (tape: Tape, advantages: Float64Array, totals = totalsOf(tape.source)): TapedLoss => {
    const context = new LossContext(tape, tape.tokenConstant(advantages), totals);
    const loss = definition.loss(context, settings);
    return { loss, metrics: context.metrics };
  };
  const { keep, derive, segment, needsOfRollout } = definition;
  const width = definition.topK?.(settings) ?? 0;
  const serverLoss = definition.serverLoss?.(settings);
  return {
    name,
    needs: [...new Set<ColumnName>(['logProb', ...definition.needs(settings)])],
    differentiates: definition.differentiates(settings),
    ...(needsOfRollout && { needsOfRollout }),
    ...(serverLoss && { serverLoss }),
    ...(width > 0 && { topK: width }),
    ...(segment && { segment: (tokens: readonly string[]) => segment(tokens, settings) }),
    ...(keep && { keep: (batch: RolloutBatch) => keep(batch, settings) }),
    ...(derive && { derive: (batch: RolloutBatch) => derive(batch, settings) }),
    advantages: (batch) => definition.advantages(batch, settings),
    onTape,
    loss: (batch, advantages, totals) => evaluate(new Tape(batch), (tape) => onTape(tape, advantages, totals)),
  };
}

function evaluate(tape: Tape, build: (tape: Tape) => TapedLoss): LossResult {
  const { loss, metrics } = build(tape);
  return { loss: loss.scalar, gradients: tape.gradients(loss), metrics };
}
