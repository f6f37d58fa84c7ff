import type { Engine } from '@touchstone/engine';
import { listen, type HttpServer } from '../http.js';
import { tinkerApp } from './app.js';
import { TinkerService, type TinkerServiceOptions } from './service.js';

export interface TinkerServerOptions extends Pick<
  TinkerServiceOptions,
  'modelName' | 'aliases' | 'tokenizerId' | 'stateFolder'
> {
  /** The weights that models start from; the server does not dispose of them. */
  readonly engine: Engine;
  /** Default 127.0.0.1: only this machine. */
  readonly host?: string;
  /** 0 takes any free port. Default 8079. */
  readonly port?: number;
  readonly token?: string;
  readonly maxModels?: number;
  readonly maxSamplers?: number;
  readonly maxBodyBytes?: number;
  readonly sessionTimeoutMs?: number;
  readonly pollMs?: number;
}

export interface TinkerServer extends HttpServer {
  readonly service: TinkerService;
}

/** Starts the Tinker API over an engine. Throws a `UserError` when the address cannot be used. */
export async function startTinkerServer(options: TinkerServerOptions): Promise<TinkerServer> {
  const { engine, modelName, aliases, tokenizerId, stateFolder, token } = options;
  const service = new TinkerService({
    base: engine,
    modelName,
    ...(aliases !== undefined && { aliases }),
    tokenizerId,
    stateFolder,
    maxModels: options.maxModels ?? 4,
    maxSamplers: options.maxSamplers ?? 8,
    sessionTimeoutMs: options.sessionTimeoutMs ?? 15 * 60_000,
  });
  await service.checkpoints.removePartial();
  const app = tinkerApp({
    service,
    ...(token !== undefined && { token }),
    maxBodyBytes: options.maxBodyBytes ?? 64 * 1024 * 1024,
    pollMs: options.pollMs ?? 25_000,
  });
  const where = { host: options.host ?? '127.0.0.1', port: options.port ?? 8079 };
  const server = await listen('serve tinker', app.fetch, where);
  return {
    ...server,
    service,
    async close() {
      await server.close();
      await service.dispose();
    },
  };
}
