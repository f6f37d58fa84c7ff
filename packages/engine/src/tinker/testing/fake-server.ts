import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Reduction } from '../server-facts.js';
import type {
  CreateModelRequest,
  ForwardBackwardInput,
  LoadWeightsRequest,
  OptimStepRequest,
  SaveWeightsForSamplerRequest,
  SaveWeightsRequest,
  WireSampleRequest,
} from '../wire.js';
import { API_PREFIX, ROUTES } from '../wire.js';
import type { TabularState } from './tabular-model.js';
import { TabularModel } from './tabular-model.js';

export interface FakeServerOptions {
  readonly reduction: Reduction;
  /** One future for all requests of a model under the same `seq_id`. */
  readonly idempotent: boolean;
  readonly vocabSize?: number;
  /** Publishes an OpenAPI description whose AdamParams lack clipping, as SkyRL does. */
  readonly describesItself?: boolean;
  readonly apiKey?: string;
  /** Clips ratios where it likes, whatever the request says, as SkyRL's FSDP back end does with CISPO. */
  readonly ownBounds?: boolean;
}

/**
 * What befalls a request: nothing, an error instead of the work, the work but no answer to it, a result that is an error
 * instead of the work, or an answer that is late.
 */
export type Fault = 'none' | 'refuse' | 'drop-answer' | 'fail-later' | { readonly delayMs: number };

interface Model {
  readonly table: TabularModel;
  readonly taken: Map<number, string>;
}

type Body = Record<string, unknown> & { readonly model_id?: string; readonly seq_id?: number };

/**
 * A server of the Tinker API over a tabular model, in this process. Checkpoints outlive `restart`; models, sessions and
 * results do not.
 */
export class FakeServer {
  readonly requests: { readonly route: string; readonly headers: IncomingMessage['headers'] }[] = [];
  fault: (route: string, count: number) => Fault = () => 'none';
  /** While true no sample is ever done. */
  samplesHang = false;
  /** Ids of the results that a client no longer wants. */
  readonly cancelled: string[] = [];
  private readonly checkpoints = new Map<string, TabularState>();
  private readonly models = new Map<string, Model>();
  private readonly samplers = new Map<string, TabularModel>();
  private readonly futures = new Map<string, unknown>();
  private readonly samples = new Set<string>();
  private counter = 0;
  private server: Server | undefined;
  private port = 0;

  constructor(private readonly options: FakeServerOptions) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The model that was made last. */
  get newest(): TabularModel {
    const newest = [...this.models.values()].at(-1);
    if (newest === undefined) throw new Error('FakeServer: needs a model, got none');
    return newest.table;
  }

  /** Addresses of the checkpoints that there are. */
  get checkpointPaths(): string[] {
    return [...this.checkpoints.keys()];
  }

  get modelCount(): number {
    return this.models.size;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.handle(request, response));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async stop(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    this.server = undefined;
  }

  /** Killed and started again at the same address. */
  async restart(): Promise<void> {
    await this.stop();
    this.models.clear();
    this.samplers.clear();
    this.futures.clear();
    await this.start();
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const route = (request.url ?? '').replace(API_PREFIX, '');
    this.requests.push({ route, headers: request.headers });
    const fault = this.fault(route, this.requests.length);
    if (fault === 'refuse') return send(response, 500, { detail: 'out of luck' });
    const text = Buffer.concat(chunks).toString('utf8');
    const [status, answer] =
      fault === 'fail-later'
        ? [200, { request_id: this.future({ error: 'bad data', category: 'user' }) }]
        : this.answer(route, request.headers, text === '' ? {} : (JSON.parse(text) as Body));
    if (fault === 'drop-answer') {
      request.socket.destroy();
      return;
    }
    if (typeof fault === 'object') await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    send(response, status, answer);
  }

  private answer(route: string, headers: IncomingMessage['headers'], body: Body): [number, unknown] {
    const { apiKey, describesItself = false } = this.options;
    if (apiKey !== undefined && headers['x-api-key'] !== apiKey) return [401, { detail: 'wrong key' }];
    if (route === '/openapi.json') return describesItself ? [200, OPENAPI] : [404, { detail: 'none' }];
    if (route === ROUTES.serverCapabilities) return [200, { supported_models: [{ model_name: 'tabular' }] }];
    if (route === ROUTES.createSession) return [200, { session_id: `session-${++this.counter}` }];
    if (route === ROUTES.sessionHeartbeat) return [200, {}];
    if (route === ROUTES.retrieveFuture) return this.retrieve(String(body.request_id));
    if (route === ROUTES.cancelFuture) return [200, this.cancelled.push(String(body.request_id))];
    if (route.startsWith(ROUTES.trainingRuns)) return this.remove(route);
    if (route === ROUTES.createModel) return this.createModel(body as unknown as CreateModelRequest);
    if (route === ROUTES.asample) return this.asample(body as unknown as WireSampleRequest);
    const model = this.models.get(body.model_id ?? '');
    if (model === undefined) return [404, { detail: 'Model not found' }];
    const { seq_id = 0 } = body;
    const known = this.options.idempotent ? model.taken.get(seq_id) : undefined;
    if (known !== undefined) return [200, { request_id: known }];
    const [status, result] = this.work(route, body, model);
    if (status !== 200) return [status, result];
    const request_id = this.future(result);
    model.taken.set(seq_id, request_id);
    return [200, { request_id }];
  }

