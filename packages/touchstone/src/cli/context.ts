import type { LoadModel } from '../run/model.js';
import type { CliIo } from './io.js';

/** What every command is given. */
export interface CliContext {
  readonly io: CliIo;
  readonly loadModel: LoadModel;
}
