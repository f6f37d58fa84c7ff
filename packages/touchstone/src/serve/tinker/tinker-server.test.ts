import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalEngine, type TokenBatch } from '@touchstone/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyModel } from '../../testing/tiny-model.js';
import { startTinkerServer, type TinkerServer } from './tinker-server.js';

let folder: string;
let engine: LocalEngine;
let server: TinkerServer;

const start = (more: Partial<Parameters<typeof startTinkerServer>[0]> = {}) =>
  startTinkerServer({
    engine,
    modelName: 'tiny',
    tokenizerId: 'tiny',
    stateFolder: join(folder, 'state'),
    port: 0,
    ...more,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'touchstone-'));
  await writeTinyModel(join(folder, 'model'));
  engine = await LocalEngine.load(join(folder, 'model'), { threads: 1 });
  server = await start({ maxModels: 32 });
});

afterAll(async () => {
  await server.close();
  await engine.dispose();
  await rm(folder, { recursive: true });
});

type Json = Record<string, never>;

async function post(path: string, body: unknown, to = server, headers = {}): Promise<{ status: number; body: Json }> {
  const init = { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers };
  const response = await fetch(`${to.url}/api/v1/${path}`, init);
  return { status: response.status, body: (await response.json()) as Json };
}

async function result(requestId: string, to = server): Promise<Json> {
  for (;;) {
    const { status, body } = await post('retrieve_future', { request_id: requestId }, to);
    if (status === 200) return body;
    expect(status).toBe(408);
  }
}

/** Files a request and waits for what it comes to. */
async function done(path: string, body: unknown, to = server): Promise<Json> {
  const filed = await post(path, body, to);
  expect(filed, JSON.stringify(filed.body)).toMatchObject({ status: 200 });
  return result(filed.body.request_id as unknown as string, to);
}

async function newSession(to = server): Promise<string> {
  const { body } = await post('create_session', { tags: [], sdk_version: 'test', type: 'create_session' }, to);
  return body.session_id as unknown as string;
}

async function newModel(to = server): Promise<string> {
  const session_id = await newSession(to);
  const request = { session_id, model_seq_id: 0, base_model: 'tiny', lora_config: { rank: 8 } };
  return (await done('create_model', request, to)).model_id as unknown as string;
}

const sequence = [5, 9, 3, 12, 7, 7, 2];
const whole: TokenBatch = { tokens: Int32Array.from(sequence), offsets: Int32Array.of(0, sequence.length) };

function datum(inputs: Record<string, readonly number[]> = {}, targets = sequence.slice(1)) {
  const tensors = Object.entries({ target_tokens: targets, ...inputs }).map(([name, data]) => [name, { data }]);
  return {
    model_input: { chunks: [{ type: 'encoded_text', tokens: sequence.slice(0, -1) }] },
    loss_fn_inputs: Object.fromEntries(tensors) as Record<string, unknown>,
  };
}

const training = (
  model_id: string,
  seq_id: number | undefined,
  data: readonly unknown[],
  loss_fn = 'cross_entropy',
) => ({
  model_id,
  ...(seq_id !== undefined && { seq_id }),
  forward_backward_input: { data, loss_fn },
});

const adam = { learning_rate: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-8 };

function logProbsOf(output: Json, index = 0): number[] {
  const outputs = output.loss_fn_outputs as unknown as { logprobs: { data: number[] } }[];
  return outputs[index]?.logprobs.data ?? [];
}

function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, error = 1e-5): void {
  expect(got.length).toBe(wanted.length);
  for (let t = 0; t < got.length; t++) expect(Math.abs((got[t] as number) - (wanted[t] as number))).toBeLessThan(error);
}

