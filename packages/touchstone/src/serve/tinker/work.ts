import type { z } from 'zod';
import { RequestFault } from '../http.js';
import type * as bodies from './bodies.js';
import type { TrainingRequest } from './bodies.js';
import { parseTinkerPath } from './checkpoints.js';
import type { FutureResult } from './futures.js';
import { encodeForwardBackwardOutput, encodeSampleResult } from './proto.js';
import { sampleResultJson } from './sample-result.js';
import { runSample, samplePlan } from './sampling.js';
import type { Sampler, TinkerService, TrainedModel } from './service.js';
import { forwardBackwardJson, runTrainingBatch, trainingBatch } from './training.js';

/** What each request does. A function checks its request at once and returns the work that runs when its turn comes. */

type Body<S extends keyof typeof bodies> = (typeof bodies)[S] extends z.ZodType ? z.infer<(typeof bodies)[S]> : never;
type Work = () => Promise<FutureResult>;

function json(body: Readonly<Record<string, unknown>>): FutureResult {
  return { json: () => body };
}

/** A model with the weights of the base. LoRA settings have no effect: all weights are trained. */
export function createModel(
  service: TinkerService,
  body: Body<'createModelBody'>,
): { readonly model: TrainedModel; readonly start: Work } {
  service.checkBaseModel('base_model', body.base_model);
  const session = service.session(body.session_id);
  const model = service.addModel({
    id: `${session.id}:train:${body.model_seq_id}`,
    session,
    userMetadata: body.user_metadata ?? null,
  });
  const start = making(service, model, async () => {
    model.engine = await service.options.base.fork();
    return json({ type: 'create_model', model_id: model.id });
  });
  return { model, start };
}

/** A new model with the weights of a checkpoint, and its optimiser state where that is asked for. */
export function createFromCheckpoint(
  service: TinkerService,
  id: string,
  body: Body<'loadWeightsBody'>,
): { readonly model: TrainedModel; readonly start: Work } {
  if (body.base_model !== undefined) service.checkBaseModel('base_model', body.base_model);
  const path = parseTinkerPath('path', body.path);
  const session = service.session(body.session_id ?? '');
  const model = service.addModel({ id, session, userMetadata: body.user_metadata ?? null });
  const start = making(service, model, async () => {
    const { folder } = await service.checkpoints.find('path', path);
    model.engine = await service.loadEngine(folder, body.optimizer);
    return json({ type: 'load_weights', model_id: model.id, path: body.path });
  });
  return { model, start };
}

/** A model that could not be made does not stay. */
function making(service: TinkerService, model: TrainedModel, make: Work): Work {
  return async () => {
    try {
      return await make();
    } catch (error) {
      await service.removeModel(model);
      throw error;
    }
  };
}

export function loadWeights(service: TinkerService, model: TrainedModel, body: Body<'loadWeightsBody'>): Work {
  const path = parseTinkerPath('path', body.path);
  return async () => {
    const before = service.engineOf(model);
    const { folder } = await service.checkpoints.find('path', path);
    model.engine = await service.loadEngine(folder, body.optimizer);
    await before.dispose();
    model.version++;
    return json({ type: 'load_weights', path: body.path });
  };
}

export function unloadModel(service: TinkerService, model: TrainedModel): Work {
  return async () => {
    await service.removeModel(model);
    return json({ type: 'unload_model', model_id: model.id });
  };
}

export function forwardBackward(service: TinkerService, model: TrainedModel, request: TrainingRequest): Work {
  const batch = trainingBatch(service.options.base.model, request);
  return async () => {
    const output = await runTrainingBatch(service.engineOf(model), batch, !request.forwardOnly);
    return { json: () => forwardBackwardJson(output), protobuf: () => encodeForwardBackwardOutput(output) };
  };
}

