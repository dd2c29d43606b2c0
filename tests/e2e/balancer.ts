import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

const healthEveryMs = 50;

/** A balancer as one stands before many servers: each new connection goes to the next server that says it is ready. */
export class Balancer {
  private readonly server = createServer((client) => this.pipe(client));
  private readonly ready = new Set<string>();
  private readonly sockets = new Set<Socket>();
  private readonly timer: NodeJS.Timeout;
  private turn = 0;

  private constructor(private targets: readonly string[]) {
    this.timer = setInterval(() => void this.look(), healthEveryMs);
  }

  static async over(...targets: string[]): Promise<Balancer> {
    const balancer = new Balancer(targets);
    await balancer.look();
    balancer.server.listen(0, '127.0.0.1');
    await once(balancer.server, 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Puts one server in the place of another, and waits until it is known to be ready. */
  async replace(old: string, fresh: string): Promise<void> {
    this.targets = this.targets.map((target) => (target === old ? fresh : target));
    this.ready.delete(old);
    while (!this.ready.has(fresh)) await new Promise((resolve) => setTimeout(resolve, healthEveryMs));
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private async look(): Promise<void> {
    await Promise.all(
      this.targets.map(async (target) => {
        const isReady = await fetch(`${target}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
        if (isReady && this.targets.includes(target)) this.ready.add(target);
        else this.ready.delete(target);
      }),
    );
  }

  private pipe(client: Socket): void {
    const ready = [...this.ready];
    const target = ready[this.turn++ % ready.length];
    if (target === undefined) {
      client.destroy();
      return;
    }
    const { hostname, port } = new URL(target);
    const upstream = connect(Number(port), hostname);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => this.sockets.delete(one));
    }
  }
}
