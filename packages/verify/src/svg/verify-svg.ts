/**
 * @file Pictures in SVG: drawn behind a wall and compared with a reference picture, by pixels, shape and colour, and by
 * embeddings of pictures and captions where there is a vision model. An entry of its own (`@touchstone/verify/svg`),
 * because it starts processes and needs `@resvg/resvg-js`.
 *
 * What it does not protect against: a drawing that is like the reference in every measure and means something else. Text
 * is not drawn (no fonts are loaded), so a caption written into the picture earns nothing.
 */
import { afterThinking } from '../extract/thinking.js';
import type { SandboxReport } from '../sandbox/backend.js';
import type { SandboxPool } from '../sandbox/pool.js';
import { ReferenceRuns } from '../sandbox/reference-runs.js';
import { unfinished } from '../sandbox/unfinished.js';
import { incorrect, partial, unscorable, withElapsed, type Verdict } from '../verdict.js';
import type { DrawingJob, DrawingValue, Raster } from './job.js';
import { sharedSvgPool } from './pool.js';
import { partNames, readOptions, readReference, type PartName, type SvgRules, type SvgTask } from './reference.js';
import { similarity } from './similarity.js';
import { UnfinishedEmbedding, type Embedder } from './vision/embedder.js';
import { sharedEmbedder } from './vision/shared.js';

export interface SvgContext {
  readonly signal?: AbortSignal;
  /** Processes to draw in; default: those that the whole process shares. */
  readonly pool?: SandboxPool<DrawingJob, DrawingValue>;
  /** Encoders for the parts `image` and `text`; default: those of `visionModels`. */
  readonly embed?: Embedder;
  /** Folders of vision models as of `openVisionModel`, opened on first use for the whole process. */
  readonly visionModels?: readonly string[];
}

/** The last complete `svg` element of a response, after the reasoning; null when there is none. */
export function extractSvg(response: string): string | null {
  const from = afterThinking(response);
  if (from < 0) return null;
  let [depth, start] = [0, -1];
  let found: string | null = null;
  for (const { 0: tag, index } of response.slice(from).matchAll(/<svg(?=[\s>/])[^<>]*>?|<\/svg\s*>/gi)) {
    const at = from + index;
    const closing = tag.startsWith('</');
    if (!closing && depth === 0) start = at;
    if (closing) depth -= 1;
    else if (!tag.endsWith('/>')) depth += 1;
    if (depth === 0) found = response.slice(start, at + tag.length);
    depth = Math.max(0, depth);
  }
  return found;
}

/**
 * Judges the SVG of a response against a reference picture; see `SvgReference` and `SvgOptions`. The score is the weighted
 * mean of the parts; it is 0 for a response that is not drawn.
 *
 * Reasons: `equal` (score 1), `close` (any other); `no-answer`, `malformed`, `not-svg`, `too-large`, `forbidden`; without a
 * judgement `deadline`, `memory`, `sandbox`, `bad-reference`, `bad-option`, `unknown-option`, `no-embedder`. Rejects only
 * when the signal aborts, the sandbox is closed or not installed, the folder of a vision model cannot be used, or an embedder
 * of the caller rejects.
 */
export async function verifySvg(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
  context: SvgContext = {},
): Promise<Verdict> {
  const startedMs = performance.now();
  const task = readReference(reference);
  if (typeof task === 'string') return unscorable('bad-reference', { feedback: task });
  const rules = readOptions(options);
  if ('option' in rules) return unscorable(rules.reason, { feedback: rules.message });
  const pool = context.pool ?? sharedSvgPool.get();
  const embed = context.embed ?? (context.visionModels && (await sharedEmbedder(context.visionModels))) ?? {};
  context.signal?.throwIfAborted();
  const extracted = extractSvg(response);
  if (extracted === null) return incorrect('no-answer', { feedback: 'the response has no complete svg element' });
  const judging = compare({ task, rules, extracted, pool, embed, signal: context.signal });
  return withElapsed(
    await (context.signal === undefined ? judging : unlessAborted(judging, context.signal)),
    startedMs,
  );
}

/** One response whose task has been read. */
interface Comparison {
  readonly task: SvgTask;
  readonly rules: SvgRules;
  readonly extracted: string;
  readonly pool: SandboxPool<DrawingJob, DrawingValue>;
  readonly embed: Embedder;
  readonly signal: AbortSignal | undefined;
}

async function compare(comparison: Comparison): Promise<Verdict> {
  const { rules, extracted, embed } = comparison;
  const drawn = await drawBoth(comparison, rules.size);
  if (!('own' in drawn)) return drawn;
  // Encoders see the picture at their own size: one that was made smaller for the comparison has lost what they look at.
  const seen = (embed.size ?? rules.size) === rules.size ? drawn : await drawBoth(comparison, embed.size!);
  if (!('own' in seen)) return seen;
  const parts = drawn.wanted === null ? {} : similarity(drawn.wanted, drawn.own);
  try {
    return scored({ ...parts, ...(await embeddingParts(seen, comparison)) }, rules, extracted);
  } catch (error) {
    if (error instanceof UnfinishedEmbedding) return unfinished(error.report, rules.wallMs, extracted);
    throw error;
  }
}

/** Rejects as soon as the signal aborts. A model that is asked is not stopped for it: its process serves others. */
function unlessAborted(judging: Promise<Verdict>, signal: AbortSignal): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    void judging.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

interface Drawn {
  readonly own: Raster;
  /** The reference; null for a task without a picture. */
  readonly wanted: Raster | null;
}

