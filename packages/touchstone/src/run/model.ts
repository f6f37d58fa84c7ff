import type { Engine } from '@touchstone/engine';
import type { Recipe } from '../config/recipe.js';
import type { TextCodec } from '../environment/environment.js';

/** A model ready to sample and to learn, with the tokenizer that belongs to it. */
export interface LoadedModel {
  readonly engine: Engine;
  readonly codec: TextCodec;
}

export type EngineChoice = Recipe['engine'];

/** Loads a folder, or a model by its name on the hub. Throws a UserError or an EngineError that names the file. */
export type LoadModel = (
  model: string,
  options: {
    readonly threads: number;
    /** Relative paths start here. */
    readonly directory: string;
    /** Where it is computed; absent: here. */
    readonly engine?: EngineChoice | undefined;
    /** Told in a sentence what a server cannot do, and what went wrong but was mended. */
    readonly notice?: ((sentence: string) => void) | undefined;
    /** Once aborted, a server that does not answer is no longer waited for. Without effect after loading. */
    readonly signal?: AbortSignal | undefined;
  },
) => Promise<LoadedModel>;
