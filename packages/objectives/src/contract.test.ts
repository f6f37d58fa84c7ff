import { describe, expect, test } from 'vitest';
import { selectRollouts, selectTokens, totalsOf } from './columns.js';
import { createObjective, methods, objectiveNames, type ObjectiveName } from './registry.js';
import type { ContractRule, TapedObjective } from './define.js';
import type { ColumnName, DifferentiableColumn, LossResult, RolloutBatch } from './objective.js';
import type { Tape } from './tape/tape.js';
import { checkGradients } from './tape/gradient-check.js';
import { sampleBatch, shuffled, uniform, type SampleBatchOptions } from './testing/sample-batch.js';

/** Settings that switch every optional term on, where a method has it. */
const everyTerm: Readonly<Record<string, unknown>> = {
  klCoef: 0.1,
  entropyCoef: 0.01,
  samplerCorrection: 'sequence-truncate',
  rewardKlCoef: 0.05,
  rewardSource: 'tokens',
  ratioCap: 1.4,
  overlongMax: 9,
  overlongBuffer: 5,
};

const variants = objectiveNames.flatMap((name) => {
  const { settings, variants: own } = methods[name];
  const known = Object.entries(everyTerm).filter(([setting]) => Object.hasOwn(settings, setting));
  return [
    { label: name, name, settings: {} },
    ...(known.length > 0 ? [{ label: `${name} with every term`, name, settings: Object.fromEntries(known) }] : []),
    ...own.map((given) => ({ label: `${name} ${JSON.stringify(given)}`, name, settings: given })),
  ];
});

type Variant = (typeof variants)[number];

/** Runs a rule over every objective; an exemption skips it and shows its reason in the test's name. */
function rule(
  key: ContractRule | undefined,
  title: string,
  check: (objective: TapedObjective, variant: Variant) => void,
) {
  describe(title, () => {
    for (const variant of variants) {
      const reason = key && methods[variant.name].exempt[key];
      if (reason !== undefined) test.skip(`${variant.label}: exempt, ${reason}`, () => undefined);
      else test(variant.label, () => check(createObjective(variant.name, variant.settings), variant));
    }
  });
}

const shape = { groupSizes: [4, 3, 2, 1, 5], maxLength: 12 } as const;

function prepared(objective: TapedObjective, options: Partial<SampleBatchOptions> = {}): RolloutBatch {
  const batch = withPairs(objective, sampleBatch({ seed: 11, ...shape, ...options }));
  return { ...batch, columns: { ...batch.columns, ...objective.derive?.(batch) } };
}

/** Preference losses see groups of two, one better than the other. */
function withPairs(objective: TapedObjective, batch: RolloutBatch): RolloutBatch {
  if (!methods[objective.name as ObjectiveName].kinds.includes('preference loss')) return batch;
  return {
    ...batch,
    group: batch.group.map((_, i) => i >> 1),
    rewards: batch.rewards.map((_, i) => (i % 4 === 0 ? 1 : i % 2)),
  };
}

function run(objective: TapedObjective, batch: RolloutBatch): { advantages: Float64Array; result: LossResult } {
  const advantages = objective.advantages(batch);
  return { advantages, result: objective.loss(batch, advantages) };
}

function gradientNames(result: LossResult): DifferentiableColumn[] {
  return Object.keys(result.gradients) as DifferentiableColumn[];
}

/** Equal bit patterns: NaN equals itself. */
function sameBits(a: ArrayBufferView, b: ArrayBufferView): boolean {
  const bytes = (view: ArrayBufferView) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  return bytes(a).equals(bytes(b));
}

function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 1e-9): void {
  expect(got.length).toBe(wanted.length);
  for (let i = 0; i < got.length; i++) {
    if (!(Math.abs(got[i]! - wanted[i]!) <= tolerance * (1 + Math.abs(wanted[i]!)))) {
      expect.fail(`entry ${i}: got ${got[i]}, expected ${wanted[i]}`);
    }
  }
}

rule('finite-differences', 'tape gradients equal finite differences', (objective) => {
  const batch = prepared(objective, { seed: 2, groupSizes: [3, 2, 1], maxLength: 6, underMask: 0 });
  const advantages = objective.advantages(batch);
  const check = checkGradients(batch, objective.differentiates, (tape) => objective.onTape(tape, advantages).loss);
  expect(check.error, check.at).toBeLessThan(2e-6);
});

rule(undefined, 'what the card holds constant has no gradient', (objective, { name, settings }) => {
  if (methods[name].stopsGradient === undefined || Object.keys(settings).length > 0) return;
  const batch = prepared(objective, { seed: 2, groupSizes: [3, 2, 1], maxLength: 6, underMask: 0 });
  // Advantages that differ within a response: some stop-gradients cancel in the sum where they are constant.
  const advantages = objective.advantages(batch).map((value, token) => value * (1 + 0.2 * token));
  const formula = (tape: Tape) => objective.onTape(tape, advantages).loss;
  expect(checkGradients(batch, objective.differentiates, formula, 'moving').error).toBeGreaterThan(1e-3);
});

