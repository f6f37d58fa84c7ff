import type { Engine, OptimOptions, PolicyLoss, TokenBatch, TokenColumns, TokenGradients } from '@touchstone/engine';
import type { LossResult, Objective, ServerLoss } from '@touchstone/objectives';
import { LOG_RATIO_BOUND, selectTokens } from '@touchstone/objectives';
import { RunStopped } from '../errors.js';
import { deriveSeed } from '../random.js';
import type { StepBatch, Temperature } from './batch.js';
import { gatherColumn, selectBatch, toResponses, toTokens, tokenBatch, withColumns } from './batch.js';
import type { ColumnPlan } from './columns.js';
import { givesColumn, refreshColumns } from './columns.js';
import type { Minibatcher } from './minibatches.js';
import type { Stopwatch } from './stopwatch.js';

export interface UpdateContext {
  readonly engine: Engine;
  readonly teacher: Engine | undefined;
  readonly objective: Objective;
  readonly plan: ColumnPlan;
  readonly minibatcher: Minibatcher;
  /** Passes over the step's rollouts, and optimiser updates a pass. */
  readonly epochs: number;
  readonly minibatches: number;
  readonly optimizer: OptimOptions;
  readonly temperature: Temperature;
  readonly seed: number;
  readonly stopwatch: Stopwatch;
  /** The first update waits for it: until then something else reads the weights. */
  readonly weightsFree?: Promise<unknown> | undefined;
}

