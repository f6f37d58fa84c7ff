import { packageFolder, SandboxPool } from '../sandbox/index.js';
import { Shared } from '../sandbox/shared.js';
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

export const sharedVerilogPool = new Shared(() => verilogPool());
