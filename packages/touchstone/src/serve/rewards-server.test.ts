import { closeExecuted } from '@touchstone/verify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireVerdict } from './app.js';
import { startRewardServer, type RewardServer, type RewardServerOptions } from './rewards-server.js';

const source = `
  export const loop = () => { for (;;); };
  export const lengthy = (response) => response.length > 3;
`;
const module = `data:text/javascript,${encodeURIComponent(source)}`;
const modules = { loop: { module, export: 'loop' }, lengthy: { module, export: 'lengthy' } };

async function withServer<T>(options: RewardServerOptions, use: (server: RewardServer) => Promise<T>): Promise<T> {
  const server = await startRewardServer({ port: 0, workers: 2, preload: [], ...options });
  try {
    return await use(server);
  } finally {
    await server.close();
  }
}

interface Reply {
  readonly verdicts: readonly [WireVerdict, ...WireVerdict[]];
  readonly rewards: readonly number[];
  readonly error: { readonly code: string; readonly field: string; readonly message: string };
}

async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; json: Reply }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, { method: 'POST', body: text, headers });
  return { status: response.status, json: (await response.json()) as Reply };
}

describe('reward server', () => {
  let server: RewardServer;
  beforeAll(async () => {
    server = await startRewardServer({
      port: 0,
      workers: 2,
      deadlineMs: 100,
      modules,
      preload: ['exact'],
      maxItems: 100,
    });
  });
  afterAll(async () => {
    await server.close();
    await closeExecuted();
  });

  it('listens on this machine only, unless told otherwise', () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('judges a batch in its order, by registered kind and by the modules it was started with', async () => {
    const items = [
      { kind: 'exact', response: '4', reference: '4' },
      { kind: 'exact', response: '5', reference: '4' },
      { kind: 'lengthy', response: 'long enough', reference: null },
      { kind: 'exact', response: '5', reference: 4 },
    ];
    const { status, json } = await post(`${server.url}/verify`, { items });
    expect(status).toBe(200);
    const { verdicts } = json;
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['correct', 'incorrect', 'correct', 'unscorable']);
    expect(verdicts.map(({ reward }) => reward)).toEqual([1, 0, 1, null]);
    expect(verdicts[0]).toMatchObject({ extracted: '4', reason: 'equal' });
  });

  it('judges kinds that execute beside the others', { timeout: 60_000 }, async () => {
    const task = { fixtures: ['CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)'], query: 'SELECT SUM(a) FROM t' };
    const items = [
      { kind: 'sql', response: 'SELECT TOTAL(a) FROM t', reference: task, options: { types: 'numbers' } },
      { kind: 'sql', response: 'SELECT COUNT(a) FROM t', reference: task },
      { kind: 'sql', response: 'SELECT 3', reference: { ask: 1 } },
      { kind: 'exact', response: '4', reference: '4' },
    ];
    const { status, json } = await post(`${server.url}/verify`, { items });
    expect(status).toBe(200);
    expect(json.verdicts.map(({ outcome }) => outcome)).toEqual(['correct', 'incorrect', 'unscorable', 'correct']);
    const labels = { query: ['SELECT 1 + 2'], prompts: [''], labels: [JSON.stringify(task)] };
    expect((await post(`${server.url}/openrlhf?kind=sql`, labels)).json.rewards).toEqual([1]);
  });

  it('applies the policy asked for', async () => {
    const items = [{ kind: 'exact', response: '5', reference: 4 }];
    expect((await post(`${server.url}/verify`, { items, policy: 'penalty' })).json.verdicts[0].reward).toBe(-1);
    expect((await post(`${server.url}/verify`, { items, policy: 'raise' })).status).toBe(400);
  });

  it('ends an endless item at its own deadline and judges the others meanwhile', { timeout: 60_000 }, async () => {
    const deadlineMs = 3000;
    const state = { killed: false };
    const note = (): void => void (state.killed = true);
    const started = performance.now();
    const killer = post(`${server.url}/verify`, {
      items: [{ kind: 'loop', response: '', reference: null, deadlineMs }],
    });
    void killer.then(note, note);
    while (server.pool.state.running === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const items = [{ kind: 'exact', response: '4', reference: '4', deadlineMs: 20_000 }];
    const { json } = await post(`${server.url}/verify`, { items });
    expect(state.killed).toBe(false);
    expect(json.verdicts[0].outcome).toBe('correct');
    expect((await killer).json.verdicts[0]).toMatchObject({ outcome: 'timeout', reason: 'deadline', reward: null });
    const elapsed = performance.now() - started;
    expect(elapsed).toBeGreaterThan(deadlineMs - 100);
    expect(elapsed).toBeLessThan(deadlineMs + 20_000);
  });

  it('ends a job of a kind that executes at its own deadline', { timeout: 60_000 }, async () => {
    const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n';
    const task = { fixtures: ['CREATE TABLE t(a)'], query: 'SELECT COUNT(*) FROM t' };
    const options = { wallMs: 50_000 };
    const items = [{ kind: 'sql', response: endless, reference: task, options, deadlineMs: 300 }];
    const { json } = await post(`${server.url}/verify`, { items });
    expect(json.verdicts[0]).toMatchObject({
      outcome: 'timeout',
      feedback: 'stopped after its limit of 300 ms',
      reward: null,
    });
  });

  it.each([
    ['not JSON', '{', 'body', /must be JSON/],
    ['no items', {}, 'items', /items: .*got nothing/],
    ['items of the wrong type', { items: 3 }, 'items', /got number 3/],
    [
      'a response that is no text',
      { items: [{ kind: 'exact', response: 7, reference: '' }] },
      'items[0].response',
      /got number 7/,
    ],
    ['no reference', { items: [{ kind: 'exact', response: '7' }] }, 'items[0].reference', /got nothing/],
    [
      'an unknown kind',
      { items: [{ kind: 'maths', response: '', reference: '' }] },
      'items[0].kind',
      /GET \/kinds, got "maths"/,
    ],
    [
      'a misspelt field',
      { items: [{ kind: 'exact', response: '', reference: '', deadlineMS: 5 }] },
      'items[0].deadlineMS',
      /not a known field/,
    ],
    [
      'a deadline beyond the limit',
      { items: [{ kind: 'exact', response: '', reference: '', deadlineMs: 1e9 }] },
      'items[0].deadlineMs',
      /at most 60000/,
    ],
    [
      'a negative deadline',
      { items: [{ kind: 'exact', response: '', reference: '', deadlineMs: -1 }] },
      'items[0].deadlineMs',
      /got number -1/,
    ],
    [
      'a misspelt option',
      { items: [{ kind: 'math', response: '', reference: '', options: { absolut: 1 } }] },
      'items[0].options.absolut',
      /did you mean absolute\?/,
    ],
    ['an unknown policy', { items: [], policy: 'maybe' }, 'policy', /got string "maybe"/],
    [
      'too many items',
      { items: Array(101).fill({ kind: 'exact', response: '', reference: '' }) },
      'items',
      /at most 100 items, got 101/,
    ],
  ])('answers %s with a 400 that names the field', async (_, body, field, message) => {
    const { status, json } = await post(`${server.url}/verify`, body);
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ code: 'invalid-body', field });
    expect(json.error.message).toMatch(message);
  });

  it('answers a body that nests without end with a 400', async () => {
    const reference = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const body = `{"items":[{"kind":"exact","response":"","reference":${reference}}]}`;
    const response = await fetch(`${server.url}/verify`, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { field: 'body', message: 'body: must nest less deep' } });
  });

  it('knows its routes', async () => {
    const unknown = await fetch(`${server.url}/nothing`);
    expect(unknown.status).toBe(404);
    const message = 'path: no route /nothing';
    expect(await unknown.json()).toEqual({ error: { code: 'not-found', field: 'path', message } });
    const health = await (await fetch(`${server.url}/health`)).json();
    expect(health).toMatchObject({ status: 'ok', waiting: 0, workers: 2 });
    const { kinds } = (await (await fetch(`${server.url}/kinds`)).json()) as { kinds: { kind: string }[] };
    expect(kinds.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['exact', 'loop', 'lengthy']));
  });

  it('speaks the shape of OpenRLHF: a reward for every query, and a count of what was not judged', async () => {
    const body = { query: ['2+2=4', 'Q 5', 'other'], prompts: ['2+2=', 'Q ', 'not a prefix'], labels: ['4', '4', 5] };
    const { status, json } = await post(`${server.url}/openrlhf?kind=exact`, body);
    expect(status).toBe(200);
    expect(json).toEqual({ rewards: [1, 0, 0], scores: [1, 0, 0], extra_logs: { unjudged: [0, 0, 1] } });
    expect((await post(`${server.url}/openrlhf?kind=exact&policy=penalty`, body)).json.rewards).toEqual([1, 0, -1]);
    expect((await post(`${server.url}/openrlhf?policy=exclude`, body)).json.error.field).toBe('policy');
    const short = await post(`${server.url}/openrlhf`, { ...body, labels: ['4'] });
    expect(short).toMatchObject({ status: 400, json: { error: { field: 'labels' } } });
  });

  it('counts in the Prometheus format', async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toMatch(/^touchstone_requests_total\{route="\/verify",status="400"\} \d+$/m);
    expect(text).toMatch(/^touchstone_verdicts_total\{kind="exact",outcome="correct"\} \d+$/m);
    expect(text).toMatch(/^touchstone_verdict_seconds_bucket\{kind="exact",le="\+Inf"\} \d+$/m);
    expect(text).toMatch(/^# TYPE touchstone_workers_replaced gauge\ntouchstone_workers_replaced [1-9]/m);
  });
});

