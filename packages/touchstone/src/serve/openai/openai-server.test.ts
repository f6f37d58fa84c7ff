import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadModelFolder, LocalEngine } from '@touchstone/engine';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadModel } from '../../run/local-model.js';
import type { LoadedModel } from '../../run/model.js';
import { sequenceBatch } from '../sequence-batch.js';
import { startOpenAiServer } from './openai-server.js';

const REPOSITORY = new URL('../../../../../', import.meta.url);
const MODEL = 'models/touchstone-base';
let model: LoadedModel;
let server: Awaited<ReturnType<typeof startOpenAiServer>>;
let client: OpenAI;

const start = (more: Partial<Parameters<typeof startOpenAiServer>[0]> = {}) =>
  startOpenAiServer({ model, modelName: 'base', port: 0, ...more });

const clientOf = (url: string, apiKey = 'none') => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });

beforeAll(async () => {
  model = await loadModel(MODEL, { threads: 1, directory: '/' });
  server = await start();
  client = clientOf(server.url);
});

afterAll(async () => {
  await server.close();
  await model.engine.dispose();
});

const messages = [{ role: 'user', content: '12+34=' }] as const;
const chat = { model: 'base', messages: [...messages], max_tokens: 12, seed: 5 };

/** Log-probs of `text` after the chat prompt, as `Engine.forward` gives them. */
async function forwardLogProbs(text: string): Promise<number[]> {
  const prompt = model.codec.encodeChat([...messages]);
  const answer = model.codec.encode(text);
  const batch = sequenceBatch([Int32Array.of(...prompt, ...answer)], prompt.length);
  return [...(await model.engine.forward(batch, {})).logProb.subarray(prompt.length)];
}

function expectClose(got: readonly number[], wanted: readonly number[]): void {
  expect(got).toHaveLength(wanted.length);
  got.forEach((value, t) => expect(Math.abs(value - (wanted[t] as number))).toBeLessThan(1e-4));
}

