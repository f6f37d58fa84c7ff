/**
 * @file The reward, sampler and test plan of CodeV-R1 (arXiv 2505.24183; official repository IPRC-DIP/CodeV-R1,
 * verl/utils/reward_score/codev.py, workers/reward_manager/prime.py, trainer/ppo/ray_trainer.py and
 * codev_eval_toolkit/verify.py). Whether a module is equivalent is the affair of `@touchstone/verify/verilog`.
 */

const tags = ['<think>', '</think>', '<answer>', '</answer>'] as const;

/** Whether each of the four tags of reasoning and answer occurs exactly once, in their order. */
export function hasTagFormat(text: string): boolean {
  const places = tags.map((tag) => text.indexOf(tag));
  return places.every((place, index) => place > (places[index - 1] ?? -1) && text.lastIndexOf(tags[index]!) === place);
}

/** The last fenced block that is marked `verilog`, trimmed; null where there is none. */
export function lastVerilogBlock(text: string): string | null {
  const opening = '```verilog';
  let found: string | null = null;
  for (let at = text.indexOf(opening); at >= 0;) {
    const start = at + opening.length;
    const end = text.indexOf('```', start);
    if (end < 0) break;
    found = text.slice(start, end).trim();
    at = text.indexOf(opening, end + 3);
  }
  return found;
}

/**
 * 1 for a response of the right form with a module that is equivalent to one of its references, otherwise 0.
 * @param equivalent by reference: whether the module is equivalent to it
 */
export function codevReward(text: string, equivalent: readonly boolean[]): number {
  return hasTagFormat(text) && lastVerilogBlock(text) !== null && equivalent.some(Boolean) ? 1 : 0;
}

/**
 * What is added to the reward of a long response: 0 up to `longest - buffer` tokens, then down by `factor` for each
 * further `buffer` tokens, without an end.
 */
export function overlongTerm(length: number, longest: number, buffer: number, factor = 1): number {
  return Math.min((-(length - (longest - buffer)) / buffer) * factor, 0);
}

/** One round of generation of `adaptiveSampling`. */
export interface SamplingRound {
  /** Prompts for which groups were generated. */
  readonly generated: number;
  /** Groups whose rewards were not all equal. */
  readonly kept: number;
  /** Groups that the batch still needed before. */
  readonly need: number;
  /** Lowest share of kept groups over a whole step so far. */
  readonly selectRatio: number;
  /** Lowest share of kept groups within the step under way. */
  readonly partRatio: number;
  readonly stepDone: boolean;
  /** Kept groups beyond the batch, which are dropped. */
  readonly discardedSurplus: number;
}

/**
 * Dynamic sampling that asks for as many prompts as it expects to need: a round waits for `need / ratio` prompts,
 * where the ratio is the lowest share of groups kept so far. Ends after `steps` batches or with the last prompt.
 * A share of 0 counts as 1 in 4 batches, where the official code divides by zero.
 * @param keeps for each prompt in the order of the data: whether its group is kept
 * @param batch prompts of a training batch
 * @param chunk prompts that the loader yields at a time
 */
export function adaptiveSampling(
  keeps: readonly boolean[],
  { batch, chunk, steps }: { readonly batch: number; readonly chunk: number; readonly steps: number },
): SamplingRound[] {
  const rounds: SamplingRound[] = [];
  let [selectRatio, partRatio, seen, kept, at] = [1, 1, 0, 0, 0];
  for (let done = 0; done < steps;) {
    const need = batch - kept;
    const wanted = need / Math.max(Math.min(selectRatio, partRatio), 1 / (4 * batch));
    const generated = Math.ceil(wanted / chunk) * chunk;
    if (at + generated > keeps.length) break;
    const now = keeps.slice(at, at + generated).filter(Boolean).length;
    at += generated;
    seen += generated;
    kept += now;
    partRatio = Math.min(partRatio, now / generated);
    const stepDone = kept >= batch;
    if (stepDone) [selectRatio, partRatio, seen] = [Math.min(selectRatio, kept / seen), 1, 0];
    rounds.push({
      generated,
      kept: now,
      need,
      selectRatio,
      partRatio,
      stepDone,
      discardedSurplus: stepDone ? kept - batch : 0,
    });
    if (stepDone) [kept, done] = [0, done + 1];
  }
  return rounds;
}

/** A way to reset a module. */
export interface ResetPort {
  readonly port: string;
  readonly activeLevel: 0 | 1;
  readonly synchronous: boolean;
}

/**
 * Resets that the test bench tries one after another: for every non-empty set of reset ports, every way of each. The
 * sets are in the order of binary counting.
 */
export function resetTasks(resets: readonly ResetPort[]): (readonly ResetPort[])[] {
  const ports = [...new Set(resets.map(({ port }) => port))];
  return ports
    .reduce<(readonly ResetPort[])[]>(
      (sets, port) => [
        ...sets,
        ...sets.flatMap((set) => resets.filter((reset) => reset.port === port).map((reset) => [...set, reset])),
      ],
      [[]],
    )
    .slice(1);
}

/** Comparisons of the test bench: a phase without a reset and one for each task, of `outer` rounds each. */
export function testbenchPlan(
  resets: readonly ResetPort[],
  { outer, inner }: { readonly outer: number; readonly inner: number },
): { readonly resetTasks: number; readonly totalChecks: number } {
  const tasks = resetTasks(resets).length;
  return { resetTasks: tasks, totalChecks: (1 + tasks) * outer * (1 + inner) };
}
