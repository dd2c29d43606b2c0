import { randomUUID } from 'node:crypto';

const control = process.env['TAGLENS_TEST_TOXIPROXY_URL'];

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${control ?? ''}${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`ToxiProxy answered ${response.status} to ${method} ${path}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/**
 * What a line does to all that comes back over it. Of no time-out the proxy never closes the connection: the other end
 * has fallen silent.
 */
export type Toxic =
  | { type: 'latency'; attributes: { latency: number; jitter: number } }
  /** Kilobytes a second. */
  | { type: 'bandwidth'; attributes: { rate: number } }
  /** Cuts every connection after so many milliseconds. */
  | { type: 'reset_peer'; attributes: { timeout: number } }
  | { type: 'timeout'; attributes: { timeout: 0 } };

/** A line to a server that can be made slow, broken or dead. It has an address of its own. */
export class Line {
  private constructor(
    private readonly name: string,
    /** host:port */
    readonly address: string,
  ) {}

  /** @param upstream host:port */
  static async to(upstream: string): Promise<Line> {
    const name = randomUUID();
    const made = await call('POST', '/proxies', { name, upstream, listen: '127.0.0.1:0', enabled: true });
    return new Line(name, (made as { listen: string }).listen);
  }

  async poison(...toxics: Toxic[]): Promise<void> {
    for (const toxic of toxics)
      await call('POST', `/proxies/${this.name}/toxics`, { name: toxic.type, stream: 'downstream', ...toxic });
  }

  /** Closes every connection and takes no new one. */
  async cut(): Promise<void> {
    await call('POST', `/proxies/${this.name}`, { enabled: false });
  }

  /** As good as new. */
  async mend(): Promise<void> {
    const toxics = (await call('GET', `/proxies/${this.name}/toxics`)) as { name: string }[];
    for (const { name } of toxics) await call('DELETE', `/proxies/${this.name}/toxics/${name}`);
    await call('POST', `/proxies/${this.name}`, { enabled: true });
  }

  async close(): Promise<void> {
    await call('DELETE', `/proxies/${this.name}`);
  }
}
