import { Worker } from 'node:worker_threads';
import { EngineError } from '../errors.js';
import type { EngineHost } from './host.js';
import type { Reply, Request, Verb, WorkerSettings } from './protocol.js';
import { disposed } from './validate.js';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress?: ((progress: unknown) => void) | undefined;
}

/** The main thread's side of the worker: calls in order, answers as promises. */
export class WorkerClient {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  /** Why the worker takes no more calls. */
  private ended: Error | undefined;

  constructor(settings: WorkerSettings) {
    // From src and from dist alike this names the built worker.
    const entry = new URL('../../dist/local/worker.js', import.meta.url);
    this.worker = new Worker(entry, { workerData: settings });
    this.worker.on('message', (reply: Reply) => this.settle(reply));
    this.worker.on('error', (error) => this.failAll(error));
    this.worker.on('exit', (code) => this.failAll(new Error(`LocalEngine: its worker ended with code ${code}`)));
    this.worker.unref();
  }

  call<V extends Verb>(verb: V, ...args: Parameters<EngineHost[V]>): Promise<Awaited<ReturnType<EngineHost[V]>>> {
    return this.send(verb, args);
  }

  /** As `call`; `onProgress` gets what the verb reports on the way, for which it takes one argument more. */
  watch<V extends Verb>(
    verb: V,
    onProgress: (progress: unknown) => void,
    ...args: Partial<Parameters<EngineHost[V]>>
  ): Promise<Awaited<ReturnType<EngineHost[V]>>> {
    return this.send(verb, args, onProgress);
  }

  /** As `call` with one array more, which is handed over, not copied. */
  give<V extends Verb>(verb: V, id: number, array: Float32Array): Promise<Awaited<ReturnType<EngineHost[V]>>> {
    return this.send(verb, [id, array], undefined, [array.buffer as ArrayBuffer]);
  }

  private send<V extends Verb>(
    verb: V,
    args: readonly unknown[],
    onProgress?: (progress: unknown) => void,
    handedOver: readonly ArrayBuffer[] = [],
  ): Promise<Awaited<ReturnType<EngineHost[V]>>> {
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => {
      const request: Request = { id: this.nextId++, verb, args, reports: onProgress !== undefined };
      this.waiting.set(request.id, { resolve: resolve as (value: unknown) => void, reject, onProgress });
      // A process with a call under way must not end; one with an idle engine may.
      this.worker.ref();
      this.worker.postMessage(request, handedOver);
    });
  }

  async terminate(): Promise<void> {
    this.failAll(disposed());
    await this.worker.terminate();
  }

  private settle(reply: Reply): void {
    const { id, value, failure } = reply;
    const waiting = this.waiting.get(id);
    if ('progress' in reply) {
      waiting?.onProgress?.(reply.progress);
      return;
    }
    this.waiting.delete(id);
    if (this.waiting.size === 0) this.worker.unref();
    if (failure === undefined) waiting?.resolve(value);
    else if ('code' in failure) waiting?.reject(new EngineError(failure.code, failure.parts));
    else waiting?.reject(new Error(failure.message));
  }

  private failAll(error: Error): void {
    this.ended ??= error;
    for (const { reject } of this.waiting.values()) reject(this.ended);
    this.waiting.clear();
  }
}
