import { createHash, timingSafeEqual } from 'node:crypto';
import {
  executedVerifiers,
  isExecutedKind,
  isVerifierKind,
  optionFault,
  scoreOrPolicy,
  verifierKinds,
  verifiers,
  type OptionFault,
  type OutcomePolicyName,
  type Verdict,
} from '@touchstone/verify';
import {
  QueueFullError,
  type CustomVerifier,
  type Job,
  type VerifierPool,
  type VerifierTarget,
} from '@touchstone/verify/runner';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { z } from 'zod';
import { faultOf, openrlhfBody, policy, verifyBody, type BodyFault, type VerifyItem } from './bodies.js';
import { Counter, gauge, Histogram } from './metrics.js';

export interface RewardAppOptions {
  readonly pool: VerifierPool;
  /** Verifiers of the operator by name. Clients name them; no request can make the server load code. */
  readonly modules?: Readonly<Record<string, CustomVerifier>>;
  /** When given, every route but GET /health asks for `Authorization: Bearer <token>`. */
  readonly token?: string;
  /** Items a request may hold. */
  readonly maxItems: number;
  readonly maxBodyBytes: number;
  /** The longest deadline that a request may ask for. */
  readonly maxDeadlineMs: number;
  /** Items of one request that are in the pool at a time, so that a long request leaves room for others. */
  readonly concurrency: number;
}

/** A verdict as it goes over the wire: with the reward under the policy asked for, null where it is left out. */
export interface WireVerdict extends Verdict {
  readonly reward: number | null;
}

type ErrorCode = 'invalid-body' | 'unauthorized' | 'too-large' | 'busy' | 'not-found' | 'internal';

/**
 * The reward server's routes: POST /verify, POST /openrlhf, GET /kinds, GET /health, GET /metrics.
 * A response that cannot be judged is a verdict that says so, never an HTTP error; HTTP errors are about the request.
 */
export function rewardApp(options: RewardAppOptions): Hono {
  const app = new Hono();
  const meters = new Meters();
  app.use(async (context, next) => {
    const started = performance.now();
    await next();
    const route = ROUTES.has(context.req.path) ? context.req.path : 'other';
    meters.requests.add({ route, status: String(context.res.status) });
    meters.requestSeconds.observe({ route }, (performance.now() - started) / 1000);
  });
  app.get('/health', (context) => context.json({ status: 'ok', ...options.pool.state }));
  if (options.token !== undefined) app.use(requireToken(options.token));
  app.use(limitBody(options.maxBodyBytes));
  app.get('/metrics', (context) => context.text(meters.render(options.pool)));
  app.get('/kinds', (context) => context.json({ kinds: kinds(options) }));
  app.post('/verify', (context) => verifyRoute(context, options, meters));
  app.post('/openrlhf', (context) => openrlhfRoute(context, options, meters));
  app.notFound((context) =>
    failure(context, 404, 'not-found', { field: 'path', message: `no route ${context.req.path}` }),
  );
  app.onError((error, context) => {
    if (error instanceof QueueFullError) return busy(context);
    return failure(context, 500, 'internal', { field: '', message: error.message });
  });
  return app;
}

const ROUTES: ReadonlySet<string> = new Set(['/verify', '/openrlhf', '/kinds', '/health', '/metrics']);

class Meters {
  readonly requests = new Counter('touchstone_requests_total', 'HTTP requests by route and status.');
  readonly requestSeconds = new Histogram('touchstone_request_seconds', 'Time to answer a request.');
  readonly verdicts = new Counter('touchstone_verdicts_total', 'Verdicts by kind and outcome.');
  readonly verdictSeconds = new Histogram('touchstone_verdict_seconds', 'Time a verifier ran.');

  count(kind: string, verdict: Verdict): void {
    this.verdicts.add({ kind, outcome: verdict.outcome });
    this.verdictSeconds.observe({ kind }, verdict.elapsedMs / 1000);
  }