rule(undefined, 'gradients are those that the objective declares', (objective) => {
  const { result } = run(objective, prepared(objective));
  expect(gradientNames(result).sort()).toEqual([...objective.differentiates].sort());
});

rule(undefined, 'the columns it reads are those that it needs', (objective, { name }) => {
  const derived: readonly string[] = methods[name].derived;
  const read = new Set<string>();
  const batch = prepared(objective);
  const columns = new Proxy(batch.columns, {
    get: (target, column: ColumnName) => (read.add(column), target[column]),
  });
  const watched = { ...batch, columns };
  objective.keep?.(watched);
  objective.derive?.(watched);
  objective.loss(watched, objective.advantages(watched), totalsOf(batch));
  expect([...read].filter((column) => !derived.includes(column)).sort()).toEqual(
    [...objective.needs].filter((column) => column !== 'logProb' || read.has(column)).sort(),
  );
});

rule(undefined, 'a missing column is named', (objective) => {
  for (const column of objective.needs) {
    const batch = prepared(objective);
    const { [column]: _, ...columns } = batch.columns;
    if (column === 'logProb' && !objective.differentiates.includes('logProb')) continue;
    const without = { ...batch, columns };
    expect(() => (objective.keep?.(without), objective.derive?.(without), run(objective, without))).toThrow(
      new RegExp(column),
    );
  }
});

rule(
  undefined,
  'tokens under the mask have exactly no advantage and no gradient, whatever stands there',
  (objective) => {
    const garbage = prepared(objective, { underMask: NaN });
    const clean = prepared(objective, { underMask: 0 });
    const { advantages, result } = run(objective, garbage);
    const other = run(objective, clean);
    expect(result.loss).toBe(other.result.loss);
    expect(advantages.every((value, token) => garbage.mask[token] === 1 || value === 0)).toBe(true);
    for (const name of gradientNames(result)) {
      const gradient = result.gradients[name]!;
      expect(gradient).toEqual(other.result.gradients[name]);
      const width = gradient.length / garbage.mask.length;
      gradient.forEach((value, i) => garbage.mask[Math.floor(i / width)] === 0 && expect(value).toBe(0));
    }
  },
);

rule('zero-signal', 'a group whose rewards are equal has no advantage', (objective, { settings }) => {
  if ('overlongMax' in settings) return;
  const flat = prepared(objective, { reward: (_, group) => 0.1 * group, groupSizes: [4, 3, 2, 5] });
  const equal = { ...flat, rewards: flat.rewards.map((_, i) => flat.group[i]! * 0.1) };
  expect(objective.advantages(equal).every((value) => value === 0)).toBe(true);
});

rule(
  'zero-gradient',
  'without advantage, divergence and entropy term nothing pulls on a log-prob',
  (objective, variant) => {
    const known = Object.keys(methods[variant.name].settings);
    const off = { klCoef: 0, entropyCoef: 0 };
    const silent = Object.fromEntries(Object.entries(off).filter(([setting]) => known.includes(setting)));
    const quiet = createObjective(objective.name, { ...variant.settings, ...silent });
    const batch = prepared(quiet);
    const { gradients } = quiet.loss(batch, new Float64Array(batch.mask.length));
    expect(gradients.logProb?.every((value) => value === 0) ?? true).toBe(true);
    expect(gradients.topK?.every((value) => value === 0) ?? true).toBe(true);
  },
);

rule('permutation', 'the order of rollouts does not matter', (objective) => {
  const batch = prepared(objective);
  const order = shuffled(
    Array.from(batch.group, (_, i) => i),
    uniform(5),
  );
  const moved = selectRollouts(batch, order);
  const straight = run(objective, batch);
  const permuted = run(objective, moved);
  expectClose(permuted.advantages, selectTokens(batch.offsets, order, straight.advantages));
  expectClose([permuted.result.loss], [straight.result.loss]);
  for (const name of gradientNames(straight.result)) {
    const gradient = straight.result.gradients[name]!;
    const width = gradient.length / batch.mask.length;
    expectClose(permuted.result.gradients[name]!, selectTokens(batch.offsets, order, gradient, width));
  }
});

rule('micro-batch-split', 'the parts of any split add up to the whole', (objective, { name }) => {
  const batch = prepared(objective);
  const { advantages, result } = run(objective, batch);
  for (const parts of [2, 5, batch.group.length]) {
    const pieces = split(batch, parts, methods[name].splitBy === 'group').map((rollouts) => {
      const piece = selectRollouts(batch, rollouts);
      const own = selectTokens(batch.offsets, rollouts, advantages);
      return { rollouts, loss: objective.loss(piece, own, totalsOf(batch)) };
    });
    expectClose([pieces.reduce((sum, piece) => sum + piece.loss.loss, 0)], [result.loss]);
    for (const piece of pieces) {
      for (const column of gradientNames(result)) {
        const whole = result.gradients[column]!;
        const width = whole.length / batch.mask.length;
        expectClose(piece.loss.gradients[column]!, selectTokens(batch.offsets, piece.rollouts, whole, width));
      }
    }
  }
});

