/**
 * Python behind the wall of a sandbox process. Two interpreters live in a process: one for programs, and one for judging
 * by test scripts, which asks the other to make calls. They share no memory; what a
 * program does to its own builtins, modules or frames never reaches the judge, and expected values never reach the
 * program.
 */
import { constants, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageFolder } from '../sandbox/permissions.js';
import type { SandboxLimits } from '../sandbox/backend.js';
import { Output } from '../sandbox/output.js';
import { wasm } from '../sandbox/wasm.js';
import type { CreateModule } from './emscripten.js';
import { WORK_FOLDER } from './harness.js';
import { readImage } from './image.js';
import type { PythonJob, PythonNote, PythonStep, StepResult } from './job.js';
import { Judge } from './judge.js';
import { PythonRuntime, type PythonParts, type Served } from './runtime.js';
import { requestOf, resultOf, UNSENT } from './steps.js';

/** The first process of all starts without an image; it takes one over as soon as another has made it. */
const imagePath = new URL(import.meta.url).searchParams.get('image');

let parts: PythonParts | null = null;
let program: PythonRuntime | null = null;
let judge: PythonRuntime | null = null;
let imaged = false;
let clean = true;

/** The parts of the installed `pyodide` package. */
export async function loadParts(): Promise<PythonParts> {
  // Emscripten asks it for the flags of open(2); the permission model forbids the real one.
  Object.assign(process, { binding: () => ({ fs: constants }) });
  const folder = packageFolder('pyodide');
  const { default: create } = (await import(new URL('pyodide.asm.mjs', folder).href)) as { default: CreateModule };
  const file = (name: string): Uint8Array => readFileSync(fileURLToPath(new URL(name, folder)));
  return { create, module: await wasm.compile(file('pyodide.asm.wasm')), library: file('python_stdlib.zip') };
}

export async function prepare(): Promise<void> {
  parts = await loadParts();
  const image = imagePath === null ? null : readImage(imagePath);
  imaged = image !== null;
  program = await PythonRuntime.start(parts, image);
  program.seal();
  judge = await startJudge(program);
}

export function reusable(): boolean {
  return clean;
}

/** Runs the steps of a job in order. A step that ends the interpreter ends the job; the rest are not begun. */
export function run(job: PythonJob, limits: SandboxLimits, note: PythonNote): readonly StepResult[] {
  const runtime = program;
  if (runtime === null) throw new Error('python backend: prepare must have run, got a job before');
  adoptImage(runtime);
  const results: StepResult[] = [];
  let loaded = false;
  for (const step of job.steps) {
    if (step.kind === 'script' || !loaded) setUp(runtime, job, limits);
    loaded = step.kind !== 'script';
    const result = runStep(runtime, job, step, limits, note);
    results.push(result);
    note({ kind: 'step', result });
    if (runtime.spoilt || judge?.spoilt === true) break;
  }
  clean = !runtime.spoilt && judge?.spoilt !== true && runtime.grownBytes < MAX_GROWTH;
  return results;
}

/** A process whose memory grew by more than this is replaced: WebAssembly cannot give memory back. */
const MAX_GROWTH = 96 << 20;

function adoptImage(runtime: PythonRuntime): void {
  if (imaged || imagePath === null || !existsSync(imagePath)) return;
  const image = readImage(imagePath);
  if (image === null) return;
  runtime.adopt(image);
  judge?.adopt(image);
  imaged = true;
}

async function startJudge(runtime: PythonRuntime): Promise<PythonRuntime> {
  if (parts === null) throw new Error('python backend: prepare must have run, got a job before');
  const made = await PythonRuntime.start(parts, runtime.image);
  made.seal();
  return made;
}

function setUp(runtime: PythonRuntime, job: PythonJob, limits: SandboxLimits): void {
  runtime.restore();
  runtime.begin(limits.memoryMb * 2 ** 20);
  for (const [path, text] of Object.entries(job.files)) runtime.writeFile(`${WORK_FOLDER}/${path}`, text);
}

function runStep(
  runtime: PythonRuntime,
  job: PythonJob,
  step: PythonStep,
  limits: SandboxLimits,
  note: PythonNote,
): StepResult {
  const output = new Output(limits.outputBytes);
  const started = performance.now();
  const stdin = new TextEncoder().encode(step.kind === 'assertions' ? '' : (step.stdin ?? ''));
  const streams = { stdin, ...output.streams };
  const serve = (request: string): Served => runtime.request(request, streams);
  const finish = (served: Served): StepResult => ({
    ...resultOf(served, runtime.memoryRefused),
    ...output.texts,
    elapsedMs: performance.now() - started,
  });
  if (step.kind !== 'assertions') {
    const request = requestOf(step, job.entry);
    return finish(request === null ? UNSENT : serve(request));
  }
  if (judge === null) throw new Error('python backend: the judge must have started, got none');
  const { served, assertions } = new Judge(judge, serve, note).run(step);
  return { ...finish(served), assertions };
}
