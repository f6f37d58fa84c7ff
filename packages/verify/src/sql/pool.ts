import { packageFolder } from '../sandbox/permissions.js';
import { SandboxPool, type SandboxPoolOptions } from '../sandbox/pool.js';
import type { SqlJob, SqlValue } from './job.js';

/** Processes that run SQL. Throws where the package `sql.js` is not installed. */
export function makeSqlPool(options: SandboxPoolOptions = {}): SandboxPool<SqlJob, SqlValue> {
  const allowRead = [packageFolder('sql.js'), ...(options.allowRead ?? [])];
  return new SandboxPool(new URL('../../dist/sql/backend.js', import.meta.url), { ...options, allowRead });
}

let shared: SandboxPool<SqlJob, SqlValue> | undefined;

/** The processes of callers that bring none of their own; they end with this process and do not keep it alive. */
export function sharedSqlPool(): SandboxPool<SqlJob, SqlValue> {
  shared ??= makeSqlPool();
  return shared;
}

/** Ends the shared processes. The next use starts new ones. */
export async function closeSqlPool(): Promise<void> {
  const open = shared;
  shared = undefined;
  await open?.close();
}
