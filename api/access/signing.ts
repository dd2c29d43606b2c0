import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '../../infra/database/database.ts';
import { ServerSecret } from '../../schema/entities/server-secret.entity.ts';
import { DomainError } from '../errors.ts';

const hourMs = 3_600_000;

/** Makes and checks addresses that open one object for a while without a key, as an `<img>` needs. */
export class UrlSigner {
  constructor(
    private readonly secret: string,
    private readonly publicUrl: () => string,
  ) {}

  /** The end is rounded up to a full hour, so that a page asked for twice finds its pictures in the browser's cache. */
  sign(path: string, lifetimeMs: number): { url: string; expiresAt: Date } {
    const expiresMs = Math.ceil((Date.now() + lifetimeMs) / hourMs) * hourMs;
    const query = `expires=${expiresMs}&signature=${this.signatureOf(path, expiresMs)}`;
    return { url: `${this.publicUrl()}${path}?${query}`, expiresAt: new Date(expiresMs) };
  }

  /** @throws DomainError unless the address is ours and still good */
  check(path: string, query: { expires?: string; signature?: string }): void {
    const expiresMs = Number(query.expires);
    const expected = Buffer.from(this.signatureOf(path, expiresMs));
    const given = Buffer.from(query.signature ?? '');
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new DomainError('FORBIDDEN', 'The signature of this URL is wrong; request a new URL from the API.');
    if (expiresMs < Date.now())
      throw new DomainError('FORBIDDEN', 'This URL has expired; request a new one from the API.', { expiresMs });
  }

  private signatureOf(path: string, expiresMs: number): string {
    return createHmac('sha256', this.secret).update(`${path}\n${expiresMs}`).digest('base64url');
  }
}

/** The same for every process and after every restart. */
export function ensureSecret(database: Database, name: 'url-signing' | 'installation'): Promise<string> {
  return database.transact(async (manager) => {
    const known = await manager.findOneBy(ServerSecret, { name });
    if (known) return known.value;
    const value = randomBytes(32).toString('base64url');
    await manager.insert(ServerSecret, { name, value });
    return value;
  });
}
