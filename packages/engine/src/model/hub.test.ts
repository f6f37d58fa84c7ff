import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { byteTokenizerJson } from '../testing/byte-tokenizer.js';
import { parseModelConfig } from './config.js';
import { loadModelFolder, saveModelFolder } from './folder.js';
import { resolveModel } from './hub.js';
import type { DownloadProgress } from './hub.js';
import { initWeights } from './init.js';

const commit = 'c'.repeat(40);
const config = parseModelConfig({
  model_type: 'qwen3',
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  vocab_size: 300,
  max_position_embeddings: 32,
});

/** A stand-in for the hub: the three kinds of request that a download makes, over the files of a folder. */
class FakeHub {
  requests: { readonly url: string; readonly range: string | undefined; readonly token: string | undefined }[] = [];
  files = new Map<string, Buffer>();
  /** Answers every request with this status. */
  status = 200;
  /** Cuts the connection after so many bytes of a file, once. */
  cutAfter = Infinity;
  /** Sends other bytes than listed. */
  corrupt = false;
  #server: Server | undefined;

  async start(): Promise<string> {
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((ready) => this.#server?.listen(0, '127.0.0.1', ready));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((closed) => this.#server?.close(closed));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://hub');
    const { range, authorization: token } = request.headers;
    this.requests.push({ url: url.pathname, range, token });
    const json = (body: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    if (this.status !== 200) {
      response.statusCode = this.status;
      json({ error: 'no' });
    } else if (url.pathname === '/api/models/some/model/revision/main') {
      json({ _id: '1', id: 'some/model', sha: commit, lastModified: '2025-01-01' });
    } else if (url.pathname === `/api/models/some/model/tree/${commit}`) {
      json([...this.files].map(([path, bytes]) => this.#entry(path, bytes)));
    } else {
      const file = this.files.get(url.pathname.replace(`/some/model/resolve/${commit}/`, ''));
      if (file === undefined) response.writeHead(404).end();
      else this.#send(response, file, range);
    }
  }

  #entry(path: string, bytes: Buffer): object {
    const oid = createHash('sha256').update(bytes).digest('hex');
    const lfs = path.endsWith('.safetensors') ? { lfs: { oid, size: bytes.length, pointerSize: 130 } } : {};
    return { type: 'file', path, size: bytes.length, oid: 'x', ...lfs };
  }

  #send(response: ServerResponse, file: Buffer, range: string | undefined): void {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(range ?? '') ?? [];
    const start = Number(from ?? 0);
    const end = to === undefined ? file.length : Number(to) + 1;
    response.statusCode = range === undefined ? 200 : 206;
    response.setHeader('etag', '"x"').setHeader('content-length', end - start);
    if (range !== undefined) response.setHeader('content-range', `bytes ${start}-${end - 1}/${file.length}`);
    const body = this.corrupt ? Buffer.alloc(end - start, 1) : file.subarray(start, end);
    if (body.length <= this.cutAfter) {
      response.end(body);
      return;
    }
    // What was sent must arrive before the cut: a reset throws away what the other side has not read yet.
    response.write(body.subarray(0, this.cutAfter), () => setTimeout(() => response.destroy(), 200));
    this.cutAfter = Infinity;
  }
}

let root = '';
let folder = '';
let cache = '';
let hub: FakeHub;
let hubUrl = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'touchstone-hub-'));
  folder = join(root, 'model');
  const companions = new Map([['tokenizer.json', Buffer.from(JSON.stringify(byteTokenizerJson()))]]);
  await saveModelFolder(folder, { config, weights: initWeights(config, 1), companions });
});
beforeEach(async () => {
  cache = await mkdtemp(join(root, 'cache-'));
  hub = new FakeHub();
  hubUrl = await hub.start();
  for (const name of await readdir(folder)) hub.files.set(name, await readFile(join(folder, name)));
});
afterEach(() => hub.stop());
afterAll(() => rm(root, { recursive: true, force: true }));

const snapshot = () => join(cache, 'models', 'some--model', 'snapshots', commit);
const downloads = () => hub.requests.filter(({ url }) => url.includes('/resolve/'));

