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
import { Hono, type Context } from 'hono';
import { openrlhfBody, policy, verifyBody, type VerifyItem } from './bodies.js';
import { limitBody, readJson, RequestFault, requireBearer } from './http.js';
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
  if (options.token !== undefined) app.use(requireBearer(options.token));
  app.use(limitBody(options.maxBodyBytes));
  app.get('/metrics', (context) => context.text(meters.render(options.pool)));
  app.get('/kinds', (context) => context.json({ kinds: kinds(options) }));
  app.post('/verify', (context) => verifyRoute(context, options, meters));
  app.post('/openrlhf', (context) => openrlhfRoute(context, options, meters));
  app.notFound((context) => answerError(new RequestFault(404, 'path', `no route ${context.req.path}`), context));
  app.onError(answerError);
  return app;
}

const CODES: Partial<Record<RequestFault['status'], string>> = {
  400: 'invalid-body',
  401: 'unauthorized',
  404: 'not-found',
  413: 'too-large',
};

function answerError(error: Error, context: Context): Response {
  const body = (code: string, message: string, field = '') => ({ error: { code, field, message } });
  if (error instanceof QueueFullError) {
    context.header('Retry-After', '1');
    return context.json(body('busy', 'the queue is full; send fewer items at a time, or wait'), 503);
  }
  if (!(error instanceof RequestFault)) return context.json(body('internal', error.message), 500);
  return context.json(body(CODES[error.status] ?? 'internal', error.message, error.field), error.status);
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
  const { items, policy } = await readJson(context, verifyBody);
  const verdicts = await judge(context, items, 'items', options, meters);
  return context.json({ verdicts: verdicts.map((each) => wire(each, policy)) });
}

/** The kind and the policy stand in the URL, since OpenRLHF's body has no place for them: /openrlhf?kind=math. */
async function openrlhfRoute(context: Context, options: RewardAppOptions, meters: Meters): Promise<Response> {
  const { query, prompts, labels } = await readJson(context, openrlhfBody);
  const named = policy.exclude(['exclude', 'timeout-is-wrong']).safeParse(context.req.query('policy') ?? 'zero');
  if (!named.success) {
    throw new RequestFault(400, 'policy', 'OpenRLHF takes no missing rewards: must be zero or penalty');
  }
  const kind = context.req.query('kind') ?? 'math';
  const items = query.map((text, i): VerifyItem => {
    const prompt = prompts[i] ?? '';
    return { kind, response: text.startsWith(prompt) ? text.slice(prompt.length) : text, reference: labels[i] ?? null };
  });
  const verdicts = await judge(context, items, 'query', options, meters);
  const rewards = verdicts.map((verdict) => scoreOrPolicy(verdict, named.data));
  const unjudged = verdicts.map(({ outcome }) => (outcome === 'correct' || outcome === 'incorrect' ? 0 : 1));
  return context.json({ rewards, scores: verdicts.map(({ score }) => score), extra_logs: { unjudged } });
}

/**
 * Verdicts in the order of the items.
 *
 * @param field Name of the items in the request, for the message about a wrong one.
 * @throws RequestFault Where an item cannot be judged as asked; then none is.
 * @throws QueueFullError When the queue has no room for them.
 */
async function judge(
  context: Context,
  items: readonly VerifyItem[],
  field: string,
  options: RewardAppOptions,
  meters: Meters,
): Promise<Verdict[]> {
  const { pool, concurrency, maxItems } = options;
  if (items.length > maxItems) {
    throw new RequestFault(
      400,
      field,
      `must hold at most ${maxItems} items, got ${items.length}; send several requests`,
    );
  }
  const jobs = items.map((item, i) => toJob(item, `${field}[${i}]`, options));
  if (jobs.length === 0) return [];
  const verdicts = await pool.runAll(jobs, { signal: context.req.raw.signal, concurrency });
  for (const [i, verdict] of verdicts.entries()) meters.count(items[i]?.kind ?? '', verdict);
  return verdicts;
}

function toJob(item: VerifyItem, field: string, options: RewardAppOptions): Job {
  const { kind, deadlineMs, options: verifierOptions, response, reference } = item;
  const verifier = targetOf(kind, options);
  if (verifier === undefined) {
    throw new RequestFault(400, `${field}.kind`, `must be one of GET /kinds, got ${JSON.stringify(kind)}`);
  }
  const { maxDeadlineMs } = options;
  if (deadlineMs !== undefined && deadlineMs > maxDeadlineMs) {
    throw new RequestFault(400, `${field}.deadlineMs`, `must be at most ${maxDeadlineMs}, got ${deadlineMs}`);
  }
  const fault = optionFaultOf(verifier, verifierOptions);
  if (fault !== null) throw new RequestFault(400, `${field}.options.${fault.option}`, fault.message);
  return {
    verifier,
    response,
    reference,
    ...(verifierOptions !== undefined && { options: verifierOptions }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  };
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
