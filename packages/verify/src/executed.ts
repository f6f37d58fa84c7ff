import type { Job } from './runner/job.js';
import type { Verdict } from './verdict.js';

/** A check that runs something behind a wall, in processes that are killed at their limits. */
export type AsyncVerifier = (
  response: string,
  reference: unknown,
  options?: Readonly<Record<string, unknown>>,
  context?: ExecutedResources & { readonly signal?: AbortSignal },
) => Promise<Verdict>;

/** What the operator lends the kinds that execute. It is never part of a job, which a client may have written. */
export interface ExecutedResources {
  /** Folders of vision models (see `openVisionModel`), by which `svg` compares pictures with references and captions. */
  readonly visionModels?: readonly string[];
}

/** One registered kind that executes; the packages behind it are loaded on first use. */
export interface ExecutedEntry {
  readonly load: () => Promise<AsyncVerifier>;
  /** Ends the processes that all callers of this process share. The next use starts new ones. */
  readonly close: () => Promise<void>;
  /** One line for help texts: what is checked. */
  readonly checks: string;
  /** One line for help texts and errors: what a reference looks like. */
  readonly reference: string;
}

/** Kinds that execute. Each has limits of its own in its options; of a runner's deadlines only a job's own is for them. */
export const executedVerifiers = {
  code: {
    load: async () => (await import('./programs/verify-code.js')).verifyCode,
    close: async () => (await import('./programs/shared.js')).closeSandboxes(),
    checks: 'a program in Python, JavaScript or TypeScript by running it against tests',
    reference: '{ tests?: [{ args, expected } or { stdin, expected }], assertions?, function?, ... }',
  },
  sql: {
    load: async () => (await import('./sql/verify-sql.js')).verifySql,
    close: async () => (await import('./sql/pool.js')).sharedSqlPool.close(),
    checks: 'SQL by what it gives on every fixture of the task: a query, or a change of the database',
    reference: '{ schema?, fixtures?, query or change or expected, check? }',
  },
  svg: {
    load: async () => (await import('./svg/verify-svg.js')).verifySvg,
    close: async () => {
      const models = (await import('./svg/vision/shared.js')).closeSharedModels();
      await (await import('./svg/pool.js')).sharedSvgPool.close();
      await models;
    },
    checks: 'a drawing by its likeness to a reference: pixels, shape, colour, vectors of a vision model',
    reference: 'an SVG text, or { svg or png, caption? }',
  },
  verilog: {
    load: async () => (await import('./verilog/verify-verilog.js')).verifyVerilog,
    close: async () => (await import('./verilog/pool.js')).sharedVerilogPool.close(),
    checks: 'a circuit by proof of its equivalence to a reference, or by simulation',
    reference: 'Verilog source, or { code, top? }',
  },
} as const satisfies Record<string, ExecutedEntry>;

export type ExecutedKind = keyof typeof executedVerifiers;

export const executedKinds = Object.keys(executedVerifiers) as readonly ExecutedKind[];

export function isExecutedKind(name: unknown): name is ExecutedKind {
  return typeof name === 'string' && Object.hasOwn(executedVerifiers, name);
}

/** Kinds that may have processes. */
const used = new Set<ExecutedKind>();

/** Judges a job of an executed kind. Rejects when the signal aborts or a package behind the kind is not installed. */
export async function runExecuted(
  kind: ExecutedKind,
  job: Job,
  signal?: AbortSignal,
  resources: ExecutedResources = {},
): Promise<Verdict> {
  const entry: ExecutedEntry = executedVerifiers[kind];
  const verify = await entry.load();
  used.add(kind);
  return verify(job.response, job.reference, job.options, { ...resources, ...(signal && { signal }) });
}

/**
 * Opens what the operator lends, so that what is wrong with it is said at the start and not by every verdict. Throws a
 * `VisionModelError` or a `MissingPackageError`.
 */
export async function openResources({ visionModels }: ExecutedResources): Promise<void> {
  if (visionModels === undefined) return;
  used.add('svg');
  await (await import('./svg/vision/shared.js')).sharedEmbedder(visionModels);
}

/**
 * Ends the processes of all executed kinds, and waits until they are gone; their jobs under way are `crashed`. For the
 * end of a program: idle processes do not keep it alive and end with it anyway, but only after it.
 */
export async function closeExecuted(): Promise<void> {
  const kinds = [...used];
  used.clear();
  await Promise.all(kinds.map((kind) => executedVerifiers[kind].close()));
}
