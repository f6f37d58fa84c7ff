import { Graph } from '../graph/graph.js';
import { gemm } from '../nn/matrix.js';
import { GraphSession, tensor } from './session.js';

const SIZE = 1024;

/**
 * How fast ONNX Runtime multiplies f32 matrices of 1024 x 1024 on this machine, in GFLOP/s: the median of `repetitions`
 * products after two to warm up. The ceiling of everything that the local engine computes. Blocks the calling thread.
 */
export async function measureMatrixRate(threads: number, repetitions = 15): Promise<number> {
  const graph = new Graph();
  const [a, b] = [graph.input('a', 'f32', [SIZE, SIZE]), graph.input('b', 'f32', [SIZE, SIZE])];
  graph.output('product', gemm(graph, a, b));
  const session = await GraphSession.create(graph.encode(), threads);
  const values = Float32Array.from({ length: SIZE * SIZE }, (_, i) => ((i * 7919) % 1013) / 1013 - 0.5);
  const matrix = tensor(values, [SIZE, SIZE]);
  const seconds: number[] = [];
  for (let i = 0; i < repetitions + 2; i++) {
    const started = performance.now();
    await session.run({ a: matrix, b: matrix }, { product: null }, {});
    seconds.push((performance.now() - started) / 1000);
  }
  await session.release();
  const sorted = seconds.slice(2).sort((x, y) => x - y);
  return (2 * SIZE ** 3) / (sorted[Math.floor(sorted.length / 2)] as number) / 1e9;
}