  render(pool: VerifierPool): string {
    const { waiting, running, workers, replaced } = pool.state;
    const lines = [this.requests, this.requestSeconds, this.verdicts, this.verdictSeconds].flatMap((each) =>
      each.render(),
    );
    lines.push(...gauge('touchstone_jobs_waiting', 'Jobs waiting for a worker.', waiting));
    lines.push(...gauge('touchstone_jobs_running', 'Jobs being judged.', running));
    lines.push(...gauge('touchstone_workers', 'Worker threads that judge.', workers));
    lines.push(...gauge('touchstone_workers_replaced', 'Workers killed or lost since the start.', replaced));
    const { user, system } = process.cpuUsage();
    lines.push(
      ...gauge('process_cpu_seconds_total', 'Processor time of all threads.', (user + system) / 1e6, 'counter'),
    );
    lines.push(...gauge('process_resident_memory_bytes', 'Resident memory.', process.memoryUsage.rss()));
    return `${lines.join('\n')}\n`;
  }
}

async function verifyRoute(context: Context, options: RewardAppOptions, meters: Meters): Promise<Response> {
  const body = await readBody(context, verifyBody);
  if ('fault' in body) return failure(context, 400, 'invalid-body', body.fault);
  const { items, policy } = body.value;
  const jobs = toJobs(items, options, 'items');
  if ('fault' in jobs) return failure(context, 400, 'invalid-body', jobs.fault);
  const verdicts = await judge(context, jobs.value, items, options, meters);
  return verdicts === null ? busy(context) : context.json({ verdicts: verdicts.map((each) => wire(each, policy)) });
}

/** The kind and the policy stand in the URL, since OpenRLHF's body has no place for them: /openrlhf?kind=math. */
async function openrlhfRoute(context: Context, options: RewardAppOptions, meters: Meters): Promise<Response> {
  const body = await readBody(context, openrlhfBody);
  if ('fault' in body) return failure(context, 400, 'invalid-body', body.fault);
  const { query, prompts, labels } = body.value;
  const named = policy.exclude(['exclude', 'timeout-is-wrong']).safeParse(context.req.query('policy') ?? 'zero');
  if (!named.success) {
    const message = 'OpenRLHF takes no missing rewards: must be zero or penalty';
    return failure(context, 400, 'invalid-body', { field: 'policy', message });
  }
  const kind = context.req.query('kind') ?? 'math';
  const items = query.map((text, i): VerifyItem => {
    const prompt = prompts[i] ?? '';
    return { kind, response: text.startsWith(prompt) ? text.slice(prompt.length) : text, reference: labels[i] ?? null };
  });
  const jobs = toJobs(items, options, 'query');
  if ('fault' in jobs) return failure(context, 400, 'invalid-body', jobs.fault);
  const verdicts = await judge(context, jobs.value, items, options, meters);
  if (verdicts === null) return busy(context);
  const rewards = verdicts.map((verdict) => scoreOrPolicy(verdict, named.data));
  const unjudged = verdicts.map(({ outcome }) => (outcome === 'correct' || outcome === 'incorrect' ? 0 : 1));
  return context.json({ rewards, scores: verdicts.map(({ score }) => score), extra_logs: { unjudged } });
}

/** Verdicts in the order of the jobs; null when the queue has no room for them. */
async function judge(
  context: Context,
  jobs: readonly Job[],
  items: readonly VerifyItem[],
  options: RewardAppOptions,
  meters: Meters,
): Promise<Verdict[] | null> {
  const { pool, concurrency } = options;
  if (jobs.length === 0) return [];
  try {
    const verdicts = await pool.runAll(jobs, { signal: context.req.raw.signal, concurrency });
    for (const [i, verdict] of verdicts.entries()) meters.count(items[i]?.kind ?? '', verdict);
    return verdicts;
  } catch (error) {
    if (error instanceof QueueFullError) return null;
    throw error;
  }
}

type Read<T> = { readonly value: T } | { readonly fault: BodyFault };

async function readBody<S extends z.ZodType>(context: Context, schema: S): Promise<Read<z.infer<S>>> {
  let body: unknown;
  try {
    body = JSON.parse(await context.req.text());
  } catch (error) {
    return { fault: { field: 'body', message: `must be JSON: ${(error as Error).message}` } };
  }
  const parsed = schema.safeParse(body);
  return parsed.success ? { value: parsed.data } : { fault: faultOf(parsed.error, body) };
}

