import { InvalidArgumentError, type Command } from 'commander';
import { resolve } from 'node:path';
import { access, constants, mkdir, stat } from 'node:fs/promises';
import type { LoadedModel } from '../run/model.js';
import type { HttpServer } from '../serve/http.js';
import type { CliContext } from './context.js';
import type { CliIo } from './io.js';
import { positiveInteger } from './judging.js';
import { defaultThreads, wholeNumber } from './options.js';

interface ServerOptions {
  readonly model: string;
  readonly name?: string;
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly threads?: string;
  readonly json?: boolean;
}

interface TinkerCommandOptions extends ServerOptions {
  readonly tokenizer?: string;
  readonly state: string;
  readonly maxModels: number;
  readonly maxSamplers: number;
}

interface OpenAiCommandOptions extends ServerOptions {
  readonly maxTokens?: number;
  readonly queue: number;
}

/** `serve tinker` and `serve openai`: servers of a model, beside `serve rewards`. */
export function registerModelServers(serve: Command, context: CliContext): void {
  common(serve.command('tinker').description('the Tinker training API over the local engine'), 8079)
    .option('--tokenizer <id>', 'what clients load their tokenizer from; default: the model')
    .option('--state <folder>', 'where checkpoints are kept', 'tinker-state')
    .option('--max-models <count>', 'models in training at a time', positiveInteger, 4)
    .option('--max-samplers <count>', 'sets of weights kept for sampling', positiveInteger, 8)
    .action((options: TinkerCommandOptions) => serveTinker(options, context));
  common(serve.command('openai').description('chat and completions over the local engine'), 8078)
    .option(
      '--max-tokens <count>',
      'budget of an answer in tokens where the request names none; default: 16 of a completion, the context of a chat',
      positiveInteger,
    )
    .option('--queue <count>', 'answers that may wait; more are refused with 429', positiveInteger, 256)
    .action((options: OpenAiCommandOptions) => serveOpenAi(options, context));
}

function common(command: Command, port: number): Command {
  return command
    .requiredOption('--model <model>', 'folder or hub name')
    .option('--name <name>', 'what clients call the model; default: as --model has it')
    .option('--host <address>', 'address to listen on; the default is reached from this machine only', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes any free one', portNumber, port)
    .option('--token <token>', 'ask for this token; default: the environment variable TOUCHSTONE_TOKEN')
    .option('--threads <n>', 'of the local engine; default: the cores, at most 8')
    .option('--json', 'print the address as JSON');
}

async function serveTinker(options: TinkerCommandOptions, { io, loadModel }: CliContext): Promise<void> {
  const { startTinkerServer } = await import('../serve/tinker/tinker-server.js');
  const stateFolder = resolve(io.directory, options.state);
  // Found out now and not by the first client that saves.
  await mkdir(stateFolder, { recursive: true });
  await access(stateFolder, constants.W_OK);
  await serveModel('tinker', options, { io, loadModel }, async ({ engine }, token) => {
    const folder = resolve(io.directory, options.model);
    const local = await isFolder(folder);
    return await startTinkerServer({
      engine,
      modelName: options.name ?? options.model,
      aliases: [options.model, folder],
      tokenizerId: options.tokenizer ?? (local ? folder : options.model),
      stateFolder,
      host: options.host,
      port: options.port,
      ...(token !== undefined && { token }),
      maxModels: options.maxModels,
      maxSamplers: options.maxSamplers,
    });
  });
}

async function serveOpenAi(options: OpenAiCommandOptions, { io, loadModel }: CliContext): Promise<void> {
  const { startOpenAiServer } = await import('../serve/openai/openai-server.js');
  await serveModel('openai', options, { io, loadModel }, (model, token) =>
    startOpenAiServer({
      model,
      modelName: options.name ?? options.model,
      host: options.host,
      port: options.port,
      ...(token !== undefined && { token }),
      ...(options.maxTokens !== undefined && { defaultMaxTokens: options.maxTokens }),
      queueLimit: options.queue,
    }),
  );
}

/** Loads the model, serves it until Ctrl-C, and lets go of both. */
async function serveModel(
  kind: 'tinker' | 'openai',
  options: ServerOptions,
  { io, loadModel }: CliContext,
  start: (model: LoadedModel, token: string | undefined) => Promise<HttpServer>,
): Promise<void> {
  const threads = options.threads === undefined ? defaultThreads() : wholeNumber('--threads', options.threads, 1);
  const token = options.token ?? process.env.TOUCHSTONE_TOKEN;
  const asked = token === '' ? undefined : token;
  const model = await loadModel(options.model, { threads, directory: io.directory });
  try {
    const server = await start(model, asked);
    announce(kind, server.url, options, asked, io);
    await interrupted(io);
    await server.close();
  } finally {
    await model.engine.dispose();
  }
}

function announce(kind: string, url: string, options: ServerOptions, token: string | undefined, io: CliIo): void {
  const base = kind === 'openai' ? `${url}/v1` : url;
  const name = options.name ?? options.model;
  if (options.json === true) io.stdout(`${JSON.stringify({ url: base, model: name })}\n`);
  else io.stdout(`${kind}: ${base} serves ${name}; Ctrl-C ends it\n`);
  const loopback = ['127.0.0.1', '::1', 'localhost'].includes(options.host);
  if (!loopback && token === undefined) {
    io.stderr(`${kind}: ${options.host} may be reached by others and no token is asked for; set --token\n`);
  }
}

function interrupted(io: CliIo): Promise<void> {
  return new Promise((resolve) => {
    const release = io.onInterrupt(() => {
      release();
      resolve();
    });
  });
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

export function portNumber(text: string): number {
  const port = Number(text);
  if (text.trim() !== '' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError(`It must be a port from 0 to 65535, got ${text}.`);
}
