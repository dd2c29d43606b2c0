import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** Tells whoever runs the worker how it is. */
export class HealthServer {
  private constructor(
    private readonly server: Server | null,
    readonly url: string | null,
  ) {}

  /**
   * @param port 0 for no server at all
   * @param isReady false or a throw: not now
   */
  static async start(
    host: string,
    port: number,
    registry: Registry,
    isReady: () => Promise<boolean>,
  ): Promise<HealthServer> {
    if (port === 0) return new HealthServer(null, null);
    const server = createServer((request, response) => {
      const failed = (): void => end(response, 500, 'The metrics could not be read.\n');
      answer(request.url ?? '', response, registry, isReady).catch(failed);
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    return new HealthServer(server, `http://${host}:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    if (!this.server) return;
    const closed = new Promise((resolve) => this.server?.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

async function answer(
  url: string,
  response: ServerResponse,
  registry: Registry,
  isReady: () => Promise<boolean>,
): Promise<void> {
  if (url === '/healthz') return end(response, 200, 'ok\n');
  if (url === '/metrics') return end(response, 200, await registry.metrics(), registry.contentType);
  if (url !== '/readyz') return end(response, 404, 'Only /healthz, /readyz and /metrics are available.\n');
  const ready = await isReady().catch(() => false);
  return end(response, ready ? 200 : 503, ready ? 'ready\n' : 'not ready\n');
}

function end(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
