/**
 * @file Pictures in SVG: drawn behind a wall and compared with a reference picture, by pixels, shape and colour, and by
 * embeddings where the caller brings a model. An entry of its own (`@touchstone/verify/svg`), because it starts processes
 * and needs `@resvg/resvg-js`.
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

/**
 * Vectors of pictures and texts, from a model that the caller runs: this package knows no engine. Both functions must map
 * into one space for the part `text`.
 */
export interface Embedder {
  readonly image?: (raster: Raster) => Promise<ArrayLike<number>>;
  readonly text?: (caption: string) => Promise<ArrayLike<number>>;
}

export interface SvgContext {
  readonly signal?: AbortSignal;
  /** Processes to draw in; default: those that the whole process shares. */
  readonly pool?: SandboxPool<DrawingJob, DrawingValue>;
  readonly embed?: Embedder;
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
 * judgement `deadline`, `memory`, `bad-reference`, `bad-option`, `unknown-option`, `no-embedder`. Rejects only when the signal aborts, the
 * sandbox is closed or not installed, or the embedder rejects.
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
  const extracted = extractSvg(response);
  if (extracted === null) return incorrect('no-answer', { feedback: 'the response has no complete svg element' });
  const pool = context.pool ?? sharedSvgPool.get();
  const wanted = task.picture === null ? null : await referenceRaster(task.picture, rules, pool);
  context.signal?.throwIfAborted();
  if (typeof wanted === 'string') return unscorable('bad-reference', { feedback: wanted, extracted });
  const job: DrawingJob = { pictures: [{ kind: 'svg', text: extracted }], size: rules.size, limits: rules.limits };
  const report = await pool.run(job, limitsOf(rules), context.signal);
  const drawn = drawingOf(report, rules, extracted);
  if (!('raster' in drawn)) return withElapsed(drawn, startedMs);
  const parts = await partsOf(drawn.raster, wanted, task, context.embed ?? {});
  return withElapsed(scored(parts, rules, extracted), startedMs);
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

/** Every part that the task and the embedder allow. */
async function partsOf(
  raster: Raster,
  wanted: Raster | null,
  { caption }: SvgTask,
  { image, text }: Embedder,
): Promise<Partial<Record<PartName, number>>> {
  const parts: Partial<Record<PartName, number>> = wanted === null ? {} : { ...similarity(wanted, raster) };
  if (image === undefined || (wanted === null && (caption === null || text === undefined))) return parts;
  const own = await image(raster);
  if (wanted !== null) parts.image = unitCosine(own, await image(wanted));
  if (caption !== null && text !== undefined) parts.text = unitCosine(own, await text(caption));
  return parts;
}

/**
 * Cosine of two vectors moved to [0, 1]: (1 + cos) / 2, as sgp pays for similarity. A vector of zeros is like nothing: 0.
 * Throws a `RangeError` for vectors of different lengths.
 */
export function unitCosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) {
    throw new RangeError(
      `unitCosine: both vectors must have one length, got ${a.length} and ${b.length}; embed pictures and texts into one space`,
    );
  }
  let [product, squareA, squareB] = [0, 0, 0];
  for (let index = 0; index < a.length; index += 1) {
    product += a[index]! * b[index]!;
    squareA += a[index]! ** 2;
    squareB += b[index]! ** 2;
  }
  if (squareA === 0 || squareB === 0) return 0;
  return Math.min(1, Math.max(0, (1 + product / Math.sqrt(squareA * squareB)) / 2));
}

function scored(parts: Partial<Record<PartName, number>>, { weights }: SvgRules, extracted: string): Verdict {
  const all = Object.keys(weights).length === 0;
  const weightOf = (name: PartName): number => (all ? 1 : (weights[name] ?? 0));
  const named = partNames.filter((name) => parts[name] !== undefined);
  const lacking = partNames.filter((name) => !all && weightOf(name) > 0 && parts[name] === undefined);
  const total = named.reduce((sum, name) => sum + weightOf(name), 0);
  if (lacking.length > 0 || total === 0) {
    const lack = lacking.length > 0 ? lacking.join(', ') : 'any part with a weight';
    const feedback = `no way to compute ${lack}: the reference must have a picture, or a caption and an embedder`;
    return unscorable('no-embedder', { extracted, feedback });
  }
  const score = named.reduce((sum, name) => sum + weightOf(name) * parts[name]!, 0) / total;
  const shown = named.map((name) => `${name} ${parts[name]!.toFixed(2)}`).join(', ');
  return partial(score, score === 1 ? 'equal' : 'close', { extracted, parts, feedback: `likeness: ${shown}` });
}
