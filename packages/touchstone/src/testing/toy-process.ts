import { train } from '../run/train.js';
import { toyRecipe, toyRequest } from './toy-run.js';

/** The toy run in a process of its own, to be killed: `node toy-process.js <folder>`; again to resume. */
const [folder = ''] = process.argv.slice(2);
await train(await toyRequest(folder, toyRecipe({ steps: 30 })));
