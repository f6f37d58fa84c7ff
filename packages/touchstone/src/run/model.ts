import type { Engine } from '@touchstone/engine';
import type { TextCodec } from '../environment/environment.js';

/** A model ready to sample and to learn, with the tokenizer that belongs to it. */
export interface LoadedModel {
  readonly engine: Engine;
  readonly codec: TextCodec;
}

/** Loads a folder, or a model by its name on the hub. Throws a UserError or an EngineError that names the file. */
export type LoadModel = (
  model: string,
  options: {
    readonly threads: number;
    /** Relative paths start here. */
    readonly directory: string;
  },
) => Promise<LoadedModel>;
