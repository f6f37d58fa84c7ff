/** The policy as its own teacher: the same weights, averaged over steps, that have seen more than the policy did. */
import type { Engine } from '@touchstone/engine';
import { distillationTargets } from '@touchstone/objectives';
import type { Objective } from '@touchstone/objectives';
import type { Environment } from '../environment/environment.js';
import type { ScoredGroup, ScoredRollout } from '../rollout/rollout.js';
import { responseLength } from '../rollout/rollout.js';
import { concatenate } from '../rollout/strategy.js';
import type { ChatMessage, Task } from '../task/task.js';
import type { StepBatch, Temperature } from './batch.js';
import { toResponses, toTokens, tokenBatch, withColumns } from './batch.js';

/** What a teacher may be shown of one rollout beside its prompt; with neither there is no target. */
export interface TeacherHints {
  /** Another response to the same prompt that is right. */
  readonly solution: string | undefined;
  /** What came of this response, which is wrong. */
  readonly feedback: string | undefined;
}

/** The prompt that the teacher reads before the response, from that of the policy. */
export type TeacherPrompt = (prompt: Task['prompt'], hints: TeacherHints) => Task['prompt'];

export interface TeacherSettings {
  /** Smallest reward of a response that others may be shown as solution. */
  readonly successThreshold: number;
  /** Whether a right response is no solution for itself. */
  readonly excludeSelf: boolean;
  readonly feedback: 'without-solution' | 'always' | 'never';
}

/** Whether a run with this objective needs a teacher. */
export function needsTeacher({ needsOfRollout = [] }: Objective): boolean {
  return needsOfRollout.includes('teacherTarget');
}

/**
 * The rollouts with what the teacher reads (`teacherPrompt`) and whether it has seen more than the policy did
 * (`values.teacherTarget`, see `distillationTargets`). A prompt that leaves the context no room for the response is no
 * target. Rollouts whose strategy brought a target are left as they are.
 */
export function withTeacherTargets(
  groups: readonly ScoredGroup[],
  settings: TeacherSettings,
  prompt: TeacherPrompt,
  { encode }: Pick<Environment, 'encode'>,
  contextLength: number,
): ScoredGroup[] {
  return groups.map(({ task, rollouts }) => {
    const hints = hintsOf(rollouts, settings);
    return {
      task,
      rollouts: rollouts.map((rollout, i): ScoredRollout => {
        if (rollout.values?.teacherTarget !== undefined) return rollout;
        const { solution, feedback } = hints[i] as TeacherHints;
        const some = solution !== undefined || feedback !== undefined;
        const tokens = some ? encode(prompt(rollout.task.prompt, { solution, feedback })) : undefined;
        const fits = tokens !== undefined && tokens.length + responseLength(rollout) <= contextLength;
        const values = { ...rollout.values, teacherTarget: fits ? 1 : 0 };
        return { ...rollout, values, ...(fits && { teacherPrompt: tokens }) };
      }),
    };
  });
}

function hintsOf(rollouts: readonly ScoredRollout[], settings: TeacherSettings): TeacherHints[] {
  const { successThreshold, excludeSelf, feedback } = settings;
  const scores = rollouts.map(({ reward }) => reward.total);
  // A judge's words on a right answer say nothing about what went wrong.
  const words = rollouts.map(({ verdict, reward }) => (reward.total >= successThreshold ? '' : verdict.feedback));
  const options = {
    ...{ successThreshold, excludeSelf },
    includeFeedback: feedback !== 'never',
    feedbackOnlyWithoutSolution: feedback === 'without-solution',
  };
  const group = new Int32Array(rollouts.length);
  return distillationTargets(scores, group, words, options).map((target, i) => ({
    solution: target.solution === null ? undefined : rollouts[target.solution]?.text.trim(),
    feedback: target.feedback ? words[i] : undefined,
  }));
}

/**
 * The plain teacher's prompt. In a chat the last message asks the question again below the hints; text that the model
 * continues is shown once with the solution behind it, as a worked example, and then anew.
 */
export const teacherPrompt: TeacherPrompt = (prompt, { solution, feedback }) => {
  if (typeof prompt === 'string') {
    const example = solution === undefined ? '' : `${prompt}${solution}\n\n`;
    return `${example}${feedback === undefined ? '' : `${feedback}\n\n`}${prompt}`;
  }
  const question = prompt.at(-1)?.content ?? '';
  const parts = [
    question,
    ...(solution === undefined ? [] : [`Here is a correct solution:\n\n${solution}`]),
    ...(feedback === undefined ? [] : [`This came of your last attempt, which failed:\n\n${feedback}`]),
    'Now answer the question above.',
  ];
  const asked: ChatMessage = { role: 'user', content: parts.join('\n\n') };
  return [...prompt.slice(0, -1), asked];
};

/**
 * The batch with what the teacher makes of the responses: the column `teacherLogProb`, and where the batch has the
 * likeliest tokens of the policy, the teacher's log-probs of the same tokens.
 */
export async function withTeacherColumns(
  batch: StepBatch,
  teacher: Pick<Engine, 'forward'>,
  temperature: Temperature,
): Promise<StepBatch> {
  const seen = asSeenByTeacher(batch);
  const tokens = tokenBatch(seen, temperature);
  const { topK } = batch.view;
  const ids = topK && Int32Array.from(toTokens(seen, tokens, topK.ids, topK.width));
  const columns = await teacher.forward(tokens, ids ? { tokenIds: { ids, width: topK.width } } : {});
  const filled = withColumns(batch, { teacherLogProb: toResponses(seen, tokens, columns.logProb) });
  if (topK === undefined || columns.tokenIdsLogProb === undefined) return filled;
  const teacherLogProb = toResponses(seen, tokens, columns.tokenIdsLogProb, topK.width);
  return { ...filled, view: { ...filled.view, topK: { ...topK, teacherLogProb } } };
}

/** The same responses behind the teacher's prompts. Nothing is asked of those that have none. */
function asSeenByTeacher({ rollouts, view }: StepBatch): StepBatch {
  const mask = view.mask.slice();
  const shown = rollouts.map((rollout, number) => {
    const { teacherPrompt: prompt, tokens, promptLength } = rollout;
    if (prompt === undefined) {
      mask.fill(0, view.offsets[number], view.offsets[number + 1]);
      return rollout;
    }
    return { ...rollout, tokens: concatenate(prompt, tokens.subarray(promptLength)), promptLength: prompt.length };
  });
  return { rollouts: shown, view: { ...view, mask } };
}
