export { PoolClosedError, QueueFullError } from './errors.js';
export { inlineRunner, runInline } from './inline.js';
export { toVerdict, type CustomVerifier, type Job, type Runner, type VerifierTarget } from './job.js';
export { VerifierPool, type PoolOptions, type PoolState } from './pool.js';