describe('resolveModel', () => {
  it('takes a folder as it is, without any request', async () => {
    expect(await resolveModel(folder, { cache, hubUrl })).toBe(folder);
    expect(hub.requests).toEqual([]);
  });

  it('downloads what the engine reads and nothing else', async () => {
    hub.files.set('README.md', Buffer.from('words')).set('pytorch_model.bin', Buffer.alloc(9));
    const path = await resolveModel('some/model', { cache, hubUrl });
    expect(path).toBe(snapshot());
    expect((await readdir(path)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect(await loadModelFolder(path)).toEqual(await loadModelFolder(folder));
  });

  it('tells how far it is, up to the last byte', async () => {
    const seen: DownloadProgress[] = [];
    await resolveModel('some/model', { cache, hubUrl, onProgress: (progress) => seen.push(progress) });
    const total = [...hub.files.values()].reduce((sum, { length }) => sum + length, 0);
    expect(seen.at(-1)).toEqual({ file: 'model.safetensors', receivedBytes: total, totalBytes: total });
    expect(seen.every(({ receivedBytes, totalBytes }) => receivedBytes <= totalBytes)).toBe(true);
  });

  it('downloads shards by their index', async () => {
    const single = hub.files.get('model.safetensors') ?? Buffer.alloc(0);
    hub.files.delete('model.safetensors');
    const weight_map = { 'model.norm.weight': 'model-00001-of-00001.safetensors' };
    hub.files.set('model.safetensors.index.json', Buffer.from(JSON.stringify({ weight_map })));
    hub.files.set('model-00001-of-00001.safetensors', single).set('model-00002-of-00002.safetensors', single);
    expect((await readdir(await resolveModel('some/model', { cache, hubUrl }))).sort()).toEqual([
      'config.json',
      'model-00001-of-00001.safetensors',
      'model.safetensors.index.json',
      'tokenizer.json',
    ]);
  });

  it('goes on where a cut connection stopped', async () => {
    hub.cutAfter = 3000;
    const path = await resolveModel('some/model', { cache, hubUrl });
    expect(await loadModelFolder(path)).toEqual(await loadModelFolder(folder));
    const ranges = downloads().map(({ range }) => /bytes=([1-9]\d*)-/.exec(range ?? '')?.[1]);
    const resumed = ranges.filter((start) => start !== undefined);
    expect(resumed.length).toBe(1);
    expect(Number(resumed[0])).toBeLessThanOrEqual(3000);
  });

  it('goes on where an earlier process stopped', async () => {
    await resolveModel('some/model', { cache, hubUrl });
    const weights = hub.files.get('model.safetensors') ?? Buffer.alloc(0);
    await rm(join(cache, 'models', 'some--model', 'refs'), { recursive: true });
    await rm(join(snapshot(), 'model.safetensors'));
    await writeFile(join(snapshot(), 'model.safetensors.incomplete'), weights.subarray(0, 1000));
    hub.requests = [];
    await resolveModel('some/model', { cache, hubUrl });
    expect(downloads().at(-1)?.range).toBe(`bytes=1000-${weights.length - 1}`);
    expect(await readFile(join(snapshot(), 'model.safetensors'))).toEqual(weights);
  });

  it('finds what it has without the hub', async () => {
    await resolveModel('some/model', { cache, hubUrl });
    await hub.stop();
    expect(await resolveModel('some/model', { cache, hubUrl })).toBe(snapshot());
    expect(await resolveModel(`some/model@${commit}`, { cache, hubUrl })).toBe(snapshot());
  });

  it('asks only for the commit of what it has', async () => {
    await resolveModel('some/model', { cache, hubUrl });
    hub.requests = [];
    await resolveModel('some/model', { cache, hubUrl });
    expect(hub.requests.map(({ url }) => url)).toEqual(['/api/models/some/model/revision/main']);
  });

  it('never takes wrong bytes for a model', async () => {
    hub.corrupt = true;
    hub.files.delete('tokenizer.json');
    const config = hub.files.get('config.json') ?? Buffer.alloc(0);
    await resolveModel('some/model', { cache, hubUrl }).catch(() => undefined);
    await writeFile(join(snapshot(), 'config.json'), config);
    await expect(resolveModel('some/model', { cache, hubUrl })).rejects.toThrow(
      /^some\/model: model\.safetensors: must have SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}; run the same command again$/,
    );
    expect(await readdir(snapshot())).toEqual(['config.json']);
    hub.corrupt = false;
    await resolveModel('some/model', { cache, hubUrl });
    expect((await stat(join(snapshot(), 'model.safetensors'))).size).toBe(hub.files.get('model.safetensors')?.length);
  });

  it('starts a partial file anew that is longer than the whole', async () => {
    const file = join(snapshot(), 'model.safetensors.incomplete');
    await resolveModel('some/model', { cache, hubUrl });
    await rm(join(cache, 'models', 'some--model', 'refs'), { recursive: true });
    await rm(join(snapshot(), 'model.safetensors'));
    await writeFile(file, '');
    await truncate(file, 100_000);
    await expect(resolveModel('some/model', { cache, hubUrl })).rejects.toMatchObject({ code: 'hub-failed' });
    await resolveModel('some/model', { cache, hubUrl });
    expect(await loadModelFolder(snapshot())).toEqual(await loadModelFolder(folder));
  });

  it('refuses an architecture before its weights are on the way', async () => {
    hub.files.set('config.json', Buffer.from('{"model_type": "mamba"}'));
    await expect(resolveModel('some/model', { cache, hubUrl })).rejects.toThrow(
      'some/model/config.json: model_type: must be one of llama, qwen2, qwen3, got "mamba"',
    );
    expect(downloads().filter(({ url }) => url.endsWith('.safetensors'))).toEqual([]);
  });

  it('leaves the weights where they are for a model that is computed elsewhere, and never takes it for a whole one', async () => {
    const outline = await resolveModel('some/model', { cache, hubUrl, weights: false });
    expect(await readdir(outline)).toContain('tokenizer.json');
    expect(downloads().filter(({ url }) => url.endsWith('.safetensors'))).toEqual([]);
    const whole = await resolveModel('some/model', { cache, hubUrl });
    expect(await loadModelFolder(whole)).toEqual(await loadModelFolder(folder));
  });

  it.each([
    ['config.json', 'some/model: must hold config.json'],
    ['model.safetensors', 'some/model: must hold model.safetensors or model.safetensors.index.json; choose a model'],
  ])('says that %s is missing there', async (name, words) => {
    hub.files.delete(name);
    await expect(resolveModel('some/model', { cache, hubUrl })).rejects.toThrow(words);
  });

  it.each([
    [404, 'hub-not-found', 'some/model: must be a folder or a model of the hub, got status 404; check owner, name'],
    [401, 'hub-denied', 'got status 401; check the name; for a gated or private model set HF_TOKEN'],
    [403, 'hub-denied', 'got status 403; check the name'],
    [503, 'hub-failed', 'the hub must answer, got status 503; try again later'],
  ])('status %i is one clear line', async (status, code, words) => {
    hub.status = status;
    const error: unknown = await resolveModel('some/model', { cache, hubUrl }).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'EngineError', code });
    expect(String(error)).toContain(words);
  });

  it('says that the hub cannot be reached', async () => {
    await hub.stop();
    await expect(resolveModel('some/model@v2', { cache, hubUrl })).rejects.toThrow(
      /^some\/model@v2: is no folder here and not in the cache, so the hub must be reachable, got .*ECONNREFUSED.*; check/,
    );
  });

  it('sends a token, and never shows one', async () => {
    await resolveModel('some/model', { cache, hubUrl, accessToken: 'hf_secret' });
    expect(hub.requests.every(({ token }) => token === 'Bearer hf_secret')).toBe(true);
    const wrong = resolveModel('some/model', { cache, hubUrl, accessToken: 'secret' });
    await expect(wrong).rejects.toThrow(/^resolveModel: the access token must start with "hf_", got something else/);
  });

  it.each(['./nowhere', '/nowhere', 'nowhere', '../a/b', 'a/b/c', 'a/b@..', ''])(
    'takes %j for a path',
    async (model) => {
      await expect(resolveModel(model, { cache, hubUrl })).rejects.toMatchObject({ code: 'folder-missing' });
      expect(hub.requests).toEqual([]);
    },
  );

  it('says that a file is no folder', async () => {
    const file = join(folder, 'config.json');
    await expect(resolveModel(file, { cache, hubUrl })).rejects.toThrow(`${file}: must be a model folder, got a file`);
  });
});
