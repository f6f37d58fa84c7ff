import type { Connection } from './connection.js';
import { textField } from './remote-model.js';
import type { LossCall } from './remote-model.js';
import type { AdamParams, CreateModelRequest, Datum, ForwardBackwardOutput, OptimStepOutput } from './wire.js';
import { ROUTES } from './wire.js';

/** A one-rank model on the server to find out what it does; gone once `work` is done. */
export class Trial {
  private seq = 0;

  private constructor(
    private readonly connection: Connection,
    private readonly model: string,
  ) {}

  static async with<T>(connection: Connection, baseModel: string, work: (trial: Trial) => Promise<T>): Promise<T> {
    const session = await connection.post(ROUTES.createSession, {
      tags: [],
      user_metadata: {},
      sdk_version: 'touchstone',
      type: 'create_session',
    });
    const request: CreateModelRequest = {
      session_id: textField(session, 'session_id', ROUTES.createSession),
      model_seq_id: 0,
      base_model: baseModel,
      lora_config: { rank: 1, seed: 0 },
      type: 'create_model',
    };
    const first = await connection.post(ROUTES.createModel, request);
    const made = await connection.result(textField(first, 'request_id', ROUTES.createModel));
    const model = textField(made, 'model_id', ROUTES.createModel);
    try {
      return await work(new Trial(connection, model));
    } finally {
      await connection.tryPost(ROUTES.unloadModel, { model_id: model, type: 'unload_model' });
    }
  }

  /** [targets] Log-probs of the targets of one datum. */
  async forward(datum: Datum): Promise<readonly number[]> {
    const input = { data: [datum], loss_fn: 'cross_entropy' };
    const output = await this.done(ROUTES.forward, { forward_input: input });
    return (output as ForwardBackwardOutput).loss_fn_outputs[0]?.logprobs?.data ?? [];
  }

  /** Adds the gradient of a loss. */
  async backward(data: readonly Datum[], loss: LossCall): Promise<void> {
    await this.done(ROUTES.forwardBackward, { forward_backward_input: inputOf(data, loss) });
  }

  /** The same under one number twice; true where the server takes it for one request. */
  async backwardTwice(data: readonly Datum[], loss: LossCall): Promise<boolean> {
    const body = { forward_backward_input: inputOf(data, loss), seq_id: ++this.seq };
    const one = await this.post(ROUTES.forwardBackward, body);
    const again = await this.post(ROUTES.forwardBackward, body);
    await this.connection.result(one);
    if (again !== one) await this.connection.result(again);
    return again === one;
  }

  /** Norm of the gradient since the last call, which clears it; undefined where the server does not tell it. */
  async gradNorm(): Promise<number | undefined> {
    const adam: AdamParams = { learning_rate: 0, beta1: 0.9, beta2: 0.95, eps: 1e-8 };
    return gradNormOf(
      (await this.done(ROUTES.optimStep, { adam_params: adam, type: 'optim_step' })) as OptimStepOutput,
    );
  }

  private async done(route: string, body: object): Promise<unknown> {
    return await this.connection.result(await this.post(route, { ...body, seq_id: ++this.seq }));
  }

  private async post(route: string, body: object): Promise<string> {
    return textField(await this.connection.post(route, { model_id: this.model, ...body }), 'request_id', route);
  }
}

function inputOf(data: readonly Datum[], { name, config }: LossCall) {
  return { data, loss_fn: name, ...(config !== undefined && { loss_fn_config: config }) };
}

/** Norm of the gradient before clipping, which servers give under different prefixes. */
export function gradNormOf({ metrics }: OptimStepOutput): number | undefined {
  const named = Object.entries(metrics ?? {}).find(([name]) => /(^|[/.:_])grad(ient)?_norm(:\w+)?$/.test(name));
  return named?.[1];
}
