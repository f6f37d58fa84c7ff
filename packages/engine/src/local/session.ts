import * as ort from 'onnxruntime-node';
import { WEIGHTS } from '../graph/onnx-file.js';

/** A tensor to feed, or a buffer to write a result into. */
export type Tensor = ort.Tensor;

export function tensor(data: Float32Array | Int32Array | BigInt64Array, shape: readonly number[]): Tensor {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, shape);
  if (data instanceof Int32Array) return new ort.Tensor('int32', data, shape);
  return new ort.Tensor('int64', data, shape);
}

/** A compiled graph with the settings that the measurements behind the engine choice found best. */
export class GraphSession {
  private constructor(
    private readonly session: ort.InferenceSession,
    private readonly dimensions: readonly string[],
    /** Names of the tensors that the graph gives. */
    readonly outputs: ReadonlySet<string>,
  ) {}

  /** @param weights Memory of the graph's constant weights; copied. */
  static async create(model: Uint8Array, threads: number, weights?: Float32Array): Promise<GraphSession> {
    const bytes = weights && Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength);
    const session = await ort.InferenceSession.create(model, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // Shapes change from run to run, so a planned memory pattern would only hold memory.
      enableMemPattern: false,
      logSeverityLevel: 3,
      // Threads that spin after a run would steal cores from the other sessions of the process.
      ...(bytes && { externalData: [{ path: WEIGHTS, data: bytes }] }),
      extra: { session: { force_spinning_stop: '1' } },
    });
    const dimensions = session.inputNames.filter((name) => name.startsWith('dim:')).map((name) => name.slice(4));
    return new GraphSession(session, dimensions, new Set(session.outputNames));
  }

  /** Names of the tensors that the graph reads. */
  get inputs(): readonly string[] {
    return this.session.inputNames;
  }

  /**
   * Runs the graph. `lengths` gives the symbolic dimensions; a name such as `tokens*4` is the product.
   * A fetch of null asks for a fresh tensor, a tensor is written in place.
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: Readonly<Record<string, Tensor | null>>,
    lengths: Readonly<Record<string, number>>,
  ): Promise<Readonly<Record<string, Tensor>>> {
    const all: Record<string, Tensor> = { ...feeds };
    for (const name of this.dimensions) {
      const length = name.split('*').reduce((product, part) => product * (lengths[part] ?? Number(part)), 1);
      all[`dim:${name}`] = tensor(BigInt64Array.of(BigInt(length)), [1]);
    }
    return await this.session.run(all, fetches);
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/** The values of a fetched f32 tensor. */
export function floats(value: Tensor | undefined): Float32Array {
  return value?.data as Float32Array;
}
