import { ROUTES } from '@touchstone/engine/tinker';
import type { Context, Hono } from 'hono';
import { readJson, RequestFault } from '../http.js';
import * as bodies from './bodies.js';
import { parseTinkerPath, type CheckpointCard } from './checkpoints.js';
import type { TinkerService } from './service.js';

/** Routes that tell what there is: models, checkpoints, sessions, samplers. Nothing here computes. */
export function addReadRoutes(api: Hono, service: TinkerService): void {
  addModelInfo(api, service);
  addCheckpointRoutes(api, service);
  api.get('/samplers/:id', (context) => {
    const { id, modelPath } = service.sampler(context.req.param('id'));
    return context.json({ sampler_id: id, base_model: service.options.modelName, model_path: modelPath ?? null });
  });
  api.get('/sessions', (context) => context.json({ sessions: [...service.sessions.keys()] }));
  api.get('/sessions/:id', (context) => {
    const session = service.session(context.req.param('id'));
    return context.json({
      training_run_ids: [...session.models],
      sampler_ids: [...session.samplers],
      user_metadata: session.userMetadata,
      display_name: session.displayName ?? null,
    });
  });
}

function addModelInfo(api: Hono, service: TinkerService): void {
  const { base, modelName, tokenizerId } = service.options;
  api.get(ROUTES.serverCapabilities, (context) => {
    const known = { max_context_length: base.model.contextLength, trainable: true, sampleable: true };
    return context.json({ supported_models: [{ model_name: modelName, ...known }] });
  });
  api.post(ROUTES.getInfo, async (context) => {
    const { id } = service.model((await readJson(context, bodies.modelBody)).model_id);
    return context.json({
      type: 'get_info',
      model_id: id,
      model_data: { arch: base.model.family, model_name: modelName, tokenizer_id: tokenizerId },
      model_name: modelName,
      // Whatever rank was asked for: this server trains every weight.
      is_lora: false,
      lora_rank: null,
    });
  });
  api.post(ROUTES.weightsInfo, async (context) => {
    const path = parseTinkerPath('tinker_path', (await readJson(context, bodies.weightsInfoBody)).tinker_path);
    const { card } = await service.checkpoints.find('tinker_path', path);
    return context.json({ base_model: card.base_model, is_lora: false, lora_rank: null });
  });
  api.get('/training_runs', async (context) => {
    const ids = [
      ...new Set([...service.models.keys(), ...(await service.checkpoints.list()).map(({ model }) => model)]),
    ];
    const { limit, offset } = pageOf(context);
    const runs = await Promise.all(ids.slice(offset, offset + limit).map((id) => trainingRun(service, id)));
    return context.json({ training_runs: runs, cursor: { offset, limit, total_count: ids.length } });
  });
  api.get('/training_runs/:id', async (context) => context.json(await trainingRun(service, context.req.param('id'))));
}

function addCheckpointRoutes(api: Hono, service: TinkerService): void {
  api.get('/checkpoints', async (context) => {
    const cards = await service.checkpoints.list();
    const { limit, offset } = pageOf(context);
    const cursor = { offset, limit, total_count: cards.length };
    return context.json({ checkpoints: cards.slice(offset, offset + limit).map(checkpointJson), cursor });
  });
  for (const folder of ['training_runs', 'models']) {
    api.get(`/${folder}/:id/checkpoints`, async (context) => {
      const cards = await service.checkpoints.list(context.req.param('id'));
      return context.json({ checkpoints: cards.map(checkpointJson) });
    });
  }
  // A checkpoint's id is `weights/<name>` or `sampler_weights/<name>`.
  api.delete('/training_runs/:id/checkpoints/:kind/:name', async (context) => {
    const { id, kind, name } = context.req.param();
    await service.checkpoints.remove(parseTinkerPath('checkpoint', `tinker://${id}/${kind}/${name}`));
    return context.body(null, 204);
  });
}

async function trainingRun(service: TinkerService, id: string): Promise<object> {
  const model = service.models.get(id);
  const cards = await service.checkpoints.list(id);
  const last = (kind: CheckpointCard['kind']) => {
    const card = cards.findLast((each) => each.kind === kind);
    return card === undefined ? null : checkpointJson(card);
  };
  const time = model?.lastRequest.toISOString() ?? cards.at(-1)?.time;
  if (time === undefined) throw new RequestFault(404, 'training_run_id', `must be a training run, got ${id}`);
  return {
    training_run_id: id,
    base_model: cards.at(-1)?.base_model ?? service.options.modelName,
    model_owner: 'local',
    is_lora: false,
    corrupted: false,
    lora_rank: null,
    last_request_time: time,
    last_checkpoint: last('weights'),
    last_sampler_checkpoint: last('sampler_weights'),
    user_metadata: model?.userMetadata ?? null,
  };
}

function checkpointJson(card: CheckpointCard): object {
  const { model, kind, name, time, size_bytes, expires_at, user_metadata } = card;
  return {
    checkpoint_id: `${kind}/${name}`,
    checkpoint_type: kind === 'weights' ? 'training' : 'sampler',
    time,
    tinker_path: `tinker://${model}/${kind}/${name}`,
    size_bytes,
    public: false,
    expires_at,
    user_metadata,
  };
}

function pageOf(context: Context): { readonly limit: number; readonly offset: number } {
  const read = (name: string, otherwise: number) => {
    const text = context.req.query(name);
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new RequestFault(400, name, `must be a whole number, got ${text}`);
  };
  return { limit: read('limit', 20), offset: read('offset', 0) };
}
