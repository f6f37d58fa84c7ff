import onnx from 'onnx-proto';
import ort from 'onnxruntime-node';

const SIZE = 1024;
const FLOP = 2 * SIZE ** 3;

/** An ONNX model that multiplies two f32 matrices of 1024 x 1024. */
function matmulModel() {
  const { onnx: proto } = onnx;
  const matrix = (name) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: SIZE }, { dimValue: SIZE }] } } },
  });
  const model = {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'matmul',
      node: [{ opType: 'MatMul', input: ['a', 'b'], output: ['c'] }],
      input: [matrix('a'), matrix('b')],
      output: [matrix('c')],
    },
  };
  return proto.ModelProto.encode(proto.ModelProto.fromObject(model)).finish();
}

/**
 * What ONNX Runtime multiplies matrices at on this machine, in GFLOP/s: the median of `repetitions` products of
 * 1024 x 1024 in f32, after two to warm up. The ceiling that the share of a training step is taken of.
 *
 * @param {{ threads: number, repetitions?: number }} options
 */
export async function gemmRate({ threads, repetitions = 40 }) {
  const session = await ort.InferenceSession.create(matmulModel(), { intraOpNumThreads: threads });
  const values = Float32Array.from({ length: SIZE * SIZE }, (_, i) => ((i * 7919) % 1013) / 1013 - 0.5);
  const feeds = {
    a: new ort.Tensor('float32', values, [SIZE, SIZE]),
    b: new ort.Tensor('float32', Float32Array.from(values).reverse(), [SIZE, SIZE]),
  };
  const seconds = [];
  for (let i = 0; i < repetitions + 2; i += 1) {
    const start = performance.now();
    await session.run(feeds);
    seconds.push((performance.now() - start) / 1000);
  }
  await session.release();
  const sorted = seconds.slice(2).sort((a, b) => a - b);
  return FLOP / sorted[Math.floor(sorted.length / 2)] / 1e9;
}
