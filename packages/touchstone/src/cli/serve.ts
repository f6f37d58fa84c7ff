import { resolve } from 'node:path';
import type { Command } from 'commander';
import { isExecutedKind, isVerifierKind } from '@touchstone/verify';
import type { CustomVerifier } from '@touchstone/verify/runner';
import { UserError } from '../errors.js';
import { parseModule } from '../scoring/target.js';
import { startRewardServer } from '../serve/rewards-server.js';
import type { CliContext } from './context.js';
import type { CliIo } from './io.js';
import { positiveInteger, positiveNumber } from './judging.js';
import { portNumber, registerModelServers } from './serve-models.js';

interface ServeRewardsOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly workers?: number;
  readonly deadline?: number;
  readonly memory?: number;
  readonly queue?: number;
  readonly module: readonly string[];
  readonly vision: readonly string[];
  readonly json?: boolean;
}

export function registerServe(program: Command, context: CliContext): void {
  const collect = (value: string, list: readonly string[]): readonly string[] => [...list, value];
  const serve = program.command('serve').description('servers that other programs ask');
  serve
    .command('rewards')
    .description('an HTTP server that judges batches of responses')
    .option('--host <address>', 'address to listen on; the default is reached from this machine only', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes any free one', portNumber, 8077)
    .option('--token <token>', 'ask for this bearer token; default: the environment variable TOUCHSTONE_TOKEN')
    .option('--workers <count>', 'threads that judge; default: the number of cores', positiveInteger)
    .option(
      '--deadline <ms>',
      'milliseconds a response may take where the request says nothing (default 1000)',
      positiveNumber,
    )
    .option('--memory <mib>', 'heap of a worker in MiB (default 256)', positiveNumber)
    .option('--queue <items>', 'responses that may wait; more are refused with 503 (default 10000)', positiveInteger)
    .option('--module <name=file#export>', 'a verifier of your own, by name; may be repeated', collect, [])
    .option(
      '--vision <folder>',
      'a vision model in ONNX for the kind svg; twice for captions and pictures',
      collect,
      [],
    )
    .option('--json', 'print the address as JSON')
    .action((options: ServeRewardsOptions) => serveRewards(options, context.io));
  registerModelServers(serve, context);
}

async function serveRewards(options: ServeRewardsOptions, io: CliIo): Promise<void> {
  const { host, port, workers, deadline, memory, queue, vision } = options;
  const token = options.token ?? process.env.TOUCHSTONE_TOKEN;
  const server = await startRewardServer({
    host,
    port,
    modules: Object.fromEntries(options.module.map((text) => readModule(text, io.directory))),
    ...(token !== undefined && token !== '' && { token }),
    ...(workers !== undefined && { workers }),
    ...(deadline !== undefined && { deadlineMs: deadline }),
    ...(memory !== undefined && { memoryMb: memory }),
    ...(queue !== undefined && { queueLimit: queue }),
    ...(vision.length > 0 && { visionModels: vision.map((folder) => resolve(io.directory, folder)) }),
  });
  if (options.json === true) io.stdout(`${JSON.stringify({ url: server.url })}\n`);
  else
    io.stdout(`rewards: ${server.url} (POST /verify, POST /openrlhf, GET /kinds, /health, /metrics); Ctrl-C ends it\n`);
  const loopback = ['127.0.0.1', '::1', 'localhost'].includes(host);
  if (!loopback && (token ?? '') === '') {
    io.stderr(`rewards: ${host} may be reached by others and no token is asked for; set --token\n`);
  }
  await new Promise<void>((resolve) => {
    const release = io.onInterrupt(() => {
      release();
      resolve();
    });
  });
  await server.close();
}

function readModule(text: string, directory: string): [string, CustomVerifier] {
  const at = text.indexOf('=');
  if (at < 1) throw new UserError(`--module: must be name=file.mjs#export, got ${text}; put a name before the file`);
  const name = text.slice(0, at);
  if (isVerifierKind(name) || isExecutedKind(name)) {
    throw new UserError(
      `--module: must have a name of its own, got ${name}, which is a registered kind; choose another`,
    );
  }
  return [name, parseModule(text.slice(at + 1), directory)];
}
