/** The pool's queue is full: the caller offers jobs faster than they are judged. Wait for results, then offer again. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  constructor(readonly limit: number) {
    super(`VerifierPool.run: at most ${limit} jobs may wait, got one more; await earlier results or raise queueLimit`);
  }
}

/** The pool was closed, so a job waiting in it was never judged. */
export class PoolClosedError extends Error {
  override readonly name = 'PoolClosedError';
  constructor() {
    super('VerifierPool.run: the pool must be open, got a closed one; make a new VerifierPool');
  }
}
