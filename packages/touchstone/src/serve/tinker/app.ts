import { createHash } from 'node:crypto';
import { API_PREFIX, ROUTES } from '@touchstone/engine/tinker';
import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { limitBody, parseBody, parseJson, readJson, RequestFault, requireToken } from '../http.js';
import * as bodies from './bodies.js';
import type { FutureResult } from './futures.js';
import { decodeTrainingHead, decodeTrainingRequest, PROTOBUF } from './proto.js';
import { addReadRoutes } from './read-routes.js';
import type { TinkerService, TrainedModel } from './service.js';
import * as work from './work.js';

export interface TinkerAppOptions {
  readonly service: TinkerService;
  /** When given, every route but GET /api/v1/healthz asks for it; the SDK sends its API key. */
  readonly token?: string;
  readonly maxBodyBytes: number;
  /** How long a request for a result may wait for it; the SDK gives up after 45 s. */
  readonly pollMs: number;
}

/** The Tinker API over a service, for the SDK (protobuf where it wants that) and for clients that speak JSON only. */
export function tinkerApp({ service, token, maxBodyBytes, pollMs }: TinkerAppOptions): Hono {
  const app = new Hono();
  app.onError(answerError);
  app.notFound((context) => answerError(new RequestFault(404, 'path', `no route ${context.req.path}`), context));
  const api = new Hono();
  api.get(ROUTES.healthz, (context) => context.json({ status: 'ok' }));
  if (token !== undefined) api.use(requireToken(token));
  api.use(limitBody(maxBodyBytes, 'send fewer data at a time'));
  addSessionRoutes(api, service);
  addModelRoutes(api, service);
  addSamplingRoutes(api, service);
  addFutureRoutes(api, service, pollMs);
  addReadRoutes(api, service);
  app.route(API_PREFIX, api);
  return app;
}

function answerError(error: Error, context: Context): Response {
  // `detail` is where clients of other servers of this API look.
  const body = (field: string) => ({ detail: error.message, error: { field, message: error.message } });
  if (error instanceof RequestFault) return context.json(body(error.field), error.status);
  return context.json(body(''), 500);
}

function addSessionRoutes(api: Hono, service: TinkerService): void {
  // What a server of ours does and does not do; flags that are left out have the SDK's defaults.
  api.post(ROUTES.clientConfig, (context) =>
    context.json({
      pjwt_auth_enabled: false,
      proto_compress_fwdbwd: false,
      sample_use_retrieve_futures: false,
      sample_join_sampling_session: true,
      custom_loss_server_side: false,
    }),
  );
  api.post('/client/dynamic_config', (context) => context.json({ sample_cancel_enabled: true }));
  api.post(ROUTES.telemetry, (context) => context.json({ status: 'accepted' }));
  api.post(ROUTES.createSession, async (context) => {
    const { user_metadata, display_name } = await readJson(context, bodies.createSessionBody);
    const session = service.createSession(user_metadata ?? null, display_name);
    return context.json({ type: 'create_session', session_id: session.id });
  });
  api.post(ROUTES.sessionHeartbeat, async (context) => {
    service.session((await readJson(context, bodies.sessionBody)).session_id);
    return context.json({ type: 'session_heartbeat' });
  });
}

function addModelRoutes(api: Hono, service: TinkerService): void {
  const post = <S extends z.ZodType<{ model_id: string; seq_id: number | undefined }>>(
    route: string,
    schema: S,
    prepare: (model: TrainedModel, body: z.infer<S>) => () => Promise<FutureResult>,
    /** Fields that a request that is sent again may change. */
    volatile: readonly string[] = [],
  ) =>
    api.post(route, async (context) => {
      const text = await context.req.text();
      const { body, skip } = readSequenced(service, text, schema);
      const digest = digestOf(route, volatile.length === 0 ? text : JSON.stringify({ ...body, ...blank(volatile) }));
      return sequenced(context, service, { modelId: body.model_id, seqId: body.seq_id, digest, skip }, (model) =>
        prepare(model, body),
      );
    });

  api.post(ROUTES.createModel, async (context) => {
    const body = await readJson(context, bodies.createModelBody);
    return created(context, service, body.session_id, body.model_seq_id, digestOf('create', JSON.stringify(body)), () =>
      work.createModel(service, body),
    );
  });
  post(ROUTES.optimStep, bodies.optimStepBody, (model, body) => work.optimStep(service, model, body));
  post(ROUTES.saveWeights, bodies.saveWeightsBody, (model, body) => work.saveWeights(service, model, body));
  post(
    ROUTES.saveWeightsForSampler,
    bodies.saveForSamplerBody,
    (model, body) => work.saveForSampler(service, model, body),
    ['sampling_session_seq_id'],
  );
  post(ROUTES.forward, bodies.forwardBody, (model, body) => {
    return work.forwardBackward(service, model, bodies.trainingRequest(body, body.forward_input, true));
  });
  api.post(ROUTES.forwardBackward, (context) => forwardBackwardRoute(context, service));
  api.post(ROUTES.loadWeights, (context) => loadWeightsRoute(context, service));
  api.post(ROUTES.unloadModel, async (context) => {
    const model = service.model((await readJson(context, bodies.modelBody)).model_id);
    const id = service.futures.add(() => model.turns.run(undefined, work.unloadModel(service, model)));
    return context.json({ request_id: id, model_id: model.id });
  });
}