describe('training', () => {
  it('steps as the engine does when it is called directly', async () => {
    const model = await newModel();
    const direct = await engine.fork();
    for (let step = 0; step < 3; step++) {
      const weights = sequence.slice(1).map((_, t) => (t < 2 ? 0 : 1));
      const output = await done('forward_backward', training(model, 2 * step + 1, [datum({ weights })]));
      const logProb = Float32Array.from([0, ...weights], (weight) => -weight);
      const columns = await direct.forwardBackward(whole, { logProb });
      expectClose(logProbsOf(output), columns.logProb.subarray(1));
      const loss = columns.logProb.subarray(3).reduce((sum, value) => sum - value, 0);
      expect((output.metrics as unknown as Record<string, number>)['loss:sum']).toBeCloseTo(loss, 4);
      const stepped = await done('optim_step', { model_id: model, seq_id: 2 * step + 2, adam_params: adam });
      const { gradNorm } = await direct.optimStep({ learningRate: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-8 });
      expect(stepped.metrics).toEqual({ grad_norm: gradNorm, optimizer_steps: step + 1 });
    }
    await direct.dispose();
  });

  it('scores targets that are not the tokens that follow, and several at a position', async () => {
    const model = await newModel();
    const other = sequence.slice(1).map((token) => token + 1);
    const ids = Int32Array.from([0, 0, ...sequence.slice(1).flatMap((token) => [token, token + 1])]);
    const { tokenIdsLogProb } = await engine.forward(whole, { tokenIds: { ids, width: 2 } });
    const both = tokenIdsLogProb?.subarray(2) as Float32Array;
    const wide = datum();
    wide.loss_fn_inputs.target_tokens = { data: [...ids.subarray(2)], shape: [sequence.length - 1, 2] };
    const request = { model_id: model, forward_input: { data: [wide, datum({}, other)], loss_fn: 'cross_entropy' } };
    const output = await done('forward', request);
    expectClose(logProbsOf(output, 0), both);
    expectClose(
      logProbsOf(output, 1),
      other.map((_, t) => both[2 * t + 1] as number),
    );
  });

  it('a weight on a target moves that target, wherever the input goes', async () => {
    const model = await newModel();
    const targets = [4, 4, 4, 4, 4, 4];
    const request = training(model, undefined, [datum({ weights: [0, 0, 1, 0, 0, 0] }, targets)]);
    const before = logProbsOf(await done('forward_backward', request))[2] as number;
    await done('optim_step', { model_id: model, adam_params: adam });
    expect(logProbsOf(await done('forward_backward', request))[2]).toBeGreaterThan(before + 0.01);
  });

  it('custom losses and built-in ones agree: importance sampling is cross-entropy weighted by its gradient', async () => {
    const [ours, theirs] = [await newModel(), await newModel()];
    const logprobs = [-2, -3, -2.5, -3.5, -2, -3];
    const advantages = [1, 1, -0.5, -0.5, 0, 2];
    await done('forward_backward', training(ours, 1, [datum({ logprobs, advantages })], 'importance_sampling'));
    const now = logProbsOf(
      await done('forward_backward', { ...training(theirs, 1, [datum({ weights: [0, 0, 0, 0, 0, 0] })]) }),
    );
    const weights = now.map((lp, t) => Math.exp(lp - (logprobs[t] as number)) * (advantages[t] as number));
    await done('forward_backward', training(theirs, 2, [datum({ weights })]));
    const steps = [await done('optim_step', { model_id: ours, adam_params: adam })];
    steps.push(await done('optim_step', { model_id: theirs, adam_params: adam }));
    const norms = steps.map(({ metrics }) => (metrics as unknown as { grad_norm: number }).grad_norm);
    expect(norms[0]).toBeCloseTo(norms[1] as number, 4);
  });
});

describe('requests that come again, late or wrong', () => {
  it('a repeated request has the same future, and no step is applied twice', async () => {
    const model = await newModel();
    await done('forward_backward', training(model, 1, [datum()]));
    const step = { model_id: model, seq_id: 2, adam_params: adam };
    const [first, again] = [await post('optim_step', step), await post('optim_step', step)];
    expect(again.body).toEqual(first.body);
    await done('forward_backward', training(model, 3, [datum()]));
    const { metrics } = await done('optim_step', { ...step, seq_id: 4 });
    expect(metrics).toMatchObject({ optimizer_steps: 2 });
    const other = await post('optim_step', { ...step, adam_params: { ...adam, learning_rate: 1 } });
    expect(other).toMatchObject({ status: 400, body: { error: { field: 'seq_id' } } });
  });

  it('requests run in the order of their numbers', async () => {
    const model = await newModel();
    const late = await post('optim_step', { model_id: model, seq_id: 2, adam_params: adam });
    await done('forward_backward', training(model, 1, [datum()]));
    const { metrics } = await result(late.body.request_id as unknown as string);
    expect((metrics as unknown as { grad_norm: number }).grad_norm).toBeGreaterThan(0);
  });

  it('a refused request names the field and does not hold up the next', async () => {
    const model = await newModel();
    const wrong: [unknown, string][] = [
      [training(model, 1, [datum({ weights: [1] })]), 'data[0].loss_fn_inputs.weights'],
      [training(model, 2, [datum({ advantages: [1, 1, 1, 1, 1, 1] })], 'ppo'), 'data[0].loss_fn_inputs.logprobs'],
      [training(model, 3, [datum()], 'stable_reinforce'), 'loss_fn'],
      [training(model, 4, []), 'data'],
      [{ ...training(model, 5, [datum()]), weight: 1 }, 'weight'],
      [training(model, 6, [datum({}, [1, 2, 3, 4, 5, 99_999])]), 'data[0].loss_fn_inputs.target_tokens'],
    ];
    for (const [body, field] of wrong) {
      const { status, body: answer } = await post('forward_backward', body);
      expect(answer, JSON.stringify(answer)).toMatchObject({ error: { field } });
      expect(status).toBe(400);
    }
    expect(await done('optim_step', { model_id: model, seq_id: 7, adam_params: adam })).toHaveProperty('metrics');
  });
});

