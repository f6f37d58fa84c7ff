import { distillationTargets, sdpo as method, towards } from '../methods/sdpo.js';
import type { RolloutBatch } from '../objective.js';
import type { SlugAdapters } from './adapter.js';
import { logitGradient, logSoftmax, type Logits } from './logits.js';
import { batchOf, groupNumbers, rowsOf, type Labels, type Matrix } from './padded.js';

interface LogitInputs {
  readonly student_logits: Logits;
  readonly teacher_logits: Logits;
  readonly actions: Matrix;
  readonly mask: Matrix;
  readonly sample_mask: readonly number[];
  readonly old_logprobs?: Matrix;
}

interface LogitParams {
  /** A text where a case goes through several. */
  readonly alpha: number | string;
  /** null: the whole vocabulary. */
  readonly topk: number | null;
  readonly add_tail: boolean;
  readonly is_clip: number | null;
}

/** The tokens of responses without a target do not train. */
function trainedMask(mask: Matrix, sampleMask: readonly number[]): Matrix {
  return mask.map((row, i) => row.map((flag) => (sampleMask[i]! > 0 ? flag : 0)));
}

function logitCase(inputs: LogitInputs, params: LogitParams, alpha: number) {
  const { student_logits: student, teacher_logits: teacher, actions } = inputs;
  const positions = student.flat();
  const width = params.topk ?? positions[0]?.length ?? 1;
  const ids = positions.map((logits) => likeliest(logits, width));
  const at = (logits: Logits) =>
    Float64Array.from(logits.flat().flatMap((entry, t) => ids[t]!.map((id) => logSoftmax(entry)[id]!)));
  const logProb = student.map((row, i) => row.map((entry, t) => logSoftmax(entry)[actions[i]![t]!]!));
  const batch: RolloutBatch = {
    ...batchOf(trainedMask(inputs.mask, inputs.sample_mask), { logProb, oldLogProb: inputs.old_logprobs ?? logProb }),
    topK: { width, ids: Int32Array.from(ids.flat()), logProb: at(student), teacherLogProb: at(teacher) },
  };
  const tail = params.topk === null ? 'none' : params.add_tail ? 'bucket' : 'renormalise';
  const objective = method.create('sdpo', { alpha, tail, ratioBound: params.is_clip });
  const { loss, gradients } = objective.loss(batch, new Float64Array(batch.mask.length));
  const byPosition = positions.map((entry, t) =>
    logitGradient(entry, ids[t]!, Array.from(gradients.topK!.subarray(t * width, (t + 1) * width))),
  );
  let next = 0;
  return { loss, grad_student_logits: student.map((row) => row.map(() => byPosition[next++]!)) };
}

function likeliest(logits: readonly number[], count: number): number[] {
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]!);
  return order.slice(0, count);
}

interface TokenInputs {
  readonly student_logprobs: Matrix;
  readonly teacher_logprobs: Matrix;
  readonly old_logprobs: Matrix;
  readonly mask: Matrix;
  readonly sample_mask: readonly number[];
}

interface TargetParams {
  readonly success_threshold: number;
  readonly include_feedback: boolean;
}

interface TeacherInputs {
  readonly teacher_params: readonly number[];
  readonly student_params: readonly number[];
  readonly ref_logits: readonly number[];
  readonly student_logits: readonly number[];
}

export const sdpo: SlugAdapters = {
  sdpoLogitLoss: (inputs: LogitInputs, params: LogitParams) => {
    if (typeof params.alpha === 'number') return logitCase(inputs, params, params.alpha);
    return { by_alpha: [0, 0.5, 1].map((alpha) => ({ alpha, ...logitCase(inputs, params, alpha) })) };
  },
  sdpoTokenLoss: (inputs: TokenInputs, { is_clip: ratioBound }: { is_clip: number | null }) => {
    const { student_logprobs: logProb, teacher_logprobs: teacherLogProb, old_logprobs: oldLogProb } = inputs;
    const mask = trainedMask(inputs.mask, inputs.sample_mask);
    const batch = batchOf(mask, { logProb, teacherLogProb, oldLogProb });
    const objective = method.create('sdpo', { mode: 'token', ratioBound });
    const { loss, gradients } = objective.loss(batch, new Float64Array(batch.mask.length));
    return { loss, grad_logprobs: rowsOf(batch, gradients.logProb!) };
  },
  sdpoSelectTargets: (
    { scores, uids, feedback }: { scores: readonly number[]; uids: Labels; feedback: readonly string[] },
    { success_threshold, include_feedback }: TargetParams,
  ) => ({
    by_setting: [true, false].map((careful) => ({
      exclude_self: careful,
      feedback_only_without_solution: careful,
      targets: distillationTargets(scores, groupNumbers(uids), feedback, {
        ...{ successThreshold: success_threshold, includeFeedback: include_feedback },
        ...{ excludeSelf: careful, feedbackOnlyWithoutSolution: careful },
      }).map(({ solution, feedback: shown }) => ({
        solution_index: solution,
        use_feedback: shown,
        mask: solution !== null || shown ? 1 : 0,
      })),
    })),
  }),
  sdpoTeacher: (inputs: TeacherInputs, { update_rate }: { update_rate: number }) => {
    const mixed = (from: readonly number[], to: readonly number[]) =>
      Array.from(towards(Float64Array.from(from), Float64Array.from(to), update_rate));
    return {
      ema_params: mixed(inputs.teacher_params, inputs.student_params),
      trust_region_logits: mixed(inputs.ref_logits, inputs.student_logits),
    };
  },
};