async function drawBoth(comparison: Comparison, size: number): Promise<Drawn | Verdict> {
  const { task, rules, extracted, pool, signal } = comparison;
  const wanted = task.picture === null ? null : await referenceRaster(task.picture, { ...rules, size }, pool);
  signal?.throwIfAborted();
  if (typeof wanted === 'string') return unscorable('bad-reference', { feedback: wanted, extracted });
  const job: DrawingJob = { pictures: [{ kind: 'svg', text: extracted }], size, limits: rules.limits };
  const drawn = drawingOf(await pool.run(job, limitsOf(rules), signal), rules, extracted);
  return 'raster' in drawn ? { own: drawn.raster, wanted } : drawn;
}

function limitsOf({ wallMs, memoryMb }: SvgRules): { wallMs: number; memoryMb: number } {
  return { wallMs, memoryMb };
}

const references = new ReferenceRuns<DrawingValue>();

async function referenceRaster(
  picture: NonNullable<SvgTask['picture']>,
  rules: SvgRules,
  pool: SandboxPool<DrawingJob, DrawingValue>,
): Promise<Raster | string> {
  const text = picture.kind === 'svg' ? picture.text : Buffer.from(picture.bytes).toString('base64');
  const key = JSON.stringify([picture.kind, text, rules.size, rules.limits, limitsOf(rules)]);
  const job: DrawingJob = { pictures: [picture], size: rules.size, limits: rules.limits };
  const rasterOf = (report: SandboxReport<DrawingValue>): Raster | undefined =>
    report.ended === 'finished' && report.value[0]?.kind === 'raster' ? report.value[0].raster : undefined;
  const report = await references.get(
    key,
    () => pool.run(job, limitsOf(rules)),
    (each) => rasterOf(each) !== undefined,
  );
  const raster = rasterOf(report);
  if (raster !== undefined) return raster;
  if (report.ended !== 'finished') return `the reference is not drawn: ${report.detail}`;
  const [first] = report.value;
  return `the reference is not drawn: ${first?.kind === 'refused' ? first.refusal.message : 'nothing came back'}`;
}

function drawingOf(
  report: SandboxReport<DrawingValue>,
  rules: SvgRules,
  extracted: string,
): { readonly raster: Raster } | Verdict {
  if (report.ended !== 'finished') return unfinished(report, rules.wallMs, extracted);
  const [drawing] = report.value;
  if (drawing?.kind === 'raster') return { raster: drawing.raster };
  const { code, message } = drawing?.refusal ?? { code: 'malformed', message: 'nothing was drawn' };
  return incorrect(code, { extracted, feedback: message });
}

/** The parts that the task and the embedder allow. */
async function embeddingParts(
  { own, wanted }: Drawn,
  { task: { caption }, embed, rules }: Comparison,
): Promise<Partial<Record<PartName, number>>> {
  const { image, text, imageForText = image } = embed;
  const limits = { wallMs: rules.wallMs };
  const parts: Partial<Record<PartName, number>> = {};
  const vector = wanted === null ? undefined : await image?.(own, limits);
  if (vector !== undefined) parts.image = unitCosine(vector, await image!(wanted!, limits));
  if (caption === null || text === undefined || imageForText === undefined) return parts;
  const seen = imageForText === image && vector !== undefined ? vector : await imageForText(own, limits);
  parts.text = unitCosine(seen, await text(caption, limits));
  return parts;
}

/**
 * Cosine of two vectors in [-1, 1]; null where one of them is 0 throughout. Throws a `RangeError` for vectors of different
 * lengths.
 */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  if (a.length !== b.length) {
    throw new RangeError(
      `cosine: both vectors must have one length, got ${a.length} and ${b.length}; embed pictures and texts into one space`,
    );
  }
  let [product, squareA, squareB] = [0, 0, 0];
  for (let index = 0; index < a.length; index += 1) {
    product += a[index]! * b[index]!;
    squareA += a[index]! ** 2;
    squareB += b[index]! ** 2;
  }
  if (squareA === 0 || squareB === 0) return null;
  return Math.min(1, Math.max(-1, product / Math.sqrt(squareA * squareB)));
}

/** Cosine of two vectors moved to [0, 1]: (1 + cos) / 2, as sgp pays for similarity. A vector of zeros is like nothing: 0. */
export function unitCosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return (1 + (cosine(a, b) ?? -1)) / 2;
}

function scored(parts: Partial<Record<PartName, number>>, { weights }: SvgRules, extracted: string): Verdict {
  const all = Object.keys(weights).length === 0;
  const weightOf = (name: PartName): number => (all ? 1 : (weights[name] ?? 0));
  const named = partNames.filter((name) => parts[name] !== undefined);
  const lacking = partNames.filter((name) => !all && weightOf(name) > 0 && parts[name] === undefined);
  const total = named.reduce((sum, name) => sum + weightOf(name), 0);
  if (lacking.length > 0 || total === 0) {
    const lack = lacking.length > 0 ? lacking.join(', ') : 'any part with a weight';
    const feedback = `no way to compute ${lack}: the reference must have a picture, or a caption and a vision model`;
    return unscorable('no-embedder', { extracted, feedback });
  }
  const score = named.reduce((sum, name) => sum + weightOf(name) * parts[name]!, 0) / total;
  const shown = named.map((name) => `${name} ${parts[name]!.toFixed(2)}`).join(', ');
  return partial(score, score === 1 ? 'equal' : 'close', { extracted, parts, feedback: `likeness: ${shown}` });
}
