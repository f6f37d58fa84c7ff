import { EngineError, shown } from '../errors.js';
import type { EngineErrorParts } from '../errors.js';
import type { Clock } from './clock.js';
import { systemClock } from './clock.js';
import { API_PREFIX, ROUTES } from './wire.js';
import type { RetrieveFutureRequest } from './wire.js';

export interface RetryPolicy {
  /** Wait before the second attempt; doubled each time. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** A server that has answered nothing for this long is given up. */
  readonly giveUpAfterMs: number;
  /** A request that has no answer by then counts as lost. */
  readonly requestTimeoutMs: number;
  /** How long one question for a result may stay open; then it is asked again. */
  readonly pollTimeoutMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  giveUpAfterMs: 600_000,
  requestTimeoutMs: 120_000,
  pollTimeoutMs: 45_000,
};

export interface ConnectionOptions {
  /** `http://host:port`, without `/api/v1`. */
  readonly baseUrl: string;
  /** Sent as `X-API-Key`; never part of a message or a file. */
  readonly apiKey?: string | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly clock?: Clock | undefined;
  /** Ends everything that is under way once aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Told in a sentence what the server cannot do, what is waited for, and what went wrong but was mended. */
  readonly notice?: ((sentence: string) => void) | undefined;
}

/** Who waits for a server longer than this is told why. */
const TELL_AFTER_MS = 5000;

/** A server's answer with an HTTP status that means no. */
export class RefusedRequest extends EngineError {
  constructor(
    readonly status: number,
    parts: EngineErrorParts,
  ) {
    super(status === 401 || status === 403 ? 'server-denied' : 'server-refused', parts);
  }
}

/** A request that changes the model went out and no answer came back: it may or may not have been carried out. */
export class OutcomeUnknown extends EngineError {}

/** The server no longer has the model or the request, as after a restart. */
export class WorkLost extends EngineError {}

type Attempt =
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'status'; readonly status: number; readonly detail: string }
  /** Fine by its status, but no JSON: some other server, or a proxy in between. */
  | { readonly kind: 'foreign'; readonly text: string }
  /** `sent` false: it never reached the server. */
  | { readonly kind: 'broken'; readonly sent: boolean; readonly cause: unknown };

interface CallOptions {
  /** The server does the work once however often it is asked. */
  readonly repeatable: boolean;
  /** Attempts end early, and that is no failure: the answer of a long poll comes later. */
  readonly timeoutMs?: number;
}

/** JSON over HTTP with retries: back-off on a busy or absent server, one clear error for a request that is wrong. */
export class Connection {
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
  private readonly clock: Clock;
  private readonly root: string;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly ending = new AbortController();
  /** Ids of results that are waited for and whose work may stop once nobody wants it. */
  private readonly unwanted = new Set<string>();
  private cancelling: Promise<unknown> = Promise.resolve();

  private readonly notice: (sentence: string) => void;

  constructor({ baseUrl, apiKey, retry, clock, signal, notice }: ConnectionOptions) {
    this.root = rootOf(baseUrl);
    this.headers = {
      'content-type': 'application/json',
      ...(apiKey !== undefined && { 'x-api-key': apiKey }),
    };
    this.retry = { ...DEFAULT_RETRY, ...retry };
    this.clock = clock ?? systemClock;
    this.notice = notice ?? (() => undefined);
    this.signal = signal === undefined ? this.ending.signal : AbortSignal.any([signal, this.ending.signal]);
    this.signal.addEventListener('abort', () => this.cancelAll(), { once: true });
  }

  /** Ends what is under way with an error that says so; resolves once the server has been told. */
  async close(): Promise<void> {
    this.ending.abort(
      new EngineError('server-failed', {
        at: this.root,
        rule: 'requests must end before the engine is disposed of',
        fix: 'wait for them first',
      }),
    );
    await this.cancelling;
  }

  /** One attempt each: whoever aborts does not wait for a server that is gone, and not every server can cancel. */
  private cancelAll(): void {
    const ids = [...this.unwanted];
    this.cancelling = Promise.all(ids.map((request_id) => this.farewell('POST', ROUTES.cancelFuture, { request_id })));
  }