  private work(route: string, body: Body, model: Model): [number, unknown] {
    const { table } = model;
    switch (route) {
      case ROUTES.forward:
        return [200, outputs(table, body.forward_input as ForwardBackwardInput)];
      case ROUTES.forwardBackward: {
        const input = body.forward_backward_input as ForwardBackwardInput;
        if (input.loss_fn === 'custom') return [400, { detail: 'no such loss' }];
        const result = outputs(table, input);
        const config = this.options.ownBounds === true ? {} : (input.loss_fn_config ?? {});
        for (const datum of input.data) table.accumulate(datum, input.loss_fn, config);
        return [200, result];
      }
      case ROUTES.optimStep:
        return [200, { metrics: { 'fake/grad_norm': table.step((body as unknown as OptimStepRequest).adam_params) } }];
      case ROUTES.saveWeights: {
        const path = `tinker://${String(body.model_id)}/weights/${(body as unknown as SaveWeightsRequest).path}`;
        if (this.checkpoints.has(path)) return [409, { detail: 'exists' }];
        this.checkpoints.set(path, table.state());
        return [200, { path }];
      }
      case ROUTES.loadWeights: {
        const state = this.checkpoints.get((body as unknown as LoadWeightsRequest).path);
        if (state === undefined) return [404, { detail: 'Checkpoint not found' }];
        this.models.set(String(body.model_id), { ...model, table: this.tabular(state) });
        return [200, {}];
      }
      case ROUTES.saveWeightsForSampler: {
        const { sampling_session_seq_id } = body as unknown as SaveWeightsForSamplerRequest;
        const sampling_session_id = `${String(body.model_id)}-sampler-${sampling_session_seq_id}`;
        if (this.samplers.has(sampling_session_id)) return [409, { detail: 'exists' }];
        this.samplers.set(sampling_session_id, this.tabular(table.state()));
        return [200, { path: null, sampling_session_id }];
      }
      case ROUTES.unloadModel:
        this.models.delete(String(body.model_id));
        return [200, {}];
      default:
        return [404, { detail: `no route ${route}` }];
    }
  }

  private createModel({ base_model }: CreateModelRequest): [number, unknown] {
    if (base_model !== 'tabular') return [400, { detail: `no model ${base_model}` }];
    const model_id = `model-${++this.counter}`;
    this.models.set(model_id, { table: this.tabular(), taken: new Map() });
    return [200, { model_id, request_id: this.future({ model_id }) }];
  }

  private asample(request: WireSampleRequest): [number, unknown] {
    const table = this.samplers.get(request.sampling_session_id ?? '');
    if (table === undefined) return [404, { detail: 'Sampling session not found' }];
    const prompt = request.prompt.chunks.flatMap(({ tokens }) => tokens);
    const { max_tokens, seed = 0, temperature = 1, stop } = request.sampling_params;
    const ends = Array.isArray(stop) ? stop.filter((each): each is number => typeof each === 'number') : [];
    const sequences = Array.from({ length: request.num_samples }, (_, j) =>
      table.sample(prompt, max_tokens, (seed ?? 0) + j, temperature, ends),
    );
    const prompt_logprobs = prompt.slice(1).map((token, t) => table.logProbs(prompt[t] as number)[token] as number);
    const request_id = this.future({ sequences, prompt_logprobs });
    this.samples.add(request_id);
    return [200, { request_id }];
  }

  private remove(route: string): [number, unknown] {
    const path = route.replace(`${ROUTES.trainingRuns}/`, 'tinker://').replace('/checkpoints/', '/');
    return this.checkpoints.delete(path) ? [200, {}] : [404, { detail: 'Checkpoint not found' }];
  }

  /** Says "not yet" to the first question about each result. */
  private retrieve(id: string): [number, unknown] {
    if (!this.futures.has(id)) return [404, { detail: 'Future not found' }];
    const asked = `${id} asked`;
    if (!this.futures.has(asked) || (this.samplesHang && this.samples.has(id))) {
      this.futures.set(asked, true);
      return [200, { type: 'try_again', request_id: id, queue_state: 'active' }];
    }
    return [200, this.futures.get(id)];
  }

  private future(result: unknown): string {
    const id = String(++this.counter);
    this.futures.set(id, result);
    return id;
  }

  private tabular(state?: TabularState): TabularModel {
    return new TabularModel(this.options.vocabSize ?? 8, this.options.reduction, state);
  }
}

const OPENAPI = {
  components: {
    schemas: {
      AdamParams: { properties: { learning_rate: {}, beta1: {}, beta2: {}, eps: {} } },
      ForwardBackwardInput: {
        properties: { loss_fn: { enum: ['cross_entropy', 'importance_sampling', 'ppo', 'cispo'] } },
      },
    },
  },
};

function outputs(table: TabularModel, { data }: ForwardBackwardInput) {
  const loss_fn_outputs = data.map((datum) => ({ logprobs: { data: table.score(datum) } }));
  return { loss_fn_output_type: 'scalar', loss_fn_outputs, metrics: {} };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