rule(undefined, 'extreme inputs stay finite', (objective) => {
  const extremes = [-1e3, -1e-300, 0, -40, -700];
  const base = prepared(objective, { reward: (i) => [1e9, -1e9, 0, NaN, 1e-300][i % 5]! });
  const columns = Object.fromEntries(
    Object.entries(base.columns).map(([column, values], shift) => [
      column,
      values.map((value, i) => (Number.isNaN(value) ? value : extremes[(i * (shift + 1) + shift) % extremes.length]!)),
    ]),
  );
  const batch = { ...base, columns };
  const { advantages, result } = run(objective, { ...batch, columns: { ...columns, ...objective.derive?.(batch) } });
  expect(advantages.every(Number.isFinite)).toBe(true);
  expect(result.loss).toSatisfy(Number.isFinite);
  expect(Object.values(result.metrics).filter((value) => !Number.isFinite(value))).toEqual([]);
  for (const name of gradientNames(result)) expect(result.gradients[name]!.every(Number.isFinite)).toBe(true);
});

rule(undefined, 'empty batches, empty rollouts and groups of one are fine', (objective) => {
  for (const options of [
    { groupSizes: [], maxLength: 3 },
    { groupSizes: [1], maxLength: 4 },
    { groupSizes: [1, 1, 1], maxLength: 4 },
    { groupSizes: [3, 2], maxLength: 0 },
  ]) {
    const batch = prepared(objective, options);
    const { advantages, result } = run(objective, batch);
    expect(advantages.every(Number.isFinite)).toBe(true);
    expect(result.loss).toSatisfy(Number.isFinite);
    for (const name of gradientNames(result)) expect(result.gradients[name]!.every(Number.isFinite)).toBe(true);
    if (batch.group.length === 0) expect(result.loss).toBeCloseTo(0, 12);
  }
});

rule('unscored', 'unscored rollouts have no advantage and leave the others as they were', (objective) => {
  const batch = withPairs(objective, sampleBatch({ seed: 4, groupSizes: [4, 4], maxLength: 9 }));
  const dropped = new Set([1, 6]);
  const rewards = batch.rewards.map((reward, i) => (dropped.has(i) ? NaN : reward));
  const partly = { ...batch, rewards };
  const advantages = objective.advantages({ ...partly, columns: { ...batch.columns, ...objective.derive?.(partly) } });
  for (const i of dropped) {
    expect(advantages.slice(batch.offsets[i], batch.offsets[i + 1]).every((value) => value === 0)).toBe(true);
  }
  const kept = Array.from(rewards.keys()).filter((i) => !dropped.has(i));
  const without = selectRollouts(partly, kept);
  expectClose(selectTokens(batch.offsets, kept, advantages), objective.advantages(without));
});

rule(undefined, 'the same batch gives the same bits, and is not changed', (objective) => {
  const batch = prepared(objective);
  const arrays = [batch.offsets, batch.group, batch.rewards, batch.mask, ...Object.values(batch.columns)];
  const before = arrays.map((array) => array.slice());
  const first = run(objective, batch);
  const second = run(objective, batch);
  expect(sameBits(first.advantages, second.advantages)).toBe(true);
  expect(second.result.loss).toBe(first.result.loss);
  expect(second.result.metrics).toEqual(first.result.metrics);
  for (const name of gradientNames(first.result)) {
    expect(sameBits(first.result.gradients[name]!, second.result.gradients[name]!)).toBe(true);
  }
  expect(arrays.every((array, i) => sameBits(array, before[i]!))).toBe(true);
});

rule(undefined, 'what stays in the step is a flag for each rollout', (objective) => {
  const batch = prepared(objective);
  const keep = objective.keep?.(batch);
  if (keep === undefined) return;
  expect(keep.length).toBe(batch.group.length);
  expect(keep.every((value) => value === 0 || value === 1)).toBe(true);
});

test('an exemption is a sentence', () => {
  for (const name of objectiveNames) {
    for (const reason of Object.values(methods[name].exempt)) expect(reason.length).toBeGreaterThan(20);
  }
});

/** Rollouts (or whole groups) dealt to `parts` pieces. */
function split(batch: RolloutBatch, parts: number, byGroup: boolean): number[][] {
  const pieces: number[][] = Array.from({ length: parts }, () => []);
  const numbers = [...new Set(batch.group)];
  batch.group.forEach((group, rollout) => pieces[(byGroup ? numbers.indexOf(group) : rollout) % parts]!.push(rollout));
  return pieces;
}
