import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { In, IsNull } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { ApiKeyDigest } from '../../schema/entities/api-key-digest.entity.ts';
import { ApiKey } from '../../schema/entities/api-key.entity.ts';
import { ApiKeyRole } from '../../schema/enums.ts';
import type { Caller } from './access.ts';
import { DomainError } from '../errors.ts';
import { digestOf } from './keys.ts';

/** What a transport knows about who is asking. */
export interface Credentials {
  headers: IncomingHttpHeaders;
  remoteAddress: string | undefined;
}

export const badKey = 'This key is unknown or was revoked; ask an owner for a new one.';

const isLoopbackHost = (host: string): boolean => {
  const name = host.replace(/^\[|\]$/g, '');
  return name === 'localhost' || (isIP(name) !== 0 && ipaddr.process(name).range() === 'loopback');
};

/** Finds out who is asking: by key, or by being the playground on this very machine. */
export class Authenticator {
  /** @param trustsLoopback whether the playground works without a key when it is opened on this machine */
  constructor(
    private readonly database: Database,
    private readonly trustsLoopback: boolean,
  ) {}

  /** Who sends a request over plain HTTP. @throws DomainError UNAUTHENTICATED */
  callerOf({ headers, ip }: { headers: IncomingHttpHeaders; ip: string }): Promise<Caller> {
    return this.authenticate({ headers, remoteAddress: ip });
  }

  /** @throws DomainError UNAUTHENTICATED */
  async authenticate({ headers, remoteAddress }: Credentials): Promise<Caller> {
    const idempotencyKey = idempotencyKeyOf(headers);
    const secret = secretOf(headers);
    if (secret !== null) return { ...(await this.holderOf(secret)), idempotencyKey };
    if (this.trustsLoopback && isOwnPlayground(headers, remoteAddress))
      return { keyId: null, role: ApiKeyRole.OWNER, projectId: null, idempotencyKey };
    const message = 'An API key is required: send the header “Authorization: Bearer KEY” or “X-Api-Key: KEY”.';
    throw new DomainError('UNAUTHENTICATED', message);
  }

  /** Those of the keys that still open something. */
  async goodAmong(keyIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const where = { id: In([...keyIds]), revokedAt: IsNull() };
    const keys = await this.database.read.manager.find(ApiKey, { select: { id: true }, where });
    return new Set(keys.map(({ id }) => id));
  }

  private async holderOf(secret: string): Promise<Omit<Caller, 'idempotencyKey'>> {
    const { manager } = this.database.read;
    const digest = await manager.findOneBy(ApiKeyDigest, { digest: digestOf(secret) });
    const key = digest && (await manager.findOneBy(ApiKey, { id: digest.apiKeyId }));
    if (!key || key.revokedAt !== null) throw new DomainError('UNAUTHENTICATED', badKey);
    return { keyId: key.id, role: key.role, projectId: key.projectId };
  }
}

function secretOf(headers: IncomingHttpHeaders): string | null {
  const { authorization } = headers;
  const bearer = authorization === undefined ? undefined : /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (authorization !== undefined && bearer === undefined)
    throw new DomainError('UNAUTHENTICATED', 'The header Authorization must read “Bearer KEY”.');
  const plain = headers['x-api-key'];
  return bearer ?? (typeof plain === 'string' && plain !== '' ? plain : null);
}

function idempotencyKeyOf(headers: IncomingHttpHeaders): string | null {
  const key = headers['idempotency-key'];
  if (typeof key !== 'string' || key === '') return null;
  if (key.length <= 200) return key;
  throw new DomainError('INVALID', `Idempotency-Key may have at most 200 characters; it has ${key.length}.`, {
    max: 200,
  });
}

/**
 * A browser on this machine that shows our own page. The Origin must be the Host, and the Host a loopback name: that
 * shuts out foreign pages and names that were made to point here (DNS rebinding). A proxy gives itself away.
 */
function isOwnPlayground(headers: IncomingHttpHeaders, remoteAddress: string | undefined): boolean {
  const { host, origin } = headers;
  if (!remoteAddress || ipaddr.process(remoteAddress).range() !== 'loopback') return false;
  if (host === undefined || origin !== `http://${host}`) return false;
  if (['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'].some((name) => name in headers))
    return false;
  return isLoopbackHost(new URL(origin).hostname);
}
