import { createHash, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { serve, type ServerType } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import { UserError } from '../errors.js';
import { faultOf } from './bodies.js';

/** What the servers share: listening, tokens, bodies, and faults of a request. */

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
  return parseBody(parseJson(await context.req.text()), schema);
}

/** Throws a `RequestFault` for a text that is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestFault(400, 'body', `must be JSON: ${(error as Error).message}`);
  }
}

/** A parsed body as `schema` reads it; see `readJson`. */
export function parseBody<S extends z.ZodType>(body: unknown, schema: S): z.infer<S> {
  const parsed = checked(body, schema);
  if (parsed.success) return parsed.data;
  const { field, message } = faultOf(parsed.error, body);
  throw new RequestFault(400, field, message);
}

function checked<S extends z.ZodType>(body: unknown, schema: S) {
  try {
    return schema.safeParse(body);
  } catch (error) {
    // JSON is read at any depth, but checked by functions that call themselves.
    if (error instanceof RangeError) throw new RequestFault(400, 'body', 'must nest less deep');
    throw error;
  }
}

/**
 * Refuses a body of more than `maxSize` bytes with status 413.
 *
 * @param advice What a client can do about it.
 */
export function limitBody(maxSize: number, advice = 'send less at a time'): MiddlewareHandler {
  const tooLarge = (): never => {
    throw new RequestFault(413, 'body', `must be at most ${maxSize} bytes; ${advice}`);
  };
  const counted = bodyLimit({ maxSize, onError: tooLarge });
  return async (context, next) => {
    const length = context.req.header('Content-Length');
    const isCounted = length === undefined || context.req.header('Transfer-Encoding') !== undefined;
    // Counting opens the body as a stream, which costs more than a verdict; a length that is given needs none.
    if (isCounted) return counted(context, next);
    return Number(length) > maxSize ? tooLarge() : next();
  };
}

/** Lets only requests with the token through: `Authorization: Bearer <token>`, or the header `X-API-Key`. */
export function requireToken(token: string): MiddlewareHandler {
  return requireSecret(
    token,
    ({ req }) => req.header('X-API-Key') ?? req.header('Authorization')?.replace(/^Bearer /i, ''),
  );
}

/** Lets only requests with exactly the header `Authorization: Bearer <token>` through. */
export function requireBearer(token: string): MiddlewareHandler {
  return requireSecret(`Bearer ${token}`, ({ req }) => req.header('Authorization'));
}

function requireSecret(secret: string, given: (context: Context) => string | undefined): MiddlewareHandler {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(secret);
  return async (context, next) => {
    // Digests have one length, so the comparison tells nothing about the token's.
    if (timingSafeEqual(digest(given(context) ?? ''), expected)) return next();
    throw new RequestFault(401, 'Authorization', 'must be "Bearer <token>" with the token of this server');
  };
}

export interface HttpServer {
  readonly url: string;
  /** Takes no more requests and lets those under way finish, for `graceMs` at most. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** How long requests under way may take to finish when the server ends. Infinity: until all are answered. */
  readonly graceMs?: number;
}

/** Long polls and streams end when their client wants, so a server that ends cuts them. */
const GRACE_MS = 2000;

/**
 * Listens on `host`:`port`.
 *
 * @param command Named in the error, such as `serve openai`.
 * @throws UserError Where the address cannot be used.
 */
export async function listen(
  command: string,
  fetch: Parameters<typeof serve>[0]['fetch'],
  { host, port, graceMs = GRACE_MS }: ListenOptions,
): Promise<HttpServer> {
  try {
    const { server, address } = await new Promise<{ server: ServerType; address: AddressInfo }>((resolve, reject) => {
      const opened = serve({ fetch, hostname: host, port }, (address) => resolve({ server: opened, address }));
      opened.once('error', reject);
    });
    const shown = host.includes(':') ? `[${host}]` : host;
    return { url: `http://${shown}:${address.port}`, close: () => shutDown(server, graceMs) };
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    const elsewhere = ['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL'].includes(reason);
    throw new UserError(
      elsewhere
        ? `${command}: ${host} must be an address of this machine, got ${reason}; choose another --host`
        : `${command}: ${host}:${port} must be free to listen on, got ${reason}; choose another --port or --host`,
    );
  }
}

async function shutDown(server: ServerType, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const cut = (): void => {
      if ('closeAllConnections' in server) server.closeAllConnections();
    };
    const timer = Number.isFinite(graceMs) ? setTimeout(cut, graceMs) : undefined;
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  });
}
