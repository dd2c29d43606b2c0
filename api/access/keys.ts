import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../../infra/database/database.ts';
import { ApiKeyDigest } from '../../schema/entities/api-key-digest.entity.ts';
import { ApiKey } from '../../schema/entities/api-key.entity.ts';
import { ApiKeyRole } from '../../schema/enums.ts';
import { newId } from '../../schema/id.ts';

/** Keys have 256 random bits, so a plain SHA-256 is enough: there is nothing to guess by brute force. */
export const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** The first owner's id is the same everywhere, so that of two processes which start at once only one makes the key. */
const firstOwnerId = '00000000-0000-7000-8000-000000000000';

/**
 * Makes sure that somebody can get in, which somebody can who has revoked the preset key. Returns the secret when one
 * was made here, to be printed once.
 */
export async function ensureOwnerKey(database: Database, preset: string | undefined): Promise<string | null> {
  const secret = preset ?? `tl_${randomBytes(32).toString('base64url')}`;
  return database.transact(async (manager) => {
    const digest = digestOf(secret);
    const known = preset === undefined ? await manager.count(ApiKey) : await manager.countBy(ApiKeyDigest, { digest });
    if (known > 0) return null;
    const id = preset === undefined ? firstOwnerId : newId();
    const row = { id, name: 'first owner', role: ApiKeyRole.OWNER, projectId: null, createdAt: new Date() };
    await manager.insert(ApiKey, { ...row, revokedAt: null });
    await manager.insert(ApiKeyDigest, { digest, apiKeyId: id });
    return preset === undefined ? secret : null;
  });
}