describe('checkpoints', () => {
  it('outlive the server, which says so to clients of the one before', async () => {
    const before = await start();
    const model = await newModel(before);
    for (const seq of [1, 3]) {
      await done('forward_backward', training(model, seq, [datum()]), before);
      await done('optim_step', { model_id: model, seq_id: seq + 1, adam_params: adam }, before);
    }
    const { path } = await done('save_weights', { model_id: model, seq_id: 5, path: 'kept' }, before);
    const next = async (id: string, seq: number, to: TinkerServer) => {
      const output = await done('forward_backward', training(id, seq, [datum()]), to);
      await done('optim_step', { model_id: id, seq_id: seq + 1, adam_params: adam }, to);
      return [logProbsOf(output), logProbsOf(await done('forward_backward', training(id, seq + 2, [datum()]), to))];
    };
    const straight = await next(model, 6, before);
    await before.close();
    const after = await start();
    const gone = await post('forward_backward', training(model, 9, [datum()]), after);
    expect(gone).toMatchObject({ status: 404, body: { error: { field: 'model_id' } } });
    expect(gone.body.detail).toMatch(/unknown model.*restarted.*load a checkpoint/);
    const load = { session_id: await newSession(after), model_seq_id: 0, path, optimizer: true };
    const resumed = (await done('load_weights', load, after)).model_id as unknown as string;
    expect(await next(resumed, 1, after)).toEqual(straight);
    const fresh = { ...load, model_seq_id: 1, optimizer: false };
    const reset = (await done('load_weights', fresh, after)).model_id as unknown as string;
    const [same, different] = await next(reset, 1, after);
    expect(same).toEqual(straight[0]);
    expect(different).not.toEqual(straight[1]);
    await after.close();
  });

  it('that a killed server was saving go when one is started again, and none that is being saved', async () => {
    const stateFolder = join(folder, 'shared');
    const { pid } = process;
    const before = await start({ stateFolder });
    const { checkpoints } = before.service;
    const saved = { model: 'm', kind: 'weights', name: 'whole', baseModel: 'tiny' } as const;
    await checkpoints.save(saved, (into) => writeFile(join(into, 'x'), ''));
    const weights = join(stateFolder, 'm', 'weights');
    for (const writer of ['999999999-a', `${pid}-of-another-time`, 'c0ffee00-1']) {
      await cp(join(weights, 'whole'), join(weights, `left.partial-${writer}`), { recursive: true });
    }
    await cp(join(weights, 'whole'), join(weights, `others.partial-${process.ppid}-b`), { recursive: true });
    let names: string[] = [];
    await checkpoints.save({ ...saved, name: 'late' }, async () => {
      await (await start({ stateFolder })).close();
      names = await readdir(weights);
    });
    expect(names.sort()).toEqual([
      expect.stringMatching(/^late\.partial-/),
      `others.partial-${process.ppid}-b`,
      'whole',
    ]);
    expect((await readdir(weights)).sort()).toEqual(['late', `others.partial-${process.ppid}-b`, 'whole']);
    await before.close();
  });

  it('are listed, not overwritten unasked, and removed', async () => {
    const model = await newModel();
    const save = (name: string, more = {}) => done('save_weights', { model_id: model, path: name, ...more });
    await save('a', { user_metadata: { step: '1' } });
    await done('save_weights_for_sampler', { model_id: model, path: 'b' });
    expect(await save('a')).toMatchObject({
      category: 'user',
      error: expect.stringContaining('must be new') as string,
    });
    expect(await save('a', { overwrite: true })).toMatchObject({ path: `tinker://${model}/weights/a` });
    expect(await save('../escape')).toMatchObject({ category: 'user' });
    const list = async () => {
      const response = await fetch(`${server.url}/api/v1/training_runs/${model}/checkpoints`);
      return ((await response.json()) as { checkpoints: { checkpoint_id: string }[] }).checkpoints;
    };
    expect((await list()).map(({ checkpoint_id: id }) => id).sort()).toEqual(['sampler_weights/b', 'weights/a']);
    await fetch(`${server.url}/api/v1/training_runs/${model}/checkpoints/weights/a`, { method: 'DELETE' });
    expect((await list()).map(({ checkpoint_id: id }) => id)).toEqual(['sampler_weights/b']);
    const info = await post('weights_info', { tinker_path: `tinker://${model}/sampler_weights/b` });
    expect(info.body).toMatchObject({ base_model: 'tiny', is_lora: false });
    for (const path of ['tinker://x/weights/..', 'tinker://../weights/a', '/etc/passwd']) {
      expect((await post('weights_info', { tinker_path: path })).status).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('bounds', () => {
  it('asks for its token, limits models and bodies, and ends silent sessions', async () => {
    const small = await start({ token: 'tml-secret', maxModels: 1, maxBodyBytes: 2000 });
    expect((await fetch(`${small.url}/api/v1/healthz`)).status).toBe(200);
    const session = { tags: [], sdk_version: 'x' };
    expect((await post('create_session', session, small)).status).toBe(401);
    expect((await post('create_session', session, small, { 'X-API-Key': 'tml-wrong' })).status).toBe(401);
    const key = { 'X-API-Key': 'tml-secret' };
    const { body } = await post('create_session', session, small, key);
    const model = (model_seq_id: number) => ({ session_id: body.session_id, model_seq_id, base_model: 'tiny' });
    expect((await post('create_model', model(0), small, key)).status).toBe(200);
    expect((await post('create_model', model(0), small, key)).status).toBe(200);
    expect((await post('create_model', model(1), small, key)).body.detail).toMatch(/at most 1 models/);
    expect((await post('create_session', ' '.repeat(3000), small, { Authorization: 'Bearer tml-secret' })).status).toBe(
      413,
    );
    small.service.endSilentSessions(Date.now() + 24 * 3600_000);
    expect((await post('session_heartbeat', { session_id: body.session_id }, small, key)).status).toBe(404);
    await small.close();
  });

  it('gives the place of a client that has fallen silent to a new model, and none of one that has not', async () => {
    const small = await start({ maxModels: 2 });
    const make = async () => {
      const { body } = await post('create_session', { tags: [], sdk_version: 'x' }, small);
      const session_id = String(body.session_id);
      const { status } = await post('create_model', { session_id, model_seq_id: 0, base_model: 'tiny' }, small);
      return { session_id, status };
    };
    const [gone, alive] = [await make(), await make()];
    expect((await make()).status).toBe(429);
    small.service.session(gone.session_id).lastSeen -= 61_000;
    small.service.session(alive.session_id).lastSeen -= 50_000;
    expect((await make()).status).toBe(200);
    expect((await make()).status).toBe(429);
    expect((await post('session_heartbeat', { session_id: gone.session_id }, small)).status).toBe(404);
    expect((await post('session_heartbeat', { session_id: alive.session_id }, small)).status).toBe(200);
    await small.close();
  });

  it('a request that waits for one that never came fails when its session ends', async () => {
    const small = await start();
    const model_id = await newModel(small);
    const { body } = await post('optim_step', { model_id, seq_id: 2, adam_params: {} }, small);
    small.service.endSilentSessions(Date.now() + 24 * 3600_000);
    expect(await result(String(body.request_id), small)).toMatchObject({
      category: 'user',
      error: expect.stringContaining('the model ended before an earlier request') as string,
    });
    await small.close();
  });

  it('refuses the models, sessions, routes and JSON that there are not', async () => {
    const session_id = await newSession();
    const create = { session_id, model_seq_id: 0, base_model: 'huge' };
    expect((await post('create_model', create)).body).toMatchObject({ error: { field: 'base_model' } });
    expect((await post('create_model', { ...create, session_id: 'none' })).status).toBe(404);
    expect((await post('retrieve_future', { request_id: 'none' })).status).toBe(404);
    expect((await post('nowhere', {})).status).toBe(404);
    expect((await post('optim_step', '{')).body).toMatchObject({ error: { field: 'body' } });
  });
});
