import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { S3Config } from '../../infra/config.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import { failed, ok, type Check, type Finding } from './check.ts';
import { compareClocks } from './clock.ts';

const probe = Buffer.from('Taglens looks whether this can be stored.');
const addressLifetimeMs = 60_000;
const headerResolutionMs = 1000;

export const storageChecks: readonly Check<Storage>[] = [
  { name: 'storage: reachable', run: (storage) => storage.ping().then(() => ok('it answers')) },
  { name: 'storage: put, get, range, delete', run: (storage) => withProbe((key) => checkProbe(storage, key), storage) },
];

export const s3Checks: readonly Check<{ storage: Storage; config: S3Config }>[] = [
  { name: 'storage: direct upload', run: checkDirectUpload },
  { name: 'storage: clock', run: checkClock },
];

async function withProbe(work: (key: string) => Promise<Finding>, storage: Storage): Promise<Finding> {
  // Below uploads/, so that a probe which stays behind is cleared away like any broken-off upload.
  const key = keys.upload(`doctor-${randomUUID()}`);
  try {
    return await work(key);
  } finally {
    await storage.delete(key).catch(() => undefined);
  }
}

async function checkProbe(storage: Storage, key: string): Promise<Finding> {
  await storage.put(key, probe);
  const whole = await buffer(await storage.stream(key));
  const part = await storage.getRange(key, 8, 5);
  await storage.delete(key);
  const remedy = 'Nothing between here and the bucket may modify or cache objects; check proxies and the server.';
  if (!whole.equals(probe) || !part.equals(probe.subarray(8, 13)))
    return failed('different bytes were read back', remedy);
  return (await storage.exists(key)) ? failed('a deleted object is still there', remedy) : ok('all of them work');
}

/** What a client does with an upload ticket. */
function checkDirectUpload({ storage, config }: { storage: Storage; config: S3Config }): Promise<Finding> | Finding {
  if (!config.direct) return ok('not used: TAGLENS_S3_DIRECT is false');
  return withProbe(async (key) => {
    const url = (await storage.uploadUrl(key, probe.length, addressLifetimeMs)) ?? '';
    const response = await fetch(url, { method: 'PUT', body: probe });
    if (response.ok) return ok(`a signed PUT to ${new URL(url).host} works`);
    return failed(
      `a signed PUT to ${new URL(url).host} was refused with ${response.status}`,
      'Set TAGLENS_S3_PUBLIC_ENDPOINT to the address that clients use, or TAGLENS_S3_DIRECT=false.',
    );
  }, storage);
}

/** Every answer has a date, also a refusal; S3 refuses signatures that are too old or too new by its own clock. */
async function checkClock({ config }: { config: S3Config }): Promise<Finding> {
  const beforeMs = Date.now();
  const endpoint = config.endpoint ?? `https://s3.${config.region}.amazonaws.com`;
  const response = await fetch(endpoint, { method: 'HEAD' });
  const date = response.headers.get('date');
  if (date === null) return ok('the server does not report its time');
  return compareClocks(Date.parse(date), beforeMs, Date.now(), headerResolutionMs);
}
