import type { Json, Task, TaskSource, WorkedVerdict } from './task.js';
import { requireIndex } from './task.js';
import type { Family } from './families/family.js';
import type { PromptStyle } from './prompt.js';
import { stylePrompt } from './prompt.js';
import { drawProblem } from './split.js';
import { continueWorking, formatWorking, judgeWorking } from './working.js';

/** Tasks of one family, made on the spot: endless, and held-out problems are disjoint from all training, see `splitOf`. */
export interface FamilySource extends TaskSource {
  judge(response: string, task: Task): WorkedVerdict;
}

/** The question and a line break: what the shipped base model knows. */
export const plainStyle: PromptStyle = { template: '{prompt}\n', chat: false };

/**
 * A source of one family's problems. The response is one step a line and `#### answer`. `knobs` must have passed
 * `family.knobs`.
 */
export function familySource<Knobs extends object>(
  family: Family<Knobs, Json, unknown>,
  knobs: Knobs,
  seed: number,
  style: PromptStyle = plainStyle,
): FamilySource {
  return {
    name: family.name,
    size: () => Infinity,
    task: (split, index) => {
      requireIndex(family.name, index, Infinity);
      const problem = drawProblem(family, knobs, seed, split, index);
      const working = continueWorking(family, problem, family.begin(problem));
      return {
        id: `${family.name}/${split}/${index}`,
        prompt: stylePrompt(family.prompt(problem), style),
        reference: working.answer,
        solution: formatWorking(working),
        metadata: { family: family.name, problem },
      };
    },
    judge: (response, task) => {
      const { family: name, problem } = task.metadata;
      if (name !== family.name || problem === undefined) {
        throw new TypeError(`${family.name}: task ${task.id} is of another family; judge it with its own source`);
      }
      return judgeWorking(family, problem, response);
    },
  };
}
