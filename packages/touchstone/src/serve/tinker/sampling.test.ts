import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalEngine } from '@touchstone/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyModel } from '../../testing/tiny-model.js';
import { sequenceBatch } from '../sequence-batch.js';
import { startTinkerServer, type TinkerServer } from './tinker-server.js';

let folder: string;
let engine: LocalEngine;
let server: TinkerServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'touchstone-'));
  await writeTinyModel(join(folder, 'model'));
  engine = await LocalEngine.load(join(folder, 'model'), { threads: 1 });
  const names = { modelName: 'tiny', tokenizerId: 'tiny', stateFolder: join(folder, 'state') };
  server = await startTinkerServer({ engine, ...names, port: 0, maxSamplers: 2 });
});

afterAll(async () => {
  await server.close();
  await engine.dispose();
  await rm(folder, { recursive: true });
});

interface Sampled {
  readonly sequences: readonly {
    readonly tokens: number[];
    readonly logprobs: number[];
    readonly stop_reason: string;
  }[];
  readonly prompt_logprobs?: (number | null)[];
  readonly topk_prompt_logprobs?: ([number, number][] | null)[];
  readonly target_prompt_logprobs?: { readonly data: number[] };
}

type Json = Record<string, never>;

async function post(path: string, body: unknown): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${server.url}/api/v1/${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Json };
}

async function done(path: string, body: unknown): Promise<Json> {
  const filed = await post(path, body);
  expect(filed, JSON.stringify(filed.body)).toMatchObject({ status: 200 });
  const outcome = await post('retrieve_future', { request_id: filed.body.request_id });
  expect(outcome.status).toBe(200);
  return outcome.body;
}

const prompt = [4, 8, 15, 16, 23];
const request = (sampling_params: object, more: object = { base_model: 'tiny' }) => ({
  num_samples: 3,
  prompt: { chunks: [{ tokens: prompt.slice(0, 2) }, { tokens: prompt.slice(2) }] },
  sampling_params: { max_tokens: 6, seed: 11, ...sampling_params },
  ...more,
});
const sample = async (sampling_params: object, more?: object) =>
  (await done('asample', request(sampling_params, more))) as unknown as Sampled;

async function trainedModel(): Promise<{ session_id: string; model_id: string; train: () => Promise<void> }> {
  const { body } = await post('create_session', { tags: [], sdk_version: 'test' });
  const session_id = body.session_id as unknown as string;
  const created = await done('create_model', { session_id, model_seq_id: 0, base_model: 'tiny' });
  const model_id = created.model_id as unknown as string;
  const tensors = { target_tokens: { data: prompt.slice(1) } };
  const data = [{ model_input: { chunks: [{ tokens: prompt.slice(0, -1) }] }, loss_fn_inputs: tensors }];
  const train = async () => {
    await done('forward_backward', { model_id, forward_backward_input: { data, loss_fn: 'cross_entropy' } });
    await done('optim_step', { model_id, adam_params: { learning_rate: 0.05 } });
  };
  return { session_id, model_id, train };
}