function toJobs(items: readonly VerifyItem[], options: RewardAppOptions, field: string): Read<Job[]> {
  const { maxItems, maxDeadlineMs } = options;
  if (items.length > maxItems) {
    return {
      fault: { field, message: `must hold at most ${maxItems} items, got ${items.length}; send several requests` },
    };
  }
  const jobs: Job[] = [];
  for (const [i, { kind, deadlineMs, options: verifierOptions, response, reference }] of items.entries()) {
    const verifier = targetOf(kind, options);
    if (verifier === undefined) {
      return {
        fault: { field: `${field}[${i}].kind`, message: `must be one of GET /kinds, got ${JSON.stringify(kind)}` },
      };
    }
    if (deadlineMs !== undefined && deadlineMs > maxDeadlineMs) {
      const message = `must be at most ${maxDeadlineMs}, got ${deadlineMs}`;
      return { fault: { field: `${field}[${i}].deadlineMs`, message } };
    }
    const fault = optionFaultOf(verifier, verifierOptions);
    if (fault !== null) return { fault: { field: `${field}[${i}].options.${fault.option}`, message: fault.message } };
    jobs.push({
      verifier,
      response,
      reference,
      ...(verifierOptions !== undefined && { options: verifierOptions }),
      ...(deadlineMs !== undefined && { deadlineMs }),
    });
  }
  return { value: jobs };
}

function optionFaultOf(target: VerifierTarget, given: VerifyItem['options'] = {}): OptionFault | null {
  return typeof target === 'string' && isVerifierKind(target) ? optionFault(given, verifiers[target].options) : null;
}

function targetOf(kind: string, { modules = {} }: RewardAppOptions): VerifierTarget | undefined {
  if (Object.hasOwn(modules, kind)) return modules[kind];
  return isVerifierKind(kind) || isExecutedKind(kind) ? kind : undefined;
}

function kinds({ modules = {} }: RewardAppOptions): unknown[] {
  const registered = verifierKinds.map((kind) => ({
    kind,
    checks: verifiers[kind].checks,
    reference: verifiers[kind].reference,
    options: Object.keys(verifiers[kind].options),
  }));
  const executed = Object.entries(executedVerifiers).map(([kind, { checks, reference }]) => ({
    kind,
    checks,
    reference,
    options: 'any',
  }));
  const custom = Object.keys(modules).map((kind) => ({ kind, checks: 'custom', reference: 'any', options: 'any' }));
  return [...registered, ...executed, ...custom];
}

function wire(verdict: Verdict, policy: OutcomePolicyName): WireVerdict {
  const reward = scoreOrPolicy(verdict, policy);
  return { ...verdict, reward: Number.isNaN(reward) ? null : reward };
}

function failure(
  context: Context,
  status: ContentfulStatusCode,
  code: ErrorCode,
  { field, message }: BodyFault,
): Response {
  return context.json({ error: { code, field, message: field === '' ? message : `${field}: ${message}` } }, status);
}

function busy(context: Context): Response {
  context.header('Retry-After', '1');
  return failure(context, 503, 'busy', {
    field: '',
    message: 'the queue is full; send fewer items at a time, or wait',
  });
}

function tooLarge(context: Context, limit: number): Response {
  return failure(context, 413, 'too-large', { field: 'body', message: `must be at most ${limit} bytes` });
}

function limitBody(maxSize: number): MiddlewareHandler {
  const counted = bodyLimit({ maxSize, onError: (context) => tooLarge(context, maxSize) });
  return async (context, next) => {
    const length = context.req.header('Content-Length');
    const isCounted = length === undefined || context.req.header('Transfer-Encoding') !== undefined;
    // Counting opens the body as a stream, which costs more than a verdict; a length that is given needs none.
    if (isCounted) return counted(context, next);
    return Number(length) > maxSize ? tooLarge(context, maxSize) : next();
  };
}

function requireToken(token: string): MiddlewareHandler {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return async (context, next) => {
    // Digests have one length, so the comparison tells nothing about the token's.
    if (timingSafeEqual(digest(context.req.header('Authorization') ?? ''), expected)) return next();
    const message = 'must be "Bearer <token>" with the token of this server';
    return failure(context, 401, 'unauthorized', { field: 'Authorization', message });
  };
}