  private async farewell(method: 'POST' | 'DELETE', route: string, body?: object): Promise<boolean> {
    try {
      const response = await fetch(`${this.root}${API_PREFIX}${route}`, {
        method,
        headers: this.headers,
        signal: AbortSignal.timeout(5000),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  async get(route: string): Promise<unknown> {
    return await this.call('GET', `${API_PREFIX}${route}`, undefined, { repeatable: true });
  }

  /** A document of the server itself, outside the API; undefined where it has none. */
  async document(path: string): Promise<unknown> {
    try {
      return await this.call('GET', path, undefined, { repeatable: true });
    } catch (error) {
      if (error instanceof EngineError && error.code !== 'server-unreachable') return undefined;
      throw error;
    }
  }

  /** `repeatable` false: where the fate of the request is not known it throws `OutcomeUnknown` instead of asking again. */
  async post(route: string, body: object, { repeatable }: CallOptions = { repeatable: true }): Promise<unknown> {
    return await this.call('POST', `${API_PREFIX}${route}`, JSON.stringify(body), { repeatable });
  }

  /** One attempt; false where it failed, however. For farewells, after an abort too. */
  async tryPost(route: string, body: object): Promise<boolean> {
    return await this.farewell('POST', route, body);
  }

  /** One attempt to remove something; false where it failed, or the server cannot. */
  async tryDelete(route: string): Promise<boolean> {
    return await this.farewell('DELETE', route);
  }

  /**
   * Waits for the result of a request, however long it takes, as long as the server answers. `unwanted` `cancel`: once
   * the caller aborts, the server is told to stop the work; only for work that changes nothing.
   *
   * @throws WorkLost where the server knows nothing of it any more; `server-refused` or `server-failed` where it failed.
   */
  async result(requestId: string, { unwanted = 'leave' }: { unwanted?: 'leave' | 'cancel' } = {}): Promise<unknown> {
    if (unwanted === 'leave') return await this.outcome(requestId);
    this.unwanted.add(requestId);
    try {
      return await this.outcome(requestId);
    } finally {
      this.unwanted.delete(requestId);
    }
  }

  private async outcome(requestId: string): Promise<unknown> {
    const body: RetrieveFutureRequest = { request_id: requestId };
    const url = `${API_PREFIX}${ROUTES.retrieveFuture}`;
    for (let turn = 0; ; turn++) {
      const asked = this.clock.now();
      const value = await this.poll(url, JSON.stringify(body));
      if (value !== undefined) return value;
      // A server that answers "not yet" at once is not asked more often than this.
      if (this.clock.now() - asked < 50) await this.clock.sleep(Math.min(20 * 1.5 ** turn, 500), this.signal);
    }
  }

  /** Undefined: not done yet. */
  private async poll(url: string, body: string): Promise<unknown> {
    const options = { repeatable: true, timeoutMs: this.retry.pollTimeoutMs };
    let value: unknown;
    try {
      value = await this.call('POST', url, body, options);
    } catch (error) {
      throw error instanceof RefusedRequest ? failureOf(url, error.status, error.parts.got ?? '') : error;
    }
    if (typeof value !== 'object' || value === null) return value === undefined ? undefined : unexpected(url, value);
    if ('type' in value && value.type === 'try_again') return undefined;
    if (!('error' in value)) return value;
    const category = 'category' in value ? String(value.category).toLowerCase() : 'unknown';
    throw failureOf(url, category === 'user' ? 400 : 500, String(value.error));
  }

  private async call(method: 'GET' | 'POST', url: string, body: string | undefined, options: CallOptions) {
    const started = this.clock.now();
    let told = false;
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.attempt(method, url, body, options.timeoutMs ?? this.retry.requestTimeoutMs);
      if (outcome.kind === 'answer') return outcome.value;
      if (outcome.kind === 'foreign') return unexpected(url, outcome.text);
      if (outcome.kind === 'status' && isFinal(outcome.status)) throw this.refused(url, outcome.status, outcome.detail);
      if (options.timeoutMs !== undefined && endedEarly(outcome)) return undefined;
      if (isBlocked(outcome)) throw this.blocked();
      if (!options.repeatable && mayHaveActed(outcome)) throw this.unknown(url, outcome);
      const waited = this.clock.now() - started;
      if (waited > this.retry.giveUpAfterMs) throw this.gaveUp(url, outcome);
      if (waited > TELL_AFTER_MS && !told) this.tell(url, outcome);
      told ||= waited > TELL_AFTER_MS;
      await this.clock.sleep(Math.min(this.retry.firstDelayMs * 2 ** attempt, this.retry.maxDelayMs), this.signal);
    }
  }

  private async attempt(method: string, url: string, body: string | undefined, timeoutMs: number): Promise<Attempt> {
    this.signal.throwIfAborted();
    const late = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(`${this.root}${url}`, {
        method,
        headers: this.headers,
        signal: AbortSignal.any([this.signal, late]),
        ...(body !== undefined && { body }),
      });
      const text = await response.text();
      if (!response.ok) return { kind: 'status', status: response.status, detail: detailOf(text) };
      return parsed(text);
    } catch (cause) {
      this.signal.throwIfAborted();
      return { kind: 'broken', sent: late.aborted || wasSent(cause), cause };
    }
  }

  private refused(url: string, status: number, detail: string): RefusedRequest {
    const denied = status === 401 || status === 403;
    return new RefusedRequest(status, {
      at: `${this.root}${url}`,
      rule: `the server refuses this request with HTTP ${status}`,
      got: detail,
      fix: denied ? 'set TINKER_API_KEY to a key of this server' : 'change what it complains about',
    });
  }

  private blocked(): EngineError {
    return new EngineError('server-refused', {
      at: this.root,
      rule: "baseUrl must have a port that fetch connects to, not one of the standard's list of blocked ones",
      fix: 'start the server on another port, such as 8000',
    });
  }

  private unknown(url: string, outcome: Attempt): OutcomeUnknown {
    return new OutcomeUnknown('server-failed', {
      at: `${this.root}${url}`,
      rule: 'the server must answer whether it has taken the request',
      got: describe(outcome),
      fix: 'load the last checkpoint, then send it again',
    });
  }

  private tell(url: string, outcome: Attempt): void {
    const minutes = Math.round(this.retry.giveUpAfterMs / 60_000);
    this.notice(`waiting for ${this.root}${url}: ${describe(outcome)}; asked again for up to ${minutes} minutes`);
  }

  private gaveUp(url: string, outcome: Attempt): EngineError {
    const seconds = Math.round(this.retry.giveUpAfterMs / 1000);
    return new EngineError('server-unreachable', {
      at: `${this.root}${url}`,
      rule: `the server must answer within ${seconds} s`,
      got: describe(outcome),
      fix: 'check that it runs and the address is right; a run goes on with --resume',
    });
  }
}

/** The address without a trailing slash or the API's prefix. Throws where it is no http address. */
function rootOf(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    const rule = 'baseUrl must be an http or https address';
    throw new EngineError('server-refused', {
      at: 'tinker',
      rule,
      got: shown(baseUrl),
      fix: 'name one like http://127.0.0.1:8000',
    });
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(new RegExp(`${API_PREFIX}$`), '');
}

/** 408, 425 and 429 ask for patience; from 500 on the server may recover. */
function isFinal(status: number): boolean {
  return status < 500 && status !== 408 && status !== 425 && status !== 429;
}

function endedEarly(outcome: Attempt): boolean {
  if (outcome.kind === 'status') return outcome.status === 408;
  return outcome.kind === 'broken' && outcome.cause instanceof Error && outcome.cause.name === 'TimeoutError';
}

/** Ports of other protocols (mail, X11 and the like) are blocked by the fetch standard, which says so in these words. */
function isBlocked(outcome: Attempt): boolean {
  if (outcome.kind !== 'broken' || !(outcome.cause instanceof Error)) return false;
  return outcome.cause.cause instanceof Error && outcome.cause.cause.message === 'bad port';
}

function mayHaveActed(outcome: Attempt): boolean {
  return outcome.kind === 'broken' ? outcome.sent : outcome.kind === 'status' && outcome.status >= 500;
}

/** Connections that were never made say so by these codes of the system; all else may have arrived. */
function wasSent(cause: unknown): boolean {
  const inner: unknown = cause instanceof Error ? cause.cause : undefined;
  const code: unknown = inner instanceof Error && 'code' in inner ? inner.code : undefined;
  return !['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'].includes(
    String(code),
  );
}

function parsed(text: string): Attempt {
  try {
    return { kind: 'answer', value: JSON.parse(text) as unknown };
  } catch {
    return { kind: 'foreign', text };
  }
}

function describe(outcome: Attempt): string {
  switch (outcome.kind) {
    case 'answer':
    case 'foreign':
      return 'an answer';
    case 'status':
      return `HTTP ${outcome.status} (${outcome.detail})`;
    case 'broken': {
      const inner: unknown = outcome.cause instanceof Error ? (outcome.cause.cause ?? outcome.cause) : outcome.cause;
      return inner instanceof Error && inner.message !== '' ? inner.message : 'a broken connection';
    }
  }
}

/** FastAPI puts the reason under `detail`; anything else is shown as it is. */
function detailOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) {
      if ('detail' in value) return typeof value.detail === 'string' ? value.detail : shown(value.detail);
      if ('error' in value && typeof value.error === 'string') return value.error;
    }
  } catch {
    // Not JSON: a proxy's page, say.
  }
  return text.slice(0, 200);
}

/** A future that failed. Servers say in words only that a model is gone (SkyRL: "Model x not loaded"). */
function failureOf(url: string, status: number, reason: string): EngineError {
  const lost =
    status === 404 || status === 410 || /\b(not|no longer) (loaded|found|known)\b|stale request/i.test(reason);
  const parts = { at: url, rule: 'the server must carry out the request', got: reason };
  if (lost) return new WorkLost('server-failed', { ...parts, fix: 'load the last checkpoint and go on from there' });
  if (status === 401 || status === 403) {
    return new EngineError('server-denied', { ...parts, fix: 'set TINKER_API_KEY to a key of this server' });
  }
  const code = status < 500 ? 'server-refused' : 'server-failed';
  return new EngineError(code, { ...parts, fix: "look into the server's log" });
}

function unexpected(url: string, value: unknown): never {
  const rule = 'the answer must be a JSON object of the Tinker API';
  throw new EngineError('server-failed', {
    at: url,
    rule,
    got: shown(value),
    fix: 'check that the address is a Tinker server',
  });
}
