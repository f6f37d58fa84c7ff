/**
 * A vision model as a backend of a sandbox. Model, tokenizer and captions come from the operator and the tasks, and what a
 * response adds is a picture that was drawn here, of a size that is known: the process is for the limits of time and memory,
 * and so that inference does not hold up the thread that judges. ONNX Runtime is native code.
 */
import { readFile } from 'node:fs/promises';
import type { Raster } from '../job.js';
import { VisionModelError } from './error.js';
import type { VisionSetup } from './folder.js';
import { EmbeddingGraph, type Feeds, type OnnxRuntime } from './graph.js';
import type { VisionJob, VisionValue } from './job.js';
import { pixelValues } from './pixels.js';
import { TextRows, type TokenizerClass } from './tokens.js';

/** A folder that cannot be used is said when it is asked about: processes that fail to start would be tried again. */
let encoders: Encoders | VisionModelError = new VisionModelError('openVisionModel: the process must be prepared first');

export async function prepare(setup: unknown): Promise<void> {
  try {
    encoders = await Encoders.load(setup as VisionSetup);
  } catch (error) {
    if (!(error instanceof VisionModelError)) throw error;
    encoders = error;
  }
}

export async function run(job: VisionJob): Promise<VisionValue> {
  if (encoders instanceof VisionModelError) return { kind: 'fault', message: encoders.message };
  if (job.kind === 'about') return { kind: 'about', dimension: encoders.dimension };
  const values = job.kind === 'image' ? await encoders.image(job.raster) : await encoders.text(job.text);
  return { kind: 'vector', values };
}

interface Tower {
  readonly graph: EmbeddingGraph;
  readonly output: string;
}

class Encoders {
  dimension = 0;

  private constructor(
    private readonly ort: OnnxRuntime,
    private readonly setup: VisionSetup,
    private readonly vision: Tower,
    private readonly language: (Tower & { readonly rows: TextRows }) | null,
  ) {}

  /** Also runs both towers once, which allots their memory and shows what does not fit together. */
  static async load(setup: VisionSetup): Promise<Encoders> {
    const ort = await import('onnxruntime-node');
    const { family, text, threads, visionFile, size } = setup;
    const graph = await EmbeddingGraph.load(ort, visionFile, threads);
    const vision = { graph, output: graph.outputOf(family.imageOutputs) };
    const encoders = new Encoders(ort, setup, vision, await languageTower(ort, setup, graph));
    const blank: Raster = { size, pixels: new Uint8Array(4 * size * size) };
    encoders.dimension = (await encoders.image(blank)).length;
    if (text === null) return encoders;
    const { length } = await encoders.text('a picture');
    if (length !== encoders.dimension) {
      throw new VisionModelError(
        `openVisionModel: pictures and texts must have vectors of one length, got ${encoders.dimension} and ${length}; export both encoders with their projections`,
      );
    }
    return encoders;
  }

  image(raster: Raster): Promise<Float32Array> {
    const { graph, output } = this.vision;
    // A graph of both towers wants a text, too; whichever it is, the picture's vector is the same.
    const text = graph === this.language?.graph ? this.textFeeds('') : {};
    return graph.embed({ ...text, ...this.imageFeeds(raster) }, output);
  }

  text(caption: string): Promise<Float32Array> {
    if (this.language === null) throw new Error('vision backend: the model must read texts, got one that does not');
    const { graph, output } = this.language;
    const { size } = this.setup;
    const image = graph === this.vision.graph ? this.imageFeeds({ size, pixels: new Uint8Array(4 * size * size) }) : {};
    return graph.embed({ ...image, ...this.textFeeds(caption) }, output);
  }

  private imageFeeds(raster: Raster): Feeds {
    const { width, height, data } = pixelValues(raster, this.setup.pixels);
    return { pixel_values: new this.ort.Tensor('float32', data, [1, 3, height, width]) };
  }

  private textFeeds(caption: string): Feeds {
    const { ids, mask } = this.language?.rows.row(caption) ?? { ids: [], mask: [] };
    const tensor = (values: readonly number[]): InstanceType<OnnxRuntime['Tensor']> =>
      new this.ort.Tensor('int64', BigInt64Array.from(values.map(BigInt)), [1, values.length]);
    const seen = this.setup.family.masked ? mask : mask.map(() => 1);
    return { input_ids: tensor(ids), attention_mask: tensor(seen) };
  }
}

async function languageTower(
  ort: OnnxRuntime,
  { family, text, threads, visionFile }: VisionSetup,
  vision: EmbeddingGraph,
): Promise<(Tower & { readonly rows: TextRows }) | null> {
  if (text === null) return null;
  const { Tokenizer } = (await import('@huggingface/tokenizers')) as unknown as { Tokenizer: TokenizerClass };
  const [tokenizer, config] = await Promise.all([text.tokenizer, text.tokenizerConfig].map(readObject));
  const rows = new TextRows(Tokenizer, tokenizer ?? {}, config ?? {}, text.length);
  const graph = text.file === visionFile ? vision : await EmbeddingGraph.load(ort, text.file, threads);
  return { graph, output: graph.outputOf(family.textOutputs ?? []), rows };
}

async function readObject(file: string): Promise<Readonly<Record<string, unknown>>> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new VisionModelError(
      `openVisionModel: ${file} must be JSON, got ${(error as Error).message}; take the file of the published model`,
    );
  }
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new VisionModelError(
    `openVisionModel: ${file} must be a JSON object, got ${String(value)}; take the file anew`,
  );
}