describe('reward server options', () => {
  it('asks for the token everywhere but at /health', async () => {
    await withServer({ token: 'secret' }, async ({ url }) => {
      const body = { items: [{ kind: 'exact', response: '4', reference: '4' }] };
      expect((await fetch(`${url}/health`)).status).toBe(200);
      expect((await fetch(`${url}/metrics`)).status).toBe(401);
      expect((await post(`${url}/verify`, body)).status).toBe(401);
      expect((await post(`${url}/verify`, body, { Authorization: 'Bearer secre' })).status).toBe(401);
      expect((await post(`${url}/verify`, body, { 'X-API-Key': 'secret' })).status).toBe(401);
      const message = 'Authorization: must be "Bearer <token>" with the token of this server';
      expect((await post(`${url}/verify`, body, { Authorization: 'bearer secret' })).json).toEqual({
        error: { code: 'unauthorized', field: 'Authorization', message },
      });
      expect((await post(`${url}/verify`, body, { Authorization: 'Bearer secret' })).status).toBe(200);
    });
  });

  it('refuses bodies that are too large, whether their length is told or not', async () => {
    await withServer({ maxBodyBytes: 1000 }, async ({ url }) => {
      const body = JSON.stringify({ items: [{ kind: 'exact', response: 'x'.repeat(2000), reference: '' }] });
      const told = await fetch(`${url}/verify`, { method: 'POST', body });
      const chunked = { method: 'POST', body: new Blob([body]).stream(), duplex: 'half' } as RequestInit;
      for (const response of [told, await fetch(`${url}/verify`, chunked)]) {
        expect(response.status).toBe(413);
        const message = 'body: must be at most 1000 bytes; send less at a time';
        expect(await response.json()).toEqual({ error: { code: 'too-large', field: 'body', message } });
      }
    });
  });

  it('answers what has arrived before it ends, however long that takes', async () => {
    const server = await startRewardServer({ port: 0, workers: 1, modules });
    const items = [{ kind: 'loop', response: '', reference: null, deadlineMs: 2300 }];
    const reply = post(`${server.url}/verify`, { items });
    while (server.pool.state.running === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.close();
    expect((await reply).json.verdicts[0]).toMatchObject({ outcome: 'timeout', reason: 'deadline' });
  });

  it('says 503 when its queue is full, and serves again afterwards', async () => {
    await withServer({ workers: 1, queueLimit: 1, modules, deadlineMs: 300 }, async ({ url }) => {
      const slow = { items: [{ kind: 'loop', response: '', reference: null }] };
      const replies = await Promise.all(Array.from({ length: 6 }, () => post(`${url}/verify`, slow)));
      const statuses = replies.map(({ status }) => status);
      expect(statuses).toContain(200);
      const message = 'the queue is full; send fewer items at a time, or wait';
      expect(replies.find(({ status }) => status === 503)?.json).toEqual({
        error: { code: 'busy', field: '', message },
      });
      const after = await post(`${url}/verify`, { items: [{ kind: 'exact', response: '4', reference: '4' }] });
      expect(after.json.verdicts[0].outcome).toBe('correct');
    });
  });

  it('says in one line when the port is taken', async () => {
    await withServer({}, async ({ url }) => {
      const port = Number(new URL(url).port);
      await expect(startRewardServer({ port })).rejects.toThrow(
        /must be free to listen on, got EADDRINUSE; choose another/,
      );
    });
  });
});
