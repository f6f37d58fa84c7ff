import { crashed, timeout, type Verdict } from '../verdict.js';
import type { SandboxReport } from './backend.js';

type Unfinished = Exclude<SandboxReport<unknown>, { readonly ended: 'finished' }>;

/** The verdict on a response whose job was ended or broke off: nothing that says it is wrong. */
export function unfinished({ ended, detail }: Unfinished, wallMs: number, extracted: string): Verdict {
  if (ended === 'timeout') return timeout(wallMs, { extracted });
  return crashed(ended === 'memory' ? 'memory' : 'sandbox', { extracted, feedback: detail });
}
