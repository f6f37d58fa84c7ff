import { Tape, type Value } from '@touchstone/objectives';
import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { computeLosses, lossNames, type LossConfig, type LossInputs, type LossName } from './losses.js';

const TOKENS = 40;

/** Log-probs that differ from those of the sampler by up to 1, so that clips bite on both sides. */
function example(seed: number) {
  const random = new Random(seed);
  const draw = (low: number, high: number) => Array.from({ length: TOKENS }, () => low + (high - low) * random.float());
  const logprobs = draw(-3, -0.1);
  const logProb = logprobs.map((q) => Math.min(-0.01, q + (-1 + 2 * random.float())));
  const inputs: LossInputs = {
    logprobs,
    advantages: draw(-2, 2),
    sequence_ratio_mask: draw(0, 1).map((x) => (x < 0.7 ? 1 : 0)),
  };
  return { logProb, inputs };
}

/** The documented formulas on the tape of the objectives, as PyTorch would write them. */
const formulas: Readonly<Record<LossName, (tape: Tape, config: LossConfig, inputs: LossInputs) => Value>> = {
  cross_entropy: (tape) => tape.input('logProb').neg(),
  importance_sampling: (tape) => ratio(tape).mul(advantages(tape)).neg(),
  ppo: (tape, { clip_low_threshold: low, clip_high_threshold: high }) =>
    pessimistic(ratio(tape), advantages(tape), low as number, high as number),
  cispo: (tape, { clip_low_threshold: low, clip_high_threshold: high }) =>
    ratio(tape)
      .clip(low as number, high as number)
      .detach()
      .mul(advantages(tape))
      .mul(tape.input('logProb'))
      .neg(),
  dro: (tape, { beta }) => {
    const lp = tape.input('logProb');
    const penalty = lp.sub(tape.column('samplerLogProb')).square();
    return lp
      .mul(advantages(tape))
      .sub(penalty.mul(0.5 * (beta as number)))
      .neg();
  },
  gspo: (tape, { clip_low_threshold: low, clip_high_threshold: high }, inputs) => {
    const lp = tape.input('logProb');
    const mask = tape.tokenConstant(inputs.sequence_ratio_mask as ArrayLike<number>);
    const distance = lp.detach().sub(tape.column('samplerLogProb'));
    const mean = distance.mul(mask).sum(tape.rollout).div(mask.sum(tape.rollout));
    const own = lp.sub(lp.detach()).add(mean).exp();
    return pessimistic(own, advantages(tape), low as number, high as number);
  },
};

function ratio(tape: Tape): Value {
  return tape.input('logProb').sub(tape.column('samplerLogProb')).exp();
}

function advantages(tape: Tape): Value {
  return tape.column('tokenRewards');
}

function pessimistic(value: Value, advantage: Value, low: number, high: number): Value {
  return value.mul(advantage).min(value.clip(low, high).mul(advantage)).neg();
}

function onTape(name: LossName, config: LossConfig, logProb: readonly number[], inputs: LossInputs) {
  const column = (values: ArrayLike<number>) => Float64Array.from(values);
  const tape = new Tape({
    offsets: Int32Array.of(0, TOKENS),
    group: Int32Array.of(0),
    rewards: Float64Array.of(0),
    mask: new Uint8Array(TOKENS).fill(1),
    columns: {
      logProb: column(logProb),
      samplerLogProb: column(inputs.logprobs as ArrayLike<number>),
      tokenRewards: column(inputs.advantages as ArrayLike<number>),
    },
  });
  const losses = formulas[name](tape, config, inputs);
  const total = losses.sum(tape.batch);
  return { losses: losses.data, gradient: tape.gradients(total).logProb as Float64Array };
}

const configs: Readonly<Partial<Record<LossName, readonly LossConfig[]>>> = {
  ppo: [{}, { clip_low_threshold: 0.9, clip_high_threshold: 1.05 }],
  cispo: [{}, { clip_low_threshold: 0, clip_high_threshold: 5 }],
  dro: [{ beta: 0.05 }, { beta: 2 }],
  gspo: [{}, { clip_low_threshold: 0.99, clip_high_threshold: 1.01 }],
};

describe('the built-in losses', () => {
  for (const name of lossNames) {
    it(`${name} has the values and gradients of its formula on the tape`, () => {
      for (const config of configs[name] ?? [{}]) {
        for (let seed = 0; seed < 20; seed++) {
          const { logProb, inputs } = example(seed);
          const expected = onTape(
            name,
            { clip_low_threshold: 0.8, clip_high_threshold: 1.2, ...config },
            logProb,
            inputs,
          );
          const { losses, gradient } = computeLosses(name, logProb, inputs, config);
          for (let t = 0; t < TOKENS; t++) {
            expect(losses[t]).toBeCloseTo(expected.losses[t] as number, 12);
            expect(gradient[t]).toBeCloseTo(expected.gradient[t] as number, 12);
          }
        }
      }
    });

    it(`${name} scales with its weights, and what weighs nothing may hold anything`, () => {
      const { logProb, inputs } = example(3);
      const config = configs[name]?.[0] ?? {};
      const weights = Array.from({ length: TOKENS }, (_, t) => (t % 3) / 2);
      const plain = computeLosses(name, logProb, inputs, config);
      const weighted = computeLosses(name, logProb, { ...inputs, weights }, config);
      for (let t = 0; t < TOKENS; t++) {
        expect(weighted.losses[t]).toBeCloseTo((weights[t] as number) * (plain.losses[t] as number), 12);
        expect(weighted.gradient[t]).toBeCloseTo((weights[t] as number) * (plain.gradient[t] as number), 12);
      }
      const hidden = logProb.map((lp, t) => (weights[t] === 0 && name !== 'gspo' ? -Infinity : lp));
      expect(computeLosses(name, hidden, { ...inputs, weights }, config)).toEqual(weighted);
    });
  }

  it('takes thresholds of single tokens before those of the request', () => {
    const inputs = { logprobs: [-2, -2], advantages: [1, 1], clip_high_threshold: [1.5, 10] };
    const { losses } = computeLosses('ppo', [-1, -1], inputs, { clip_high_threshold: 1.1 });
    expect([...losses]).toEqual([-1.5, -Math.exp(1)]);
  });
});
