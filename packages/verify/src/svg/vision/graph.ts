import { basename } from 'node:path';
import type * as ort from 'onnxruntime-node';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { VisionModelError } from './error.js';

/** What is used of the package, which a user installs for this alone. */
export type OnnxRuntime = typeof ort;

export type Feeds = Readonly<Record<string, Tensor>>;

/** Inputs that a graph may have, and their element type. */
const inputTypes: Readonly<Record<string, string>> = {
  pixel_values: 'float32',
  input_ids: 'int64',
  attention_mask: 'int64',
};

/** An ONNX file whose outputs hold vectors of pictures or texts, one row at a time. */
export class EmbeddingGraph {
  private constructor(
    private readonly session: InferenceSession,
    private readonly file: string,
  ) {}

  /** Throws a `VisionModelError` for a file that ONNX Runtime does not read, or with inputs that nobody knows. */
  static async load(runtime: OnnxRuntime, file: string, threads: number): Promise<EmbeddingGraph> {
    let session: InferenceSession;
    try {
      session = await runtime.InferenceSession.create(file, {
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
        // Threads that spin after a run would take the cores from those that draw.
        extra: { session: { force_spinning_stop: '1' } },
      });
    } catch (error) {
      const fix = 'export the model again';
      throw new VisionModelError(`openVisionModel: ${file} must be an ONNX model, got ${wordsOf(error)}; ${fix}`);
    }
    for (const input of session.inputMetadata) {
      const type = input.isTensor ? input.type : 'no tensor';
      if (inputTypes[input.name] === type) continue;
      const known = Object.entries(inputTypes).map(([name, each]) => `${name} (${each})`);
      throw new VisionModelError(
        `openVisionModel: inputs of ${basename(file)} must be ${known.join(', ')}, got ${input.name} (${type}); export the encoder in float32`,
      );
    }
    return new EmbeddingGraph(session, file);
  }

  /** The first of the named outputs that the graph has. Throws a `VisionModelError` where it has none. */
  outputOf(names: readonly string[]): string {
    const found = names.find((name) => this.session.outputNames.includes(name));
    if (found !== undefined) return found;
    throw new VisionModelError(
      `openVisionModel: ${basename(this.file)} must have the output ${names.join(' or ')}, got ${this.session.outputNames.join(', ')}; export the encoder with its projection`,
    );
  }

  /**
   * The vector that the graph gives for one row, made 1 long; one of zeros stays. Feeds that the graph does not read are
   * left out. Throws a `VisionModelError` when the graph does not take the feeds or gives something else than a vector.
   */
  async embed(feeds: Feeds, output: string): Promise<Float32Array> {
    const read = Object.fromEntries(Object.entries(feeds).filter(([name]) => this.session.inputNames.includes(name)));
    const shapes = Object.entries(read).map(([name, { dims }]) => `${name} [${dims.join(', ')}]`);
    let found: Tensor | undefined;
    try {
      found = (await this.session.run(read, [output]))[output];
    } catch (error) {
      throw new VisionModelError(
        `openVisionModel: ${basename(this.file)} must take ${shapes.join(', ')}, got ${wordsOf(error)}; take config.json, preprocessor_config.json and the model from one place`,
      );
    }
    const { dims = [], data } = found ?? {};
    // One row of vectors: [1, D], or [1, tokens, D] whose first is the class token.
    const dimension = dims.at(-1) ?? 0;
    if ((dims.length !== 2 && dims.length !== 3) || dims[0] !== 1 || dimension < 1 || !(data instanceof Float32Array)) {
      throw new VisionModelError(
        `openVisionModel: ${output} of ${basename(this.file)} must be float32 [1, dimension] or [1, tokens, dimension], got ${found?.type ?? 'nothing'} [${dims.join(', ')}]; export the encoder`,
      );
    }
    return unit(data.subarray(0, dimension), `${output} of ${basename(this.file)}`);
  }
}

function unit(vector: Float32Array, what: string): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (!Number.isFinite(length))
    throw new VisionModelError(`openVisionModel: ${what} must be finite, got ${length}; export the encoder in float32`);
  return vector.map((value) => (length === 0 ? 0 : value / length));
}

/** Words of an error of ONNX Runtime in one line. */
function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').slice(0, 300);
}