describe('sampling', () => {
  it('draws what the engine draws with seeds from the one given on', async () => {
    const { sequences } = await sample({ temperature: 1, top_k: 20 });
    const wanted = await engine.sample([{ prompt: Int32Array.from(prompt), seeds: [11, 12, 13] }], {
      maxNewTokens: 6,
      topK: 20,
    });
    expect(sequences.map(({ tokens }) => tokens)).toEqual(wanted[0]?.map(({ tokens }) => [...tokens]));
    expect(sequences.map(({ stop_reason }) => stop_reason)).toEqual(wanted[0]?.map(({ finish }) => finish));
  });

  it('gives log-probs at temperature 1, whatever it samples at', async () => {
    for (const temperature of [0, 0.5, 1, 2]) {
      for (const { tokens, logprobs } of (await sample({ temperature })).sequences) {
        const batch = sequenceBatch([Int32Array.of(...prompt, ...tokens)], prompt.length);
        const { logProb } = await engine.forward(batch);
        logprobs.forEach((value, t) => expect(value).toBeCloseTo(logProb[prompt.length + t] as number, 4));
      }
    }
  });

  it('scores prompts: their tokens, the likeliest ones, and tokens of the choice of the client', async () => {
    const ids = prompt.slice(1).flatMap((token) => [token, -1]);
    const more = {
      base_model: 'tiny',
      prompt_logprobs: true,
      topk_prompt_logprobs: 2,
      target_prompt_logprobs: { data: ids, shape: [prompt.length - 1, 2] },
    };
    const result = await sample({ max_tokens: 1 }, more);
    const columns = await engine.forward(sequenceBatch([Int32Array.from(prompt)], 1), { topK: 2 });
    expect(result.prompt_logprobs?.[0]).toBeNull();
    expect(result.topk_prompt_logprobs?.[0]).toBeNull();
    for (let t = 1; t < prompt.length; t++) {
      const own = columns.logProb[t] as number;
      expect(result.prompt_logprobs?.[t]).toBeCloseTo(own, 5);
      expect(result.target_prompt_logprobs?.data.slice(2 * t - 2, 2 * t)).toEqual([expect.closeTo(own, 5), 0]);
      const [first] = result.topk_prompt_logprobs?.[t] ?? [];
      expect(first).toEqual([columns.topKIds?.[2 * t], expect.closeTo(columns.topKLogProb?.[2 * t] as number, 5)]);
    }
    const last = await sample({ max_tokens: 1 }, { ...more, prompt_logprobs_last_n: 2 });
    expect(last.prompt_logprobs?.map((value) => value === null)).toEqual([true, true, true, false, false]);
  });

  it('a snapshot stays as it was while its model learns; the oldest go when there are too many', async () => {
    const { session_id, model_id, train } = await trainedModel();
    const snapshot = async (sampling_session_seq_id: number) => {
      const saved = await done('save_weights_for_sampler', { model_id, sampling_session_seq_id });
      return { sampling_session_id: saved.sampling_session_id as unknown as string };
    };
    const first = await snapshot(0);
    const before = await sample({}, { ...first, seq_id: 0 });
    expect(before.sequences).toEqual((await sample({})).sequences);
    await train();
    const second = await snapshot(1);
    expect((await sample({}, { ...first, seq_id: 1 })).sequences).toEqual(before.sequences);
    const moved = await sample({}, { ...second, seq_id: 0 });
    expect(moved.sequences.map(({ logprobs }) => logprobs)).not.toEqual(
      before.sequences.map(({ logprobs }) => logprobs),
    );
    const { path } = await done('save_weights_for_sampler', { model_id, path: 'named' });
    const named = await post('create_sampling_session', { session_id, sampling_session_seq_id: 2, model_path: path });
    const { sampling_session_id } = named.body;
    expect((await sample({}, { sampling_session_id, seq_id: 0 })).sequences).toEqual(moved.sequences);
    expect(await done('asample', request({}, { ...first, seq_id: 2 }))).toMatchObject({
      category: 'user',
      error: expect.stringContaining('pushed out by 2 newer weights') as string,
    });
  });

  it('a request that is sent again has the same future; wrong ones name their field', async () => {
    const { session_id } = await trainedModel();
    const { body } = await post('create_sampling_session', {
      session_id,
      sampling_session_seq_id: 7,
      base_model: 'tiny',
    });
    const asked = request({}, { sampling_session_id: body.sampling_session_id, seq_id: 4 });
    const [once, twice] = [await post('asample', asked), await post('asample', asked)];
    expect(twice.body).toEqual(once.body);
    expect(once.body.sample_sequence_ids).toHaveLength(3);
    const wrong: [object, string][] = [
      [{ ...asked, num_samples: 2 }, 'seq_id'],
      [request({ stop: [] }), 'sampling_params.stop'],
      [request({ top_p: 0 }), 'sampling_params.top_p'],
      [request({}, { base_model: 'huge' }), 'base_model'],
      [request({}, {}), 'sampling_session_id'],
      [request({}, { model_path: 'tinker://m/weights/none' }), 'model_path'],
      [{ ...request({}), prompt: { chunks: [] } }, 'prompt'],
      [{ ...request({}), prompt: { chunks: [{ type: 'image', tokens: [] }] } }, 'prompt.chunks[0].type'],
    ];
    for (const [each, field] of wrong) expect((await post('asample', each)).body).toMatchObject({ error: { field } });
  });
});
