import { availableParallelism, freemem, totalmem } from 'node:os';
import type { Command } from 'commander';
import { describeForPeople, RunStopped } from '../errors.js';
import type { CliContext } from './context.js';
import { defaultThreads, wholeNumber } from './options.js';
import { wallChecks } from './walls.js';

const SHIPPED_MODEL = 'models/touchstone-base';
/** As in `engines` of package.json. */
const OLDEST_NODE = [20, 9] as const;
const GIBIBYTE = 1024 ** 3;
/** Less free memory than this is worth a warning: the quickstart's peak, and room for the rest of the machine. */
const LITTLE_MEMORY = 1.5 * GIBIBYTE;

/** What one check found. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly detail: string;
}

interface DoctorOptions {
  readonly model: string;
  readonly threads?: string;
  readonly json?: boolean;
}

export function registerDoctor(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('check this machine and a model: versions, memory, speed, sandboxes')
    .option('--model <model>', 'folder or hub name', SHIPPED_MODEL)
    .option('--threads <n>', 'of the local engine; default: the cores, at most 8')
    .option('--json', 'one line of JSON')
    .action((options: DoctorOptions) => runDoctor(options, context));
}

async function runDoctor(options: DoctorOptions, context: CliContext): Promise<void> {
  const { io } = context;
  const threads = options.threads === undefined ? defaultThreads() : wholeNumber('--threads', options.threads, 1, 256);
  const checks = [
    () => checkNode(process.versions.node),
    () => checkCores(threads),
    () => checkMemory(freemem(), totalmem()),
    () => checkMatrices(threads),
    ...wallChecks,
    () => checkModel(options.model, threads, context),
  ];
  const findings: Finding[] = [];
  for (const check of checks) {
    const finding = await check();
    findings.push(finding);
    if (options.json !== true) io.stdout(`${finding.status.padEnd(8)} ${finding.check.padEnd(10)} ${finding.detail}\n`);
  }
  if (options.json === true) io.stdout(`${JSON.stringify({ findings })}\n`);
  const failed = findings.filter(({ status }) => status === 'failed').map(({ check }) => check);
  if (failed.length > 0) {
    throw new RunStopped(`touchstone doctor: every check must pass, got a failure of ${failed.join(', ')}; see above`);
  }
}

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  const old = major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
  const needed = `${oldestMajor}.${oldestMinor}`;
  return old
    ? { check: 'node', status: 'failed', detail: `${version}; install ${needed} or newer` }
    : { check: 'node', status: 'ok', detail: version };
}

function checkCores(threads: number): Finding {
  const cores = availableParallelism();
  return threads > cores
    ? { check: 'cores', status: 'warning', detail: `${cores}, but ${threads} threads asked for; more only slows down` }
    : { check: 'cores', status: 'ok', detail: `${cores}, ${threads} threads` };
}

export function checkMemory(free: number, total: number): Finding {
  const detail = `${(free / GIBIBYTE).toFixed(1)} GiB free of ${(total / GIBIBYTE).toFixed(1)}`;
  return free < LITTLE_MEMORY
    ? { check: 'memory', status: 'warning', detail: `${detail}; close other programs before training` }
    : { check: 'memory', status: 'ok', detail };
}

/** Whether ONNX Runtime loads and multiplies, and how fast. */
async function checkMatrices(threads: number): Promise<Finding> {
  try {
    const { measureMatrixRate } = await import('@touchstone/engine');
    const rate = await measureMatrixRate(threads);
    return { check: 'onnx', status: 'ok', detail: `matrix products at ${rate.toFixed(0)} GFLOP/s` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const detail = `onnxruntime-node does not work here: ${reason.split('\n')[0] ?? ''}; install again with npm ci`;
    return { check: 'onnx', status: 'failed', detail };
  }
}

/** Whether the model loads, speaks, and how fast. */
async function checkModel(model: string, threads: number, { io, loadModel }: CliContext): Promise<Finding> {
  try {
    const { engine, codec } = await loadModel(model, { threads, directory: io.directory });
    try {
      const seeds = Array.from({ length: 32 }, (_, seed) => seed);
      const request = { prompt: codec.encode('1+1=?\n'), seeds };
      const started = performance.now();
      const [samples = []] = await engine.sample([request], { maxNewTokens: 32 });
      const tokens = samples.reduce((sum, sample) => sum + sample.tokens.length, 0);
      const rate = tokens / ((performance.now() - started) / 1000);
      const { family, parameters, contextLength } = engine.model;
      const size = `${(parameters / 1e6).toFixed(1)} M parameters, context ${contextLength}`;
      return { check: 'model', status: 'ok', detail: `${model}: ${family}, ${size}, ${rate.toFixed(0)} tokens/s` };
    } finally {
      await engine.dispose();
    }
  } catch (error) {
    const known = describeForPeople(error);
    if (known === undefined) throw error;
    return { check: 'model', status: 'failed', detail: known.line };
  }
}