describe('chat through the openai package', () => {
  it('answers with log-probs that are those of forward, at every temperature', async () => {
    for (const temperature of [0, 0.7, 1]) {
      const { choices, usage } = await client.chat.completions.create({
        ...chat,
        temperature,
        logprobs: true,
        top_logprobs: 3,
      });
      const [choice] = choices;
      const content = choice?.logprobs?.content ?? [];
      const text = choice?.message.content ?? '';
      expect(content.map(({ token }) => token).join('')).toBe(text);
      expectClose(
        content.map(({ logprob }) => logprob),
        await forwardLogProbs(text),
      );
      for (const { logprob, top_logprobs: top } of content) {
        expect(top).toHaveLength(3);
        expect(top[0]?.logprob).toBeGreaterThanOrEqual(logprob - 1e-6);
      }
      expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
      expect(usage?.prompt_tokens).toBe(model.codec.encodeChat([...messages]).length);
    }
  });

  it('streams what it answers unstreamed, with the same log-probs', async () => {
    for (const more of [{}, { logprobs: true }, { logprobs: true, top_logprobs: 2, temperature: 0.5 }]) {
      const whole = await client.chat.completions.create({ ...chat, n: 2, ...more });
      const texts = ['', ''];
      const logProbs: number[][] = [[], []];
      const finishes: (string | null)[] = [];
      let chunks = 0;
      let tokens = 0;
      const streamed = await client.chat.completions.create({
        ...chat,
        n: 2,
        ...more,
        stream: true,
        stream_options: { include_usage: true },
      });
      for await (const { choices, usage } of streamed) {
        tokens += usage?.completion_tokens ?? 0;
        for (const { index, delta, finish_reason, logprobs } of choices) {
          texts[index] += delta.content ?? '';
          logProbs[index]?.push(...(logprobs?.content ?? []).map(({ logprob }) => logprob));
          if (finish_reason !== null) finishes[index] = finish_reason;
          chunks++;
        }
      }
      expect(texts).toEqual(whole.choices.map(({ message }) => message.content));
      expect(finishes).toEqual(whole.choices.map(({ finish_reason }) => finish_reason));
      expect(tokens).toBe(whole.usage?.completion_tokens);
      if (!('top_logprobs' in more)) expect(chunks).toBeGreaterThan(8);
      whole.choices.forEach(({ logprobs }, i) => {
        expectClose(
          logProbs[i] ?? [],
          (logprobs?.content ?? []).map(({ logprob }) => logprob),
        );
      });
    }
  });

  it('seeds repeat, their answers differ, and a stop string is not in the answer', async () => {
    const ask = (more: object) => client.chat.completions.create({ ...chat, n: 4, max_tokens: 24, ...more });
    const texts = (reply: Awaited<ReturnType<typeof ask>>) => reply.choices.map(({ message }) => message.content ?? '');
    const first = texts(await ask({}));
    expect(texts(await ask({}))).toEqual(first);
    expect(texts(await ask({ seed: 6 }))).not.toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(1);
    const cut = await ask({ stop: ['=', '#'] });
    texts(cut).forEach((text, i) => expect(text).toBe((first[i] as string).split(/[=#]/)[0]));
    expect(cut.choices.some(({ finish_reason }) => finish_reason === 'stop')).toBe(true);
  });

  it('answers requests that come at once as if they came alone', async () => {
    const ask = (seed: number) => client.chat.completions.create({ ...chat, seed, max_tokens: 6 + seed });
    const together = await Promise.all([1, 2, 3, 4, 5].map(ask));
    for (const [i, reply] of together.entries()) {
      expect(reply.choices[0]?.message.content).toBe((await ask(i + 1)).choices[0]?.message.content);
    }
  });

  it('a client that goes away ends its answer', async () => {
    // Without end tokens an answer has its whole budget, unless it is cut.
    const folder = await loadModelFolder(fileURLToPath(new URL(MODEL, REPOSITORY)));
    const config = { ...folder.config, eosTokenIds: [], contextLength: 12_000 };
    const engine = await LocalEngine.create({ ...folder, config }, { threads: 1 });
    const made: number[] = [];
    const watched = Object.assign(Object.create(engine) as LocalEngine, {
      async sample(...args: Parameters<LocalEngine['sample']>) {
        const groups = await engine.sample(...args);
        made.push(...groups.flat().map(({ tokens }) => tokens.length));
        return groups;
      },
    });
    const endless = await start({ model: { engine: watched, codec: model.codec } });
    const stop = new AbortController();
    const long = { ...chat, max_tokens: 10_000, stream: true } as const;
    const streamed = await clientOf(endless.url).chat.completions.create(long, { signal: stop.signal });
    for await (const { choices } of streamed) if (choices[0]?.delta.content !== '') stop.abort();
    await vi.waitFor(() => expect(made).toHaveLength(1), { timeout: 20_000 });
    expect(made[0]).toBeLessThan(10_000);
    await endless.close();
    await engine.dispose();
  });
});

describe('completions through the openai package', () => {
  it('scores a prompt with echo, as evaluation harnesses do', async () => {
    const prompt = '2+3=5';
    const reply = await client.completions.create({ model: 'base', prompt, max_tokens: 0, echo: true, logprobs: 2 });
    const scores = reply.choices[0]?.logprobs;
    const batch = sequenceBatch([model.codec.encode(prompt)], 1);
    const wanted = (await model.engine.forward(batch, {})).logProb;
    expect(reply.choices[0]?.text).toBe(prompt);
    expect(scores?.tokens).toEqual([...prompt]);
    expect(scores?.token_logprobs?.[0]).toBeNull();
    expectClose((scores?.token_logprobs ?? []).slice(1), [...wanted.subarray(1)]);
    expect(scores?.text_offset).toEqual([0, 1, 2, 3, 4]);
    expect(Object.keys(scores?.top_logprobs?.[1] ?? {})).toHaveLength(2);
    expect(reply.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 0 });
  });

  it('answers several prompts, as text and as tokens, in order', async () => {
    const options = { model: 'base', max_tokens: 4, temperature: 0 };
    const texts = ['1+1=', '2+2=', '12+30='];
    const asTokens = texts.map((text) => [...model.codec.encode(text)]);
    const [byText, byTokens] = [
      await client.completions.create({ ...options, prompt: texts, n: 2 }),
      await client.completions.create({ ...options, prompt: asTokens, n: 2 }),
    ];
    expect(byText.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(byTokens.choices).toEqual(byText.choices);
    let streamed = '';
    const one = await client.completions.create({ ...options, prompt: texts[0] as string, stream: true });
    for await (const { choices } of one) streamed += choices[0]?.text ?? '';
    expect(streamed).toBe(byText.choices[0]?.text);
  });
});

describe('what is refused', () => {
  it('names the field in the shape of OpenAI', async () => {
    const wrong: [object, string | null, number][] = [
      [{ temperature: 3 }, 'temperature', 400],
      [{ model: 'other' }, 'model', 404],
      [{ tools: [{ type: 'function' }] }, 'tools[0]', 400],
      [{ top_logprobs: 2 }, 'top_logprobs', 400],
      [{ presence_penalty: 1 }, 'presence_penalty', 400],
      [{ best_efort: 1 }, 'best_efort', 400],
      [{ messages: [] }, 'messages', 400],
      [{ messages: [{ role: 'user', content: 'x'.repeat(5000) }] }, 'messages', 400],
    ];
    for (const [more, param, status] of wrong) {
      const failed = client.chat.completions.create({ ...chat, ...more });
      await expect(failed, JSON.stringify(more)).rejects.toMatchObject({
        status,
        param,
        type: 'invalid_request_error',
      });
    }
  });

  it('a token is asked for where there is one; a full queue says so', async () => {
    const small = await start({ token: 'secret', queueLimit: 1 });
    await expect(clientOf(small.url, 'wrong').models.list()).rejects.toMatchObject({ status: 401 });
    const known = clientOf(small.url, 'secret');
    expect((await known.models.list()).data.map(({ id }) => id)).toEqual(['base']);
    const two = known.completions.create({ model: 'base', prompt: ['1', '2'], max_tokens: 2 });
    await expect(two).rejects.toMatchObject({ status: 429, type: 'rate_limit_error' });
    await small.close();
  });
});

describe('the README', () => {
  it('holds a curl line that gets an answer', async () => {
    const readme = await readFile(new URL('README.md', REPOSITORY), 'utf8');
    const line = /^curl .*\/v1\/chat\/completions(?:.*\\\n)*.*$/m.exec(readme)?.[0] ?? '';
    expect(line).toContain('http://127.0.0.1:8078');
    const named = await start({ modelName: MODEL });
    const command = line.replace('http://127.0.0.1:8078', named.url);
    const { stdout } = await promisify(execFile)('sh', ['-c', command]);
    expect(JSON.parse(stdout)).toMatchObject({ object: 'chat.completion', model: MODEL });
    await named.close();
  });
});
