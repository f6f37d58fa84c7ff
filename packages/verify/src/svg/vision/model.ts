import { availableParallelism } from 'node:os';
import type { SandboxReport } from '../../sandbox/backend.js';
import { packageFolder } from '../../sandbox/permissions.js';
import { SandboxPool } from '../../sandbox/pool.js';
import { ReferenceRuns } from '../../sandbox/reference-runs.js';
import type { Raster } from '../job.js';
import { UnfinishedEmbedding, type EmbedLimits } from './embedder.js';
import { VisionModelError } from './error.js';
import { readVisionFolder, type VisionSetup } from './folder.js';
import type { VisionJob, VisionValue } from './job.js';

export interface VisionModelOptions {
  /** Threads of a run; default: the machine's cores, at most 8. */
  readonly threads?: number;
  /** Milliseconds that loading may take; default 120000. */
  readonly loadMs?: number;
}

/** Encoders of pictures, and of texts where the model has one for them, in a process of their own. */
export interface VisionModel {
  /** As `config.json` names it, such as `clip`. */
  readonly modelType: string;
  /** Length of a vector. */
  readonly dimension: number;
  /** Pixels of each side of the square in which pictures should be drawn for it: any other size is resized to this. */
  readonly size: number;
  /** Whether pictures of another size are resized, as its preprocessing says. */
  readonly resizes: boolean;
  /**
   * Vector of a picture, of length 1. Rejects with `UnfinishedEmbedding` when its limit of time is over or the process is
   * lost; the next call has a new one.
   */
  image(raster: Raster, limits?: EmbedLimits): Promise<Float32Array>;
  /** The same of a text, in the space of the pictures; null for a model of pictures only. Of a long text the beginning. */
  readonly text: ((caption: string, limits?: EmbedLimits) => Promise<Float32Array>) | null;
  /** Ends the process. */
  close(): Promise<void>;
}

/** Packages that run a model, and the packages of theirs that they load. */
const packages = { 'onnxruntime-node': ['onnxruntime-common'], '@huggingface/tokenizers': [] } as const;

/**
 * Opens a folder with a vision model in ONNX: `config.json` (CLIP, SigLIP, ViT, DINOv2), `preprocessor_config.json`,
 * `model.onnx` or `vision_model.onnx` with `text_model.onnx` (in the folder or in `onnx/`), and for texts `tokenizer.json`
 * with `tokenizer_config.json`. Both towers are run once.
 *
 * Throws a `VisionModelError` for a folder that cannot be used, a `MissingPackageError` where `onnxruntime-node` or
 * `@huggingface/tokenizers` is not installed.
 */
export async function openVisionModel(folder: string, options: VisionModelOptions = {}): Promise<VisionModel> {
  const setup = await readVisionFolder(folder, options.threads ?? Math.min(8, availableParallelism()));
  const pool = visionPool(setup, options.loadMs ?? 120_000);
  const about = await pool.run({ kind: 'about' }, { wallMs: 60_000 });
  if (about.ended === 'finished' && about.value.kind === 'about') return modelOf(setup, pool, about.value.dimension);
  await pool.close();
  if (about.ended === 'finished' && about.value.kind === 'fault') throw new VisionModelError(about.value.message);
  const got = about.ended === 'finished' ? about.value.kind : about.detail;
  throw new VisionModelError(`openVisionModel: ${folder} must load, got ${got}; see whether the model fits in memory`);
}

/** One process, since a run takes every thread that it may have, and the model its memory. */
function visionPool(setup: VisionSetup, startMs: number): SandboxPool<VisionJob, VisionValue> {
  const wanted = Object.entries(packages).filter(([name]) => setup.text !== null || name === 'onnxruntime-node');
  const folders = wanted.flatMap(([name, parts]) => {
    const folder = packageFolder(name);
    return [folder, ...parts.map((part) => packageFolder(part, new URL('package.json', folder)))];
  });
  const files = setup.text === null ? [] : [setup.text.tokenizer, setup.text.tokenizerConfig];
  return new SandboxPool(new URL('../../../dist/svg/vision/backend.js', import.meta.url), {
    workers: 1,
    spares: 0,
    startMs,
    // The vocabulary of a large tokenizer.
    heapMb: 2048,
    // What ONNX Runtime keeps of its largest run.
    retainedMb: 1024,
    // ONNX Runtime is native code and reads its files by itself.
    allowRead: [...folders, ...files],
    allowAddons: true,
    setup,
  });
}

/**
 * Milliseconds that the process always has. A limit that is shorter ends in `timeout` all the same, but whoever sets it,
 * which may be a client of a server, does not have the model loaded again for it.
 */
const GRACE_MS = 5000;

/** MiB of a run, beside the model and what it needed in its first run. */
const RUN_MB = 1024;

/**
 * Characters of a text that are read: far more than any model reads, and a bound on the time of a text that a client of a
 * server sends.
 */
const MOST_CHARACTERS = 4096;

function modelOf(setup: VisionSetup, pool: SandboxPool<VisionJob, VisionValue>, dimension: number): VisionModel {
  const ask = (job: VisionJob, { wallMs }: EmbedLimits): Promise<SandboxReport<VisionValue>> =>
    pool.run(job, { wallMs: Math.max(wallMs, GRACE_MS), memoryMb: RUN_MB });
  const captions = new ReferenceRuns<VisionValue>();
  // A reference picture is drawn once and compared with many.
  const seen = new WeakMap<Raster, Promise<SandboxReport<VisionValue>>>();
  const usual: EmbedLimits = { wallMs: 30_000 };
  const seeing = async (raster: Raster, limits: EmbedLimits): Promise<SandboxReport<VisionValue>> => {
    const known = seen.get(raster) ?? ask({ kind: 'image', raster }, limits);
    seen.set(raster, known);
    const report = await known;
    if (report.ended !== 'finished') seen.delete(raster);
    return report;
  };
  const read = async (caption: string, limits = usual): Promise<Float32Array> => {
    const text = caption.slice(0, MOST_CHARACTERS);
    const report = await captions.get(
      JSON.stringify([text, limits.wallMs]),
      () => ask({ kind: 'text', text }, limits),
      ({ ended }) => ended === 'finished',
    );
    return vectorOf(report, limits);
  };
  return {
    modelType: setup.modelType,
    dimension,
    size: setup.size,
    resizes: setup.pixels.resize !== null,
    image: async (raster, limits = usual) => vectorOf(await seeing(raster, limits), limits),
    text: setup.text === null ? null : read,
    close: () => pool.close(),
  };
}

function vectorOf(report: SandboxReport<VisionValue>, { wallMs }: EmbedLimits): Float32Array {
  if (report.ended !== 'finished') throw new UnfinishedEmbedding(report);
  const { value, elapsedMs, peakMemoryMb } = report;
  if (value.kind !== 'vector') {
    const detail = value.kind === 'fault' ? value.message : 'nothing came back';
    throw new UnfinishedEmbedding({ ended: 'crashed', detail, notes: [], elapsedMs, peakMemoryMb });
  }
  if (elapsedMs <= wallMs) return value.values;
  const detail = `its limit of ${wallMs} ms was over before the model had answered`;
  throw new UnfinishedEmbedding({ ended: 'timeout', detail, notes: [], elapsedMs, peakMemoryMb });
}
