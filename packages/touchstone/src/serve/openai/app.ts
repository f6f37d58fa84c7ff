import { randomUUID } from 'node:crypto';
import { Hono, type Context } from 'hono';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import { limitBody, readJson, RequestFault, requireToken } from '../http.js';
import { chatBody, completionBody } from './bodies.js';
import { generate, scoresAtEnd, type Choice, type GenerationPlan, type ServedModel } from './generate.js';
import { chatPlan, completionPlans, type PlanLimits } from './plans.js';
import { chatShape, completionShape, textOf, usageOf, type ReplyHead, type ReplyShape } from './replies.js';

export interface OpenAiAppOptions extends PlanLimits {
  readonly model: ServedModel;
  readonly modelName: string;
  /** When given, every route but GET /health asks for it. */
  readonly token?: string;
  readonly maxBodyBytes: number;
  /** Requests that may wait for the engine; more are refused with 429. */
  readonly queueLimit: number;
}

/** The OpenAI API over one model: GET /v1/models, POST /v1/chat/completions, POST /v1/completions; and GET /health. */
export function openAiApp(options: OpenAiAppOptions): Hono {
  const { model, modelName, token, maxBodyBytes } = options;
  const started = now();
  const card = { id: modelName, object: 'model', created: started, owned_by: 'touchstone' };
  const app = new Hono();
  app.onError(answerError);
  app.notFound((context) => answerError(new RequestFault(404, '', `no route ${context.req.path}`), context));
  app.get('/health', (context) => context.json({ status: 'ok', queued: model.batcher.queued }));
  if (token !== undefined) app.use(requireToken(token));
  app.use(limitBody(maxBodyBytes));
  app.get('/v1/models', (context) => context.json({ object: 'list', data: [card] }));
  app.get('/v1/models/:name{.+}', (context) => {
    checkName(modelName, context.req.param('name'));
    return context.json(card);
  });
  app.post('/v1/chat/completions', async (context) => {
    const body = await readJson(context, chatBody);
    const plan = () => [chatPlan(model.engine.model, model.codec, body, options)];
    return answer(context, options, body, plan, chatShape);
  });
  app.post('/v1/completions', async (context) => {
    const body = await readJson(context, completionBody);
    const plans = () => completionPlans(model.engine.model, model.codec, body, options);
    return answer(context, options, body, plans, completionShape);
  });
  return app;
}

interface CommonBody {
  readonly model: string;
  readonly stream: boolean | undefined;
  readonly stream_options: { readonly include_usage: boolean | undefined } | undefined;
}

async function answer(
  context: Context,
  options: OpenAiAppOptions,
  body: CommonBody,
  plan: () => readonly GenerationPlan[],
  shape: ReplyShape,
): Promise<Response> {
  const { model, modelName, queueLimit } = options;
  checkName(modelName, body.model);
  const plans = plan();
  if (model.batcher.queued + plans.length > queueLimit) {
    context.header('Retry-After', '1');
    throw new RequestFault(429, '', `at most ${queueLimit} requests may wait; try again in a moment`);
  }
  const head: ReplyHead = { id: shape.idPrefix + randomUUID(), created: now(), model: modelName };
  if (body.stream === true) return stream(context, { model, plans, shape, head, usage: wantsUsage(body) });
  const { signal } = context.req.raw;
  const choices = await Promise.all(plans.map((each) => generate(model, each, signal)));
  const indexed = choices.flatMap((group, i) => group.map((choice) => ({ plan: plans[i] as GenerationPlan, choice })));
  return context.json({
    ...head,
    object: shape.object,
    choices: indexed.map(({ plan: own, choice }, index) => shape.choice(model.codec, own, choice, index)),
    usage: usageOf(plans, choices),
  });
}

function wantsUsage({ stream_options }: CommonBody): boolean {
  return stream_options?.include_usage === true;
}

interface StreamPlan {
  readonly model: ServedModel;
  readonly plans: readonly GenerationPlan[];
  readonly shape: ReplyShape;
  readonly head: ReplyHead;
  readonly usage: boolean;
}

/** Chunks as server-sent events; a client that goes away ends its answers. */
function stream(context: Context, plan: StreamPlan): Response {
  const gone = new AbortController();
  return streamSSE(context, async (sse) => {
    sse.onAbort(() => gone.abort());
    try {
      const choices = await streamChoices(sse, plan, gone.signal);
      if (plan.usage) await send(sse, plan, { choices: [], usage: usageOf(plan.plans, choices) });
    } catch (error) {
      await sse.writeSSE({ data: JSON.stringify(errorBody(error as Error)) });
    }
    await sse.writeSSE({ data: '[DONE]' });
  });
}

async function streamChoices(sse: SSEStreamingApi, plan: StreamPlan, signal: AbortSignal): Promise<Choice[][]> {
  let next = 0;
  const groups = plan.plans.map((own) => {
    const base = next;
    next += own.maxNewTokens === 0 ? 1 : own.seeds.length;
    return { own, base };
  });
  for (let index = 0; index < next; index++) {
    const opening = plan.shape.opening(index);
    if (opening !== undefined) await send(sse, plan, { choices: [opening] });
  }
  return Promise.all(groups.map(({ own, base }) => streamGroup(sse, plan, own, base, signal)));
}

/** The choices of one prompt, from index `base` on. */
async function streamGroup(
  sse: SSEStreamingApi,
  plan: StreamPlan,
  own: GenerationPlan,
  base: number,
  signal: AbortSignal,
): Promise<Choice[]> {
  const { model, shape } = plan;
  const sent = own.seeds.map(() => 0);
  const late = scoresAtEnd(own);
  const piece = (index: number, tokens: Choice['tokens']) => {
    const offset = sent[index] as number;
    sent[index] = offset + textOf(tokens).length;
    // Events keep the order of these calls; the ending, which is waited for, comes after them.
    void send(sse, plan, { choices: [shape.piece(model.codec, own, tokens, base + index, offset)] });
  };
  const choices = await generate(model, own, signal, late ? undefined : piece);
  for (const [index, { prompt, tokens, finish }] of choices.entries()) {
    if (late) piece(index, [...prompt, ...tokens]);
    await send(sse, plan, { choices: [shape.ending(finish, base + index)] });
  }
  return choices;
}

async function send(sse: SSEStreamingApi, { head, shape, usage }: StreamPlan, chunk: object): Promise<void> {
  const data = { ...head, object: shape.chunkObject, ...(usage && { usage: null }), ...chunk };
  await sse.writeSSE({ data: JSON.stringify(data) });
}

function checkName(modelName: string, name: string): void {
  if (name === modelName) return;
  throw new RequestFault(404, 'model', `must be ${JSON.stringify(modelName)}, the model of this server, got ${name}`);
}

function answerError(error: Error, context: Context): Response {
  return context.json(errorBody(error), error instanceof RequestFault ? error.status : 500);
}

function errorBody(error: Error): { readonly error: object } {
  const fault = error instanceof RequestFault ? error : undefined;
  const status = fault?.status ?? 500;
  const code =
    status === 401 ? 'invalid_api_key' : status === 404 && fault?.field === 'model' ? 'model_not_found' : null;
  const type = status === 429 ? 'rate_limit_error' : status === 500 ? 'server_error' : 'invalid_request_error';
  return {
    error: {
      message: error.message,
      type,
      param: fault === undefined || fault.field === '' ? null : fault.field,
      code,
    },
  };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
