import { cogRethinker as method, routeStages, type StageOutcomes } from '../methods/cog-rethinker.js';
import { bm25Scores, bm25Top, type Bm25Options } from '../retrieval/bm25.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, flatten, rowsOf, type Matrix } from './padded.js';

interface LossInputs {
  readonly logprobs: Matrix;
  readonly oldLogprobs: Matrix;
  readonly advantages: Matrix;
  readonly mask: Matrix;
  readonly sftLogprobs: Matrix;
  readonly sftMask: Matrix;
}

interface LossParams {
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly sftWeight: number;
}

function lossCase(inputs: LossInputs, { clipLow, clipHigh, sftWeight: sftCoef }: LossParams) {
  const { logprobs, sftLogprobs } = inputs;
  const flags = (rows: Matrix, value: number) => rows.map((row) => row.map(() => value));
  const batch = batchOf([...inputs.mask, ...inputs.sftMask], {
    logProb: [...logprobs, ...sftLogprobs],
    oldLogProb: [...inputs.oldLogprobs, ...sftLogprobs],
    external: [...flags(logprobs, 0), ...flags(sftLogprobs, 1)],
  });
  const advantages = flatten([...inputs.advantages, ...flags(sftLogprobs, 0)]);
  const objective = method.create('cog-rethinker', { clipLow, clipHigh, sftCoef });
  const { loss, gradients, metrics } = objective.loss(batch, advantages);
  const rows = rowsOf(batch, gradients.logProb!);
  return {
    policyLoss: metrics['policyLoss'],
    sftLoss: metrics['externalLoss'],
    loss,
    gradLogprobs: rows.slice(0, logprobs.length),
    gradSftLogprobs: rows.slice(logprobs.length),
  };
}

export const cogRethinker: SlugAdapters = {
  routeStages: (outcomes: StageOutcomes, params: { auxGroupsInRl?: boolean }) => routeStages(outcomes, params),
  combinedLoss: lossCase,
  bm25Retrieve: (
    { documents, query }: { documents: readonly string[]; query: string },
    { topK, ...options }: Bm25Options & { topK: number },
  ) => {
    const scores = bm25Scores(documents, query, options);
    return { scores, top: bm25Top(scores, topK) };
  },
};
