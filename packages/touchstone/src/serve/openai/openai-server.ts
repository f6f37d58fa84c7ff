import type { LoadedModel } from '../../run/model.js';
import { SampleBatcher } from '../batcher.js';
import { listen, type HttpServer } from '../http.js';
import { openAiApp } from './app.js';

export interface OpenAiServerOptions {
  /** The server does not dispose of its engine. */
  readonly model: LoadedModel;
  readonly modelName: string;
  /** Default 127.0.0.1: only this machine. */
  readonly host?: string;
  /** 0 takes any free port. Default 8078. */
  readonly port?: number;
  readonly token?: string;
  /** Budget of an answer where the request names none. */
  readonly defaultMaxTokens?: number;
  readonly maxBodyBytes?: number;
  readonly queueLimit?: number;
}

/** Completions of one call of the engine, and how long requests sent at once wait for one another. */
const BATCHING = { maxCompletions: 64, gatherMs: 2 } as const;

/** Starts the OpenAI API over a model. Throws a `UserError` when the address cannot be used. */
export async function startOpenAiServer(options: OpenAiServerOptions): Promise<HttpServer> {
  const { model, modelName, token } = options;
  const app = openAiApp({
    model: { ...model, batcher: new SampleBatcher(model.engine, BATCHING) },
    modelName,
    ...(token !== undefined && { token }),
    defaultMaxTokens: options.defaultMaxTokens,
    maxAnswers: 512,
    maxBodyBytes: options.maxBodyBytes ?? 16 * 1024 * 1024,
    queueLimit: options.queueLimit ?? 256,
  });
  const where = { host: options.host ?? '127.0.0.1', port: options.port ?? 8078 };
  return await listen('serve openai', app.fetch, where);
}
