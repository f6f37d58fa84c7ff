import { createHash, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { serve, type ServerType } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import type { z } from 'zod';
import { UserError } from '../errors.js';
import { faultOf } from './bodies.js';

/** What the servers of models share: listening, tokens, bodies, and faults of a request. */

/** Wrong or unanswerable request: `field` and the rule it broke. Every server words it in its own shape. */
export class RequestFault extends Error {
  override readonly name = 'RequestFault';

  /** @param field Empty where the fault is of no single field. */
  constructor(
    readonly status: 400 | 401 | 404 | 410 | 413 | 415 | 429 | 503,
    readonly field: string,
    readonly rule: string,
  ) {
    super(field === '' ? rule : `${field}: ${rule}`);
  }
}

/** A field that may be absent or null, which both read as undefined: clients write what they leave out either way. */
export function maybe<S extends z.ZodType>(schema: S) {
  return schema.nullish().transform((value): z.output<S> | undefined => value ?? undefined);
}

/** The JSON body of a request as `schema` reads it. Throws a `RequestFault` that names the first wrong field. */
export async function readJson<S extends z.ZodType>(context: Context, schema: S): Promise<z.infer<S>> {
  let body: unknown;
  try {
    body = JSON.parse(await context.req.text());
  } catch (error) {
    throw new RequestFault(400, 'body', `must be JSON: ${(error as Error).message}`);
  }
  return parseBody(body, schema);
}

/** A parsed body as `schema` reads it; see `readJson`. */
export function parseBody<S extends z.ZodType>(body: unknown, schema: S): z.infer<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const { field, message } = faultOf(parsed.error, body);
  throw new RequestFault(400, field, message);
}

/** Lets only requests with the token through: `Authorization: Bearer <token>`, or the header `X-API-Key`. */
export function requireToken(token: string): MiddlewareHandler {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(token);
  return async (context, next) => {
    const given =
      context.req.header('X-API-Key') ?? context.req.header('Authorization')?.replace(/^Bearer /i, '') ?? '';
    // Digests have one length, so the comparison tells nothing about the token's.
    if (timingSafeEqual(digest(given), expected)) return next();
    throw new RequestFault(401, 'Authorization', 'must be "Bearer <token>" with the token of this server');
  };
}

export interface HttpServer {
  readonly url: string;
  /** Takes no more requests, lets those under way finish for `graceMs`, then drops them. */
  close(): Promise<void>;
}

/** How long requests under way may take to finish when a server ends; long polls and streams are cut after it. */
const GRACE_MS = 2000;

/**
 * Listens on `host`:`port` (0: any free port).
 *
 * @param command Named in the error, such as `serve openai`.
 * @throws UserError Where the address cannot be used.
 */
export async function listen(
  command: string,
  fetch: Parameters<typeof serve>[0]['fetch'],
  { host, port }: { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  try {
    const { server, address } = await new Promise<{ server: ServerType; address: AddressInfo }>((resolve, reject) => {
      const opened = serve({ fetch, hostname: host, port }, (address) => resolve({ server: opened, address }));
      opened.once('error', reject);
    });
    const shown = host.includes(':') ? `[${host}]` : host;
    return { url: `http://${shown}:${address.port}`, close: () => shutDown(server) };
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UserError(
      `${command}: ${host}:${port} must be free to listen on, got ${reason}; choose another --port or --host`,
    );
  }
}

async function shutDown(server: ServerType): Promise<void> {
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => {
      if ('closeAllConnections' in server) server.closeAllConnections();
    }, GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  });
}
