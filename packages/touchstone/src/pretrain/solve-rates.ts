import type { Engine, Tokenizer } from '@touchstone/engine';
import { singleTurnEnvironment } from '../environment/environment.js';
import { answerTasks, summarize } from '../evaluation/evaluate.js';
import { familySource } from '../task/family-source.js';
import { families, type FamilyName } from '../task/families/index.js';
import type { Level } from '../task/families/family.js';
import type { PretrainRecipe } from './recipe.js';

/** Longer than any careful working of the families. */
const RESPONSE_TOKENS = 256;

/** Share of sampled answers that are right, by family and level. */
export type SolveRates = Readonly<Record<FamilyName, Readonly<Record<Level, number>>>>;

/** How often the model solves held-out problems of each family at temperature 1. */
export async function solveRates(engine: Engine, tokenizer: Tokenizer, recipe: PretrainRecipe): Promise<SolveRates> {
  const { tasks, samples } = recipe.evaluation;
  const rates: Record<string, Record<string, number>> = {};
  for (const [name, family] of Object.entries(families)) {
    const row: Record<string, number> = {};
    for (const [level, knobs] of Object.entries(family.levels)) {
      const source = familySource(family, knobs, recipe.seed);
      const codec = {
        encode: (text: string) => tokenizer.encode(text),
        decode: (tokens: Int32Array) => tokenizer.decode(tokens),
        encodeChat: () => {
          throw new Error('solveRates: the families ask in plain text; this is our bug');
        },
      };
      const environment = singleTurnEnvironment({ codec, source, contextLength: engine.model.contextLength });
      const heldOut = Array.from({ length: tasks }, (_, index) => source.task('test', index));
      const sampling = { maxNewTokens: RESPONSE_TOKENS, temperature: 1 };
      const groups = await answerTasks(heldOut, { engine, environment }, { samples, sampling, seed: recipe.seed });
      row[level] = summarize(groups, samples).accuracy;
    }
    rates[name] = row;
  }
  return rates as SolveRates;
}
