import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What befalls a request on its way: nothing; an error instead of the work; the work and then an error, or no answer at
 * all; an answer that is late.
 */
export type Fault = 'none' | 'error-before' | 'error-after' | 'dropped' | { readonly delayMs: number };

/** Stands between a client and a server and spoils what it is told to. */
export class FaultProxy {
  /** Asked for each request in turn; `count` runs from 1. May wait, as for a server that is started again. */
  fault: (path: string, count: number) => Fault | Promise<Fault> = () => 'none';
  /** Requests that were spoilt. */
  spoilt = 0;
  private count = 0;
  private readonly server: Server;

  private constructor(private readonly target: () => string) {
    this.server = createServer((request, response) => void this.pass(request, response));
  }

  /** `target`: where requests go, asked for each. */
  static async start(target: () => string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const fault = await this.fault(request.url ?? '', ++this.count);
    if (fault !== 'none') this.spoilt++;
    if (fault === 'error-before') return answer(response, 500, '{"detail":"spoilt before the work"}');
    const { 'content-type': type = 'application/json', 'x-api-key': key } = request.headers;
    const forwarded = await fetch(`${this.target()}${request.url ?? ''}`, {
      method: request.method ?? 'GET',
      headers: { 'content-type': type, ...(typeof key === 'string' && { 'x-api-key': key }) },
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    })
      .then(async (reply) => ({ status: reply.status, text: await reply.text() }))
      .catch(() => undefined);
    if (fault === 'dropped' || forwarded === undefined) {
      request.socket.destroy();
      return;
    }
    if (typeof fault === 'object') await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault === 'error-after') return answer(response, 500, '{"detail":"spoilt after the work"}');
    answer(response, forwarded.status, forwarded.text);
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(text);
}