/** Protobuf from the SDK, JSON from others. */
async function forwardBackwardRoute(context: Context, service: TinkerService): Promise<Response> {
  if (context.req.header('Content-Encoding') !== undefined) {
    throw new RequestFault(415, 'Content-Encoding', 'must be absent: bodies are read as they are');
  }
  const bytes = new Uint8Array(await context.req.arrayBuffer());
  const digest = digestOf(ROUTES.forwardBackward, bytes);
  if (!(context.req.header('Content-Type') ?? '').includes(PROTOBUF)) {
    const { body, skip } = readSequenced(service, Buffer.from(bytes).toString(), bodies.forwardBackwardBody);
    return sequenced(context, service, { modelId: body.model_id, seqId: body.seq_id, digest, skip }, (model) =>
      work.forwardBackward(service, model, bodies.trainingRequest(body, body.forward_backward_input, false)),
    );
  }
  const { modelId, seqId } = decodeTrainingHead(bytes);
  const skip = () => service.models.get(modelId)?.turns.skip(seqId);
  return sequenced(context, service, { modelId, seqId, digest, skip }, (model) =>
    work.forwardBackward(service, model, decodeTrainingRequest(bytes)),
  );
}

async function loadWeightsRoute(context: Context, service: TinkerService): Promise<Response> {
  const text = await context.req.text();
  const { body, skip } = readSequenced(service, text, bodies.loadWeightsBody);
  const digest = digestOf(ROUTES.loadWeights, text);
  if (body.model_id !== undefined) {
    const numbers = { modelId: body.model_id, seqId: body.seq_id, digest, skip };
    return sequenced(context, service, numbers, (model) => work.loadWeights(service, model, body));
  }
  if (body.session_id === undefined || body.model_seq_id === undefined) {
    throw new RequestFault(400, 'model_id', 'must be given, or session_id and model_seq_id for a new model');
  }
  return created(context, service, body.session_id, body.model_seq_id, digest, (id) =>
    work.createFromCheckpoint(service, id, body),
  );
}

/** Answers a request that makes model `seq` of a session; sent again it has the same future. */
function created(
  context: Context,
  service: TinkerService,
  sessionId: string,
  seq: number,
  digest: string,
  begin: (modelId: string) => { readonly model: TrainedModel; readonly start: () => Promise<FutureResult> },
): Response {
  const session = service.session(sessionId);
  const id = `${session.id}:train:${seq}`;
  const known = service.models.get(id);
  // The making of a model is request 0 of it.
  const earlier = known?.turns.known(0, digest);
  if (earlier !== undefined) return context.json({ request_id: earlier, model_id: id });
  const { model, start } = begin(id);
  const futureId = service.futures.add(() => model.turns.run(0, start));
  model.turns.take(0, futureId, digest);
  return context.json({ request_id: futureId, model_id: id });
}

interface Numbers {
  readonly modelId: string;
  readonly seqId: number | undefined;
  readonly digest: string;
  readonly skip: () => void;
}

