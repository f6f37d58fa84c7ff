import type { PolicyLoss, TokenBatch } from '../engine.js';
import type { Connection } from './connection.js';
import { floats, toData } from './data.js';
import type { ServerFacts } from './server-facts.js';
import type { LossData } from './surrogate.js';
import { policyLossData, surrogateData } from './surrogate.js';
import { Trial } from './trial.js';

/** What may be left of the gradient: servers compute in bfloat16. Another formula leaves more. */
const TOLERANCE = 0.02;
/** Ratios lie this far beyond the bounds. */
const BEYOND = 8;
const BATCH: TokenBatch = { tokens: Int32Array.of(0, 1, 2, 3, 4), offsets: Int32Array.of(0, 5) };

type Formula = Pick<PolicyLoss, 'name' | 'low' | 'high'>;

/**
 * Whether the server computes this loss as `PolicyLoss` has it. Names alone do not tell: SkyRL's JAX back end clips CISPO
 * where the request says, its FSDP back end where its own configuration does. On a small model of its own, tokens with
 * ratios within and beyond both bounds get the gradient of the server's loss less the one that it should have; next to
 * nothing must be left. A server that tells no norms is taken at the word of the documentation.
 */
export async function computesLoss(
  connection: Connection,
  baseModel: string,
  facts: ServerFacts,
  formula: Formula,
): Promise<boolean> {
  if (!facts.losses.includes(formula.name)) return false;
  if (!facts.tellsGradNorm) return true;
  return await Trial.with(connection, baseModel, async (trial) => {
    const [{ datum }] = toData(BATCH, () => ({ weights: floats([0, 0, 0, 0]) })) as [ReturnType<typeof toData>[number]];
    const { loss, gradient } = tried(formula, await trial.forward(datum));
    const add = ({ placed, loss: call }: LossData) =>
      trial.backward(
        placed.map((each) => each.datum),
        call,
      );
    await add(policyLossData(BATCH, loss, facts));
    await add(
      surrogateData(
        BATCH,
        gradient.map((value) => -value),
        facts,
      ),
    );
    const left = (await trial.gradNorm()) ?? Number.NaN;
    await add(surrogateData(BATCH, gradient, facts));
    const whole = (await trial.gradNorm()) ?? Number.NaN;
    return left <= TOLERANCE * whole;
  });
}

/** The loss over `BATCH`, and its derivative by each log-prob. */
function tried({ name, low, high }: Formula, logProbs: readonly number[]) {
  const inside = Math.min(Math.max(1, low), high);
  const below = low > 0 && name !== 'importance_sampling' ? low / BEYOND : inside / 2;
  const above = Number.isFinite(high) && name !== 'importance_sampling' ? high * BEYOND : inside * 2;
  const ratios = [below, inside, above, above];
  const advantages = [-1, 0.5, 1, -0.25];
  const gradient = ratios.map((ratio, t) => {
    const advantage = advantages[t] as number;
    const bounded = Math.min(Math.max(ratio, low), high);
    if (name === 'cispo') return -bounded * advantage;
    if (name === 'ppo' && bounded * advantage < ratio * advantage) return 0;
    return -ratio * advantage;
  });
  const old = ratios.map((ratio, t) => (logProbs[t] as number) - Math.log(ratio));
  const aligned = (values: readonly number[]) => Float32Array.from([0, ...values]);
  const loss: PolicyLoss = {
    ...{ name, low, high, logRatioBound: Infinity },
    ...{ advantages: aligned(advantages), oldLogProb: aligned(old) },
  };
  return { loss, gradient: aligned(gradient) };
}
