import { packageFolder, SandboxPool } from '../sandbox/index.js';
import type { DescribeJob, VerilogJob, VerilogValue } from './backend.js';

export type VerilogPool = SandboxPool<VerilogJob | DescribeJob, VerilogValue>;

/**
 * Processes for equivalence checks. Yosys keeps no state between runs, so that one process serves many jobs: a run
 * costs some tens of milliseconds, a process half a second to start.
 * @param workers default: the machine's cores
 */
export function verilogPool(workers?: number): VerilogPool {
  return new SandboxPool(new URL('../../dist/verilog/backend.js', import.meta.url), {
    allowRead: [packageFolder('@yowasp/yosys')],
    jobsPerProcess: 200,
    retainedMb: 512,
    heapMb: 768,
    spares: 0,
    ...(workers === undefined ? {} : { workers }),
  });
}

let shared: VerilogPool | undefined;

/** The processes of callers that bring none of their own; they end with this process and do not keep it alive. */
export function sharedVerilogPool(): VerilogPool {
  return (shared ??= verilogPool());
}

/** Ends the shared processes. The next use starts new ones. */
export async function closeVerilogPool(): Promise<void> {
  const open = shared;
  shared = undefined;
  await open?.close();
}
