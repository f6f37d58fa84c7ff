import { packageFolder } from '../sandbox/permissions.js';
import { SandboxPool, type SandboxPoolOptions } from '../sandbox/pool.js';
import { Shared } from '../sandbox/shared.js';
import type { SqlJob, SqlValue } from './job.js';

/** Processes that run SQL. Throws where the package `sql.js` is not installed. */
export function makeSqlPool(options: SandboxPoolOptions = {}): SandboxPool<SqlJob, SqlValue> {
  const allowRead = [packageFolder('sql.js'), ...(options.allowRead ?? [])];
  return new SandboxPool(new URL('../../dist/sql/backend.js', import.meta.url), { ...options, allowRead });
}

export const sharedSqlPool = new Shared(() => makeSqlPool());
