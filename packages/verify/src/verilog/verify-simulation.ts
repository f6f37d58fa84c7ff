import { correct, crashed, incorrect, timeout, unscorable, type Verdict } from '../verdict.js';
import type { VerilogPool } from './pool.js';
import type { VerilogOptions } from './reference.js';
import { simulateVerilog, type SimulationReport } from './simulation.js';
import type { PortFacts } from './testbench.js';

interface Sources {
  readonly code: string;
  readonly reference: { readonly code: string; readonly top?: string };
}

/** Judges a module by random simulation beside its reference, as CodeV-R1 does, where Icarus Verilog is installed. */
export async function verifyBySimulation(
  { code, reference }: Sources,
  options: VerilogOptions,
  { pool, signal, wallMs }: { readonly pool: VerilogPool; readonly signal?: AbortSignal; readonly wallMs: number },
): Promise<Verdict> {
  const describe = (source: string, top: string | undefined): ReturnType<VerilogPool['run']> =>
    pool.run({ describe: source, ...(top === undefined ? {} : { top }) }, { wallMs, memoryMb: 1024 }, signal);
  const gold = await describe(reference.code, reference.top);
  if (gold.ended !== 'finished' || gold.value.found !== 'described') {
    return unscorable('bad-reference', { feedback: 'the reference cannot be read' });
  }
  const gate = await describe(code, options.top);
  if (gate.ended === 'timeout') return timeout(wallMs, { extracted: code });
  if (gate.ended !== 'finished') return crashed('sandbox', { extracted: code, feedback: gate.detail });
  if (gate.value.found !== 'described') {
    const [reason, feedback] =
      gate.value.found === 'rejected' ? [gate.value.reason, gate.value.feedback] : ['unsupported', ''];
    return incorrect(reason, { extracted: code, feedback });
  }
  const { facts } = gold.value;
  if (facts.clocks.length > 1) return unscorable('several-clocks', { feedback: 'the test bench drives one clock' });
  if (!samePorts(facts, gate.value.facts))
    return incorrect('ports-differ', { extracted: code, feedback: 'the ports differ' });
  const report = await simulateVerilog(
    code,
    reference.code,
    { ...facts, responseTop: gate.value.facts.top },
    {
      unknown: 'open',
      timeoutMs: wallMs,
      ...options.simulation,
      ...(signal === undefined ? {} : { signal }),
    },
  );
  return verdictOf(report, code, wallMs);
}

function samePorts(a: PortFacts, b: PortFacts): boolean {
  const shape = ({ inputs, outputs }: PortFacts): string =>
    JSON.stringify([inputs, outputs].map((ports) => ports.map(({ name, width }) => `${name} ${width}`).sort()));
  return shape(a) === shape(b);
}

function verdictOf(report: SimulationReport, extracted: string, wallMs: number): Verdict {
  switch (report.ended) {
    case 'finished': {
      const rate = report.errors / Math.max(1, report.checks);
      const feedback = `${report.errors} of ${report.checks} comparisons differ`;
      const detail = { extracted, feedback, parts: { errorRate: rate } };
      return report.errors === 0 ? correct('no-difference', detail) : incorrect('different', detail);
    }
    case 'absent':
      return unscorable('no-simulator', { extracted, feedback: report.detail });
    case 'rejected':
    case 'compile-error':
      return incorrect(report.ended, { extracted, feedback: report.detail });
    case 'timeout':
      return timeout(wallMs, { extracted });
    case 'failed':
      return crashed('simulator', { extracted, feedback: report.detail });
  }
}
