import type { SandboxLimits } from './backend.js';

/** From the pool to a sandbox process: one job, sent only when the one before has been answered. */
export interface ToSandbox {
  readonly job: unknown;
  readonly limits: SandboxLimits;
}

/** From a sandbox process to the pool. */
export type FromSandbox =
  | { readonly kind: 'ready' }
  | { readonly kind: 'note'; readonly part: unknown }
  | { readonly kind: 'value'; readonly value: unknown; readonly elapsedMs: number; readonly reusable: boolean }
  | { readonly kind: 'threw'; readonly message: string; readonly elapsedMs: number };
