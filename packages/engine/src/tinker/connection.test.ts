import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EngineError } from '../errors.js';
import { FakeServer } from './testing/fake-server.js';
import { batchOf, connect, folder, open, QUICK, trainSteps } from './testing/on-fake-server.js';

describe('errors', () => {
  const plain = { reduction: 'sum', idempotent: true } as const;

  it('a key goes into the header and never into a message', async () => {
    const server = new FakeServer({ ...plain, apiKey: 'tml-right' });
    await server.start();
    onTestFinished(() => server.stop());
    const wrong = await connect(server, { apiKey: 'tml-secret-wrong' }).catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(EngineError);
    expect(wrong).toMatchObject({ code: 'server-denied' });
    expect((wrong as EngineError).message).toMatch(/TINKER_API_KEY/);
    expect(JSON.stringify(wrong, Object.getOwnPropertyNames(wrong))).not.toContain('tml-secret-wrong');
    await connect(server, { apiKey: 'tml-right' });
    expect(server.requests.at(-1)?.headers['x-api-key']).toBe('tml-right');
  });

  it('a wrong request is one clear error at once', async () => {
    const server = new FakeServer(plain);
    await server.start();
    onTestFinished(() => server.stop());
    await expect(connect(server, { baseModel: 'other' })).rejects.toThrow(/HTTP 400, got no model other; change what/);
  });

  it('a server that is not there is given up with its address', async () => {
    const server = new FakeServer(plain);
    await server.start();
    const { url } = server;
    await server.stop();
    await expect(connect(server, { baseUrl: url })).rejects.toMatchObject({ code: 'server-unreachable' });
    await expect(connect(server, { baseUrl: 'nonsense' })).rejects.toThrow(
      /baseUrl must be an http or https address, got "nonsense"/,
    );
  });

  it('a port that fetch never connects to is told at once', async () => {
    const clock = { now: () => 0, sleep: () => Promise.reject(new Error('it must not be asked again')) };
    const baseUrl = 'http://127.0.0.1:6000';
    await expect(connect(new FakeServer(plain), { baseUrl, clock })).rejects.toThrow(
      /baseUrl must have a port that fetch connects to/,
    );
  });

  it('who waits for a busy server is told once what it says', async () => {
    let time = 0;
    const clock = { now: () => time, sleep: (ms: number) => Promise.resolve(void (time += ms)) };
    const notices: string[] = [];
    const retry = { ...QUICK, firstDelayMs: 1000, maxDelayMs: 8000, giveUpAfterMs: 120_000 };
    const { engine, server } = await open(plain, { clock, retry, notice: (sentence) => notices.push(sentence) });
    let refused = 0;
    server.fault = () => (++refused <= 6 ? 'refuse' : 'none');
    await engine.forward(batchOf([[0, 1]]));
    const told = `waiting for ${server.url}/api/v1/forward: HTTP 500 (out of luck); asked again for up to 2 minutes`;
    expect(notices).toEqual([told]);
  });

  it('a server of something else is told at once', async () => {
    const other = createServer((_request, response) => response.end('<html>Welcome</html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise((resolve) => other.close(() => resolve())));
    const baseUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const server = new FakeServer(plain);
    await expect(connect(server, { baseUrl })).rejects.toThrow(
      /must be a JSON object of the Tinker API, got "<html>Welcome/,
    );
  });

  it('a session is kept alive while nothing is asked of it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const { server } = await open(plain);
    const beats = () => server.requests.filter(({ route }) => route === '/session_heartbeat').length;
    expect(beats()).toBe(0);
    vi.advanceTimersByTime(35_000);
    await vi.waitFor(() => expect(beats()).toBe(3));
  });

  it('a checkpoint that the server has not got says so', async () => {
    const { engine, server } = await open(plain);
    const place = await folder();
    await trainSteps(engine, 0, 1);
    await engine.saveState(place);
    const elsewhere = await open(plain);
    await expect(elsewhere.engine.loadState(place)).rejects.toThrow(/the server must hold this checkpoint/);
    expect(server.modelCount).toBe(1);
    await expect(engine.loadState(await folder())).rejects.toThrow(/must hold tinker.json/);
  });

  it('an aborted engine ends what is under way', async () => {
    const ending = new AbortController();
    const { engine, server } = await open(plain, { signal: ending.signal });
    server.fault = () => ({ delayMs: 60_000 });
    const asked = engine.forward(batchOf([[0, 1]]));
    const after = expect(asked).rejects.toThrow('enough');
    setTimeout(() => ending.abort(new Error('enough')), 30);
    await after;
  });

  it.each(['aborted', 'disposed of'])('samples that nobody waits for any more are cancelled: %s', async (how) => {
    const ending = new AbortController();
    const { engine, server } = await open(plain, { signal: ending.signal });
    server.samplesHang = true;
    const requests = [0, 1, 2].map((token) => ({ prompt: Int32Array.of(token), seeds: [1, 2] }));
    const asked = engine.sample(requests, { maxNewTokens: 4 });
    const after = expect(asked).rejects.toThrow(how === 'aborted' ? 'enough' : 'before the engine is disposed of');
    const polls = () => server.requests.filter(({ route }) => route === '/retrieve_future').length;
    const before = polls();
    await vi.waitFor(() => expect(polls()).toBeGreaterThan(before + 3));
    if (how === 'aborted') ending.abort(new Error('enough'));
    else await engine.dispose();
    await after;
    await vi.waitFor(() => expect(new Set(server.cancelled).size).toBe(3));
    expect(server.cancelled).toHaveLength(3);
  });

  it('a gradient that nobody waits for any more is not cancelled: it changes the model', async () => {
    const ending = new AbortController();
    const { engine, server } = await open(plain, { signal: ending.signal });
    server.fault = (route) => (route === '/retrieve_future' ? { delayMs: 300 } : 'none');
    const asked = engine.forwardBackward(batchOf([[0, 1]]), { logProb: Float32Array.of(0, 1) });
    const after = expect(asked).rejects.toThrow('enough');
    setTimeout(() => ending.abort(new Error('enough')), 50);
    await after;
    await engine.dispose();
    expect(server.cancelled).toEqual([]);
  });
});

describe('checkpoints on the server', () => {
  const plain = { reduction: 'sum', idempotent: true } as const;

  it('are removed with the folder that has their address, and only they', async () => {
    const { engine, server } = await open(plain);
    const [first, second] = [await folder(), await folder()];
    await engine.saveState(first);
    await trainSteps(engine, 0, 1);
    await engine.saveState(second);
    const [, kept] = server.checkpointPaths;
    await engine.dropState(first);
    expect(server.checkpointPaths).toEqual([kept]);
    await engine.dropState(first);
    await engine.loadState(second);
  });

  it('have their address in the folder before they are there, so that a killed process leaves none', async () => {
    const { engine, server } = await open(plain);
    const killed = await folder();
    await engine.saveState(await folder());
    server.fault = (route) => (route === '/save_weights' ? { delayMs: 1000 } : 'none');
    const saving = engine.saveState(killed);
    await vi.waitFor(() => expect(server.checkpointPaths).toHaveLength(2));
    const [first] = server.checkpointPaths;
    const next = await connect(server);
    await next.dropState(killed);
    expect(server.checkpointPaths).toEqual([first]);
    await next.dropState(await folder());
    await saving;
  });

  it('are there once, where the answer to the first attempt was lost', async () => {
    const { engine, server } = await open({ ...plain, idempotent: false });
    let asked = 0;
    server.fault = (route) => (route === '/save_weights' && ++asked === 1 ? 'drop-answer' : 'none');
    await engine.saveState(await folder());
    expect(asked).toBeGreaterThan(1);
    expect(server.checkpointPaths).toHaveLength(1);
  });

  it('that guard against its loss are removed once there is a later one', async () => {
    const { engine, server } = await open(plain, { replayedSteps: 2 });
    await trainSteps(engine, 0, 5);
    expect(server.checkpointPaths).toEqual([expect.stringMatching(/guard-2$/)]);
    await server.restart();
    await trainSteps(engine, 5, 1);
    await engine.saveState(await folder());
    expect(server.checkpointPaths).toEqual([expect.stringMatching(/step-000006/)]);
    await trainSteps(engine, 6, 2);
    expect(server.checkpointPaths).toHaveLength(2);
    await engine.dispose();
    expect(server.checkpointPaths).toEqual([expect.stringMatching(/step-000006/)]);
  });
});
