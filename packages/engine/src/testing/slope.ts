/** df/d(data[i]) by central differences, over the step that float32 makes of 2^-10; `f` reads `data`, which is put back. */
export function slope(data: Float32Array, i: number, f: () => number): number {
  const saved = data[i] as number;
  data[i] = saved + 2 ** -10;
  const [high, above] = [data[i], f()];
  data[i] = saved - 2 ** -10;
  const result = (above - f()) / (high - data[i]);
  data[i] = saved;
  return result;
}