export function optimStep(service: TinkerService, model: TrainedModel, body: Body<'optimStepBody'>): Work {
  const { learning_rate, beta1, beta2, eps, weight_decay, grad_clip_norm } = body.adam_params;
  return async () => {
    const { gradNorm, step } = await service.engineOf(model).optimStep({
      learningRate: learning_rate,
      beta1,
      beta2,
      eps,
      weightDecay: weight_decay,
      maxGradNorm: Math.max(0, grad_clip_norm),
    });
    if (!Number.isFinite(gradNorm)) {
      throw new RequestFault(
        400,
        '',
        `optim_step: the gradient must be finite, got norm ${gradNorm}; nothing was applied`,
      );
    }
    model.version++;
    return json({ type: 'optim_step', metrics: { grad_norm: gradNorm, optimizer_steps: step } });
  };
}

export function saveWeights(service: TinkerService, model: TrainedModel, body: Body<'saveWeightsBody'>): Work {
  return async () => {
    const path = await service.checkpoints.save(
      {
        model: model.id,
        kind: 'weights',
        name: body.path ?? `request-${body.seq_id ?? Date.now()}`,
        baseModel: service.options.modelName,
        overwrite: body.overwrite,
        ttlSeconds: body.ttl_seconds,
        userMetadata: body.user_metadata,
      },
      (folder) => service.engineOf(model).saveState(folder),
    );
    return json({ type: 'save_weights', path });
  };
}

/** Under a name the weights are saved; without one they are kept in memory for a sampling session of their own. */
export function saveForSampler(service: TinkerService, model: TrainedModel, body: Body<'saveForSamplerBody'>): Work {
  const { path: name, sampling_session_seq_id: seq } = body;
  const type = 'save_weights_for_sampler';
  if (name === undefined) {
    return async () => {
      const key = await service.snapshot(model);
      const sampler = service.addSampler(
        model.session,
        seq ?? `${model.id}:${body.seq_id ?? model.version}`,
        undefined,
        key,
      );
      return json({ type, path: null, sampling_session_id: sampler.id });
    };
  }
  return async () => {
    const path = await service.checkpoints.save(
      {
        model: model.id,
        kind: 'sampler_weights',
        name,
        baseModel: service.options.modelName,
        ttlSeconds: body.ttl_seconds,
        userMetadata: body.user_metadata,
      },
      (folder) => service.engineOf(model).saveState(folder, { weightsOnly: true }),
    );
    return json({ type, path });
  };
}

export async function createSampler(service: TinkerService, body: Body<'createSamplingSessionBody'>): Promise<Sampler> {
  const session = service.session(body.session_id);
  if (body.base_model !== undefined) service.checkBaseModel('base_model', body.base_model);
  if (body.model_path !== undefined)
    await service.checkpoints.find('model_path', parseTinkerPath('model_path', body.model_path));
  return service.addSampler(session, body.sampling_session_seq_id, body.model_path);
}

/** Work that ends early when its signal is aborted. */
export async function sample(
  service: TinkerService,
  sampler: Sampler | undefined,
  body: Body<'sampleBody'>,
): Promise<(signal: AbortSignal) => Promise<FutureResult>> {
  const plan = samplePlan(service.options.base.model, body);
  const weights = sampler === undefined ? await directWeights(service, body) : sampler.weights;
  return (signal) =>
    service.withWeights(weights, async (engine, batcher) => {
      const result = await runSample(engine, batcher, plan, signal);
      return { json: () => sampleResultJson(result), protobuf: () => encodeSampleResult(result) };
    });
}

async function directWeights(service: TinkerService, body: Body<'sampleBody'>): Promise<string | undefined> {
  const { model_path: path, base_model: base } = body;
  if (path !== undefined) {
    await service.checkpoints.find('model_path', parseTinkerPath('model_path', path));
    return path;
  }
  if (base === undefined)
    throw new RequestFault(400, 'sampling_session_id', 'must be given, or model_path, or base_model');
  service.checkBaseModel('base_model', base);
  return undefined;
}