/** Files the work of a request of one model for its turn; sent again it has the same future. */
function sequenced(
  context: Context,
  service: TinkerService,
  { modelId, seqId, digest, skip }: Numbers,
  prepare: (model: TrainedModel) => () => Promise<FutureResult>,
): Response {
  const model = service.model(modelId);
  const { turns } = model;
  const earlier = turns.known(seqId, digest);
  if (earlier !== undefined) return context.json({ request_id: earlier, model_id: modelId });
  let prepared: () => Promise<FutureResult>;
  try {
    prepared = prepare(model);
  } catch (error) {
    skip();
    throw error;
  }
  const futureId = service.futures.add(
    () => turns.run(seqId, prepared),
    () => turns.reason(seqId),
  );
  turns.take(seqId, futureId, digest);
  return context.json({ request_id: futureId, model_id: modelId });
}

const numbersOnly = z.object({ model_id: z.string(), seq_id: z.number().int() });

/** A body, and how to give up its turn; a body that is refused gives it up at once. */
function readSequenced<S extends z.ZodType>(service: TinkerService, text: string, schema: S) {
  const json = parseJson(text);
  const numbers = numbersOnly.safeParse(json);
  const skip = () => {
    if (numbers.success) service.models.get(numbers.data.model_id)?.turns.skip(numbers.data.seq_id);
  };
  try {
    return { body: parseBody(json, schema), skip };
  } catch (error) {
    skip();
    throw error;
  }
}

function addSamplingRoutes(api: Hono, service: TinkerService): void {
  api.post(ROUTES.createSamplingSession, async (context) => {
    const body = await readJson(context, bodies.createSamplingSessionBody);
    const sampler = await work.createSampler(service, body);
    return context.json({ type: 'create_sampling_session', sampling_session_id: sampler.id });
  });
  api.post('/join_sampling_session', async (context) => {
    const sampler = service.sampler((await readJson(context, bodies.samplingSessionBody)).sampling_session_id);
    return context.json({ type: 'join_sampling_session', client_counter: ++sampler.clients });
  });
  api.post(ROUTES.asample, async (context) => {
    const text = await context.req.text();
    const { body } = readSequenced(service, text, bodies.sampleBody);
    const reply = (futureId: string) => ({
      request_id: futureId,
      sample_sequence_ids: Array.from({ length: body.num_samples }, (_, j) => `${futureId}:${j}`),
    });
    const sampler = body.sampling_session_id === undefined ? undefined : service.sampler(body.sampling_session_id);
    const digest = digestOf(ROUTES.asample, text);
    const key = sampler === undefined || body.seq_id === undefined ? undefined : `${sampler.id} ${body.seq_id}`;
    const earlier = key === undefined ? undefined : service.sampled.get(key);
    if (earlier !== undefined) {
      if (earlier.digest === digest) return context.json(reply(earlier.futureId));
      throw new RequestFault(400, 'seq_id', `must be new in its sampling session, got ${body.seq_id}`);
    }
    const futureId = service.futures.add(await work.sample(service, sampler, body));
    if (key !== undefined) service.sampled.set(key, futureId, digest);
    return context.json(reply(futureId));
  });
}

function addFutureRoutes(api: Hono, service: TinkerService, pollMs: number): void {
  api.post(ROUTES.retrieveFuture, async (context) => {
    const { request_id: id } = await readJson(context, bodies.retrieveFutureBody);
    const outcome = await service.futures.outcome(id, pollMs);
    switch (outcome.state) {
      case 'pending': {
        const reason = outcome.reason === undefined ? {} : { queue_state_reason: outcome.reason };
        const queue_state = outcome.reason === undefined ? 'active' : 'paused_capacity';
        return context.json({ type: 'try_again', request_id: id, queue_state, ...reason }, 408);
      }
      case 'failed':
        return context.json(outcome.failure);
      case 'done': {
        const { json, protobuf } = outcome.result;
        const wanted = (context.req.header('Accept') ?? '').includes(PROTOBUF);
        if (protobuf === undefined || !wanted) return context.json(json() as object);
        return context.body(Uint8Array.from(protobuf()), 200, { 'Content-Type': PROTOBUF });
      }
    }
  });
  api.post(ROUTES.cancelFuture, async (context) => {
    service.futures.cancel((await readJson(context, bodies.retrieveFutureBody)).request_id);
    return context.json({});
  });
}

function blank(fields: readonly string[]): Readonly<Record<string, null>> {
  return Object.fromEntries(fields.map((field) => [field, null]));
}

function digestOf(route: string, body: string | Uint8Array): string {
  return createHash('sha256').update(route).update('\n').update(body).digest('base64');
}
