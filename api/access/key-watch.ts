import { CloseCode } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Logger } from '../../infra/logger.ts';
import type { Caller } from './access.ts';
import { badKey, type Authenticator } from './authentication.ts';

/** How long a subscription may outlive its key. */
const everyMs = 2000;

/** Closes the websockets of keys that were revoked: their subscriptions would go on without another request. */
export class KeyWatch {
  private readonly keyIds = new WeakMap<WebSocket, string>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private isStopped = false;

  /** @param sockets those that are open at any time */
  constructor(
    private readonly sockets: Iterable<WebSocket>,
    private readonly authenticator: Pick<Authenticator, 'goodAmong'>,
    private readonly logger: Logger,
  ) {}

  start(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.looking = this.look()
        .catch((error: unknown) => this.logger.warn({ err: error }, 'the keys of websockets could not be looked at'))
        .finally(() => this.start());
    }, everyMs);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  /** The playground on this machine has no key that could be revoked. */
  add(socket: WebSocket, { keyId }: Pick<Caller, 'keyId'>): void {
    if (keyId !== null) this.keyIds.set(socket, keyId);
  }

  private async look(): Promise<void> {
    const watched = [...this.sockets].flatMap((socket) => {
      const keyId = this.keyIds.get(socket);
      return keyId === undefined ? [] : { socket, keyId };
    });
    if (watched.length === 0) return;
    const good = await this.authenticator.goodAmong(new Set(watched.map(({ keyId }) => keyId)));
    for (const { socket, keyId } of watched) if (!good.has(keyId)) socket.close(CloseCode.Forbidden, badKey);
  }
}