/** What one optimiser update saw and did. */
export interface UpdateReport {
  /** Tokens that carried loss. */
  readonly tokens: number;
  readonly loss: number;
  /** NaN where the engine does not tell it; so is `entropy`. */
  readonly gradNorm: number;
  /** Mean over the tokens that carried loss, nats. */
  readonly entropy: number;
  /** Mean of k3 = exp(d) - 1 - d, d = log-prob now - log-prob when sampled: how far the policy has left the sampler. */
  readonly samplerKl: number;
  /** As the objective names them. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A loss or gradient that is not finite. The run stops; nothing was applied, and the batch is kept for a look. */
export class NonFinite extends RunStopped {
  constructor(
    readonly what: string,
    readonly batch: StepBatch,
    readonly advantages: Float64Array,
    readonly result: LossResult,
  ) {
    super(
      `train: ${what} must be finite, got one that is not; the weights are as before this step. Look at the saved ` +
        'batch, then lower optimizer.learningRate, set optimizer.maxGradNorm or choose a clipped objective',
    );
  }
}

/** Optimiser updates of one step over `batch`, whose columns are those at the start of the step. */
export async function updatePolicy(
  batch: StepBatch,
  advantages: Float64Array,
  context: UpdateContext,
): Promise<UpdateReport[]> {
  const { minibatcher, epochs, minibatches, seed } = context;
  const reports: UpdateReport[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const { group } = batch.view;
    for (const numbers of minibatcher({ group, minibatches, seed: deriveSeed(seed, 'minibatches', epoch) })) {
      const part = selectBatch(batch, numbers);
      const partAdvantages = selectTokens(batch.view.offsets, Array.from(numbers), advantages);
      // Until the first update the weights are those of the step's own columns.
      reports.push(await (reports.length === 0 ? updateOnce : updateAgain)(part, partAdvantages, context));
    }
  }
  return reports;
}

/** An update after the first: the log-probs of now come with the gradient where the engine has the loss, else before it. */
async function updateAgain(batch: StepBatch, advantages: Float64Array, context: UpdateContext): Promise<UpdateReport> {
  const { stopwatch, plan } = context;
  const done = await updateByEngineLoss(batch, advantages, context);
  if (done !== undefined) return done;
  return await updateOnce(
    await stopwatch.time('forward', () => refreshColumns(batch, plan, context)),
    advantages,
    context,
  );
}

/** Undefined, with nothing done, where the engine does not compute this objective's loss itself. */
async function updateByEngineLoss(
  batch: StepBatch,
  advantages: Float64Array,
  context: UpdateContext,
): Promise<UpdateReport | undefined> {
  const { engine, objective, plan, temperature, stopwatch } = context;
  const { serverLoss } = objective;
  if (serverLoss === undefined || engine.forwardBackwardLoss === undefined) return undefined;
  if (temperature !== 1 || Object.keys(plan.current).length > 0) return undefined;
  const tokens = tokenBatch(batch, temperature);
  const loss = await stopwatch.time('loss', () => policyLoss(batch, tokens, advantages, serverLoss));
  const columns = await stopwatch.time('backward', () => engine.forwardBackwardLoss?.(tokens, loss));
  if (columns === undefined) return undefined;
  const fresh = withColumns(batch, { logProb: toResponses(batch, tokens, columns.logProb) });
  const result = await stopwatch.time('loss', () => objective.loss(fresh.view, advantages));
  requireFinite(result, fresh, advantages);
  return await applyUpdate({ batch: fresh, tokens, advantages, result, columns: Promise.resolve(columns) }, context);
}

function policyLoss(
  batch: StepBatch,
  tokens: TokenBatch,
  advantages: Float64Array,
  { name, low, high, scale }: ServerLoss,
): PolicyLoss {
  const weights = scale(batch.view);
  const old = batch.view.columns.oldLogProb ?? batch.view.columns.logProb;
  return {
    ...{ name, low, high, logRatioBound: LOG_RATIO_BOUND },
    advantages: toTokens(
      batch,
      tokens,
      advantages.map((advantage, t) => advantage * (weights[t] as number)),
    ),
    oldLogProb: toTokens(batch, tokens, old as Float64Array),
  };
}

async function updateOnce(batch: StepBatch, advantages: Float64Array, context: UpdateContext): Promise<UpdateReport> {
  const { engine, objective, temperature, stopwatch } = context;
  const result = await stopwatch.time('loss', () => objective.loss(batch.view, advantages));
  requireFinite(result, batch, advantages);
  const tokens = tokenBatch(batch, temperature);
  const gradients = engineGradients(batch, tokens, result);
  const wanted = givesColumn(engine, 'entropy') ? { entropy: true } : {};
  const columns = engine.forwardBackward(tokens, gradients, wanted);
  return await applyUpdate({ batch, tokens, advantages, result, columns }, context);
}

/** A gradient that is being accumulated, and what it is made from. */
interface Accumulated {
  readonly batch: StepBatch;
  readonly tokens: TokenBatch;
  readonly advantages: Float64Array;
  readonly result: LossResult;
  readonly columns: Promise<TokenColumns>;
}

async function applyUpdate(
  accumulated: Accumulated,
  { engine, optimizer, stopwatch, weightsFree }: UpdateContext,
): Promise<UpdateReport> {
  const { batch, tokens, advantages, result } = accumulated;
  if (weightsFree !== undefined) {
    await stopwatch.time('backward', () => accumulated.columns);
    await stopwatch.time('waiting', () => weightsFree);
  }
  // Asked for at once: a server that works in turns would let one go by between gradient and step.
  const step = engine.optimStep(optimizer);
  step.catch(() => undefined);
  const columns = await stopwatch.time('backward', () => accumulated.columns);
  const { gradNorm } = await stopwatch.time('optimizer', () => step);
  if (gradNorm !== undefined && !Number.isFinite(gradNorm))
    throw new NonFinite('the gradient norm', batch, advantages, result);
  return {
    ...tokenStatistics(batch, toResponsesOf(batch, tokens, columns)),
    loss: result.loss,
    gradNorm: gradNorm ?? Number.NaN,
    metrics: result.metrics,
  };
}

/** Gradients over response tokens, laid out as the engine takes them. */
function engineGradients(batch: StepBatch, tokens: TokenBatch, { gradients }: LossResult): TokenGradients {
  const { logProb, entropy, meanLogProb, values, topK } = gradients;
  const likeliest = batch.view.topK;
  return {
    logProb: toTokens(batch, tokens, logProb ?? new Float64Array(batch.view.mask.length)),
    ...(entropy !== undefined && { entropy: toTokens(batch, tokens, entropy) }),
    ...(meanLogProb !== undefined && { meanLogProb: toTokens(batch, tokens, meanLogProb) }),
    ...(values !== undefined && { value: toTokens(batch, tokens, values) }),
    ...(topK !== undefined &&
      likeliest !== undefined && {
        topK: {
          ids: Int32Array.from(toTokens(batch, tokens, likeliest.ids, likeliest.width)),
          weights: toTokens(batch, tokens, topK, likeliest.width),
          width: likeliest.width,
        },
      }),
  };
}

function toResponsesOf(batch: StepBatch, tokens: TokenBatch, columns: TokenColumns) {
  const { logProb, entropy } = columns;
  return {
    logProb: toResponses(batch, tokens, logProb),
    entropy: entropy === undefined ? undefined : toResponses(batch, tokens, entropy),
  };
}

function tokenStatistics(
  batch: StepBatch,
  columns: { readonly logProb: Float64Array; readonly entropy: Float64Array | undefined },
): Pick<UpdateReport, 'tokens' | 'entropy' | 'samplerKl'> {
  const sampled = gatherColumn(batch, ({ samplerLogProbs }) => samplerLogProbs);
  let tokens = 0;
  let entropy = 0;
  let kl = 0;
  for (const [t, scored] of batch.view.mask.entries()) {
    if (scored === 0) continue;
    const d = (columns.logProb[t] as number) - (sampled[t] as number);
    tokens++;
    entropy += columns.entropy?.[t] ?? Number.NaN;
    kl += Math.exp(d) - 1 - d;
  }
  return { tokens, entropy: entropy / tokens, samplerKl: kl / tokens };
}

function requireFinite(result: LossResult, batch: StepBatch, advantages: Float64Array): void {
  if (!Number.isFinite(result.loss)) throw new NonFinite('the loss', batch, advantages, result);
  for (const [name, column] of Object.entries(result.gradients)) {
    if (column.some((value) => !Number.isFinite(value))) {
      throw new NonFinite(`the gradient by ${name}`, batch, advantages, result);
    }
  }
}
