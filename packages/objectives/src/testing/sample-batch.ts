import type { ColumnName, RolloutBatch } from '../objective.js';

export interface SampleBatchOptions {
  readonly seed: number;
  /** Members of each group, in an order that mixes groups. */
  readonly groupSizes: readonly number[];
  /** Most tokens a rollout; lengths are drawn from 0 .. maxLength. */
  readonly maxLength: number;
  /** What stands in token columns where `mask` is 0. Default NaN: nothing may read it. */
  readonly underMask?: number;
  /** Largest |log pi - log pi_old|. Default 0.5. */
  readonly drift?: number;
  /** Token columns to fill. Default: all. */
  readonly columns?: readonly ColumnName[];
  /** Candidates a position in the top-k columns; 0: none. Default 3. */
  readonly topK?: number;
  /** Rewards of rollout i in its group; default 0 or 1 by draw. */
  readonly reward?: (rollout: number, group: number) => number;
}

/** Every column an objective may ask for: a new name of `ColumnName` does not compile until it is drawn here. */
const columnSamplers: Readonly<Record<ColumnName, (draw: () => number, logProb: number, drift: number) => number>> = {
  logProb: (_, logProb) => logProb,
  oldLogProb: (draw, logProb, drift) => Math.min(logProb + (2 * draw() - 1) * drift, -1e-3),
  samplerLogProb: (draw, logProb, drift) => Math.min(logProb + (2 * draw() - 1) * drift, -1e-3),
  refLogProb: (draw, logProb, drift) => Math.min(logProb + (2 * draw() - 1) * drift, -1e-3),
  teacherLogProb: (draw, logProb, drift) => Math.min(logProb + (2 * draw() - 1) * drift, -1e-3),
  entropy: (draw) => 3 * draw(),
  oldEntropy: (draw) => 3 * draw(),
  meanLogProb: (draw) => -4 - 4 * draw(),
  oldMeanLogProb: (draw) => -4 - 4 * draw(),
  topLogProb: (draw) => -draw(),
  tokenRewards: (draw) => 2 * draw() - 1,
  values: (draw) => 2 * draw() - 1,
  oldValues: (draw) => 2 * draw() - 1,
  returns: (draw) => 2 * draw() - 1,
  external: (draw) => (draw() < 0.1 ? 1 : 0),
  segment: (draw) => Math.floor(3 * draw()),
  proxyLogProb: (draw, logProb) => (draw() < 0.2 ? -Infinity : logProb + draw()),
  oldLogit: (draw) => 20 * draw() - 5,
  tokenScale: (draw) => draw(),
};

/**
 * A seeded batch for tests and benchmarks: ragged groups whose members are not neighbours, rollouts without tokens,
 * prompt tokens in front and environment tokens in between, every column filled.
 */
export function sampleBatch(options: SampleBatchOptions): RolloutBatch {
  const { groupSizes, maxLength, underMask = NaN, drift = 0.5, topK: width = 3 } = options;
  const draw = uniform(options.seed);
  const members = shuffled(
    groupSizes.flatMap((size, group) => new Array<number>(size).fill(group)),
    draw,
  );
  const offsets = new Int32Array(members.length + 1);
  members.forEach((_, i) => (offsets[i + 1] = offsets[i]! + Math.floor(draw() * (maxLength + 1))));
  const size = offsets[members.length]!;
  const mask = maskOf(offsets, size, draw);
  const columns = {} as Record<ColumnName, Float64Array>;
  const names = options.columns ?? (Object.keys(columnSamplers) as ColumnName[]);
  for (const name of names) columns[name] = new Float64Array(size).fill(underMask);
  for (let token = 0; token < size; token++) {
    const logProb = -0.05 - 3 * draw();
    for (const name of names) {
      const value = columnSamplers[name](draw, logProb, drift);
      if (mask[token] === 1) columns[name][token] = value;
    }
  }
  const coin = () => (draw() < 0.5 ? 0 : 1);
  return {
    offsets,
    group: Int32Array.from(members, (group) => 10 + 3 * group),
    rewards: Float64Array.from(members, (group, i) => options.reward?.(i, group) ?? coin()),
    mask,
    columns,
    rolloutColumns: {
      greedyReward: Float64Array.from(members, coin),
      teacherTarget: Float64Array.from(members, coin),
    },
    tokenIds: Int32Array.from({ length: size }, () => Math.floor(4 * draw())),
    ...(width > 0 && { topK: topKOf(mask, width, draw, underMask) }),
  };
}

/** Prompt tokens in front of each rollout and a few environment tokens inside it are 0. */
function maskOf(offsets: Int32Array, size: number, draw: () => number): Uint8Array {
  const mask = new Uint8Array(size);
  for (let rollout = 0; rollout + 1 < offsets.length; rollout++) {
    const [from, to] = [offsets[rollout]!, offsets[rollout + 1]!];
    const prompt = Math.floor((draw() * (to - from)) / 3);
    for (let token = from + prompt; token < to; token++) mask[token] = draw() < 0.15 ? 0 : 1;
  }
  return mask;
}

function topKOf(
  mask: Uint8Array,
  width: number,
  draw: () => number,
  underMask: number,
): NonNullable<RolloutBatch['topK']> {
  const logProb = new Float64Array(mask.length * width).fill(underMask);
  const ids = Int32Array.from(logProb, (_, i) => i % width);
  for (let i = 0; i < logProb.length; i++) {
    const value = -0.2 - (i % width) - 0.5 * draw();
    if (mask[Math.floor(i / width)] === 1) logProb[i] = value;
  }
  const teacherLogProb = logProb.map((value) => value - 0.5 * draw());
  return { width, ids, logProb, teacherLogProb };
}

/** Numbers in [0, 1) from a 32-bit state (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let hash = Math.imul(state ^ (state >>> 15), 1 | state);
    hash = (hash + Math.imul(hash ^ (hash >>> 7), 61 | hash)) ^ hash;
    return ((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled<T>(items: readonly T[], draw: () => number): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
