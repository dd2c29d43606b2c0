import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, DeleteBucketCommand } from '@aws-sdk/client-s3';
import { loadConfig, type S3Config } from '../../infra/config.ts';
import { createS3Client } from '../../infra/storage/s3-client.ts';
import { S3Storage } from '../../infra/storage/s3.ts';
import type { Backend } from './backend.ts';

const { TAGLENS_TEST_S3_ENDPOINT: endpoint } = process.env;
const { TAGLENS_TEST_S3_ACCESS_KEY_ID: accessKeyId, TAGLENS_TEST_S3_SECRET_ACCESS_KEY: secret } = process.env;

export const hasS3 = endpoint !== undefined;

/** A bucket of its own. */
export async function s3Backend(): Promise<Backend | null> {
  const settings = settingsFor(`taglens-test-${randomUUID()}`);
  if (!settings) return null;
  const config = loadConfig(settings).storage as S3Config;
  const client = createS3Client(config);
  await client.send(new CreateBucketCommand({ Bucket: config.bucket }));
  return { settings, close: () => removeBucket(config) };
}

function settingsFor(bucket: string): Record<string, string> | null {
  if (endpoint === undefined || accessKeyId === undefined || secret === undefined) return null;
  return {
    TAGLENS_S3_BUCKET: bucket,
    TAGLENS_S3_ENDPOINT: endpoint,
    TAGLENS_S3_ACCESS_KEY_ID: accessKeyId,
    TAGLENS_S3_SECRET_ACCESS_KEY: secret,
    TAGLENS_S3_PATH_STYLE: 'true',
  };
}

/** S3 removes empty buckets only. */
async function removeBucket(config: S3Config): Promise<void> {
  const storage = new S3Storage(config);
  await storage.discardUnfinished(new Date());
  for await (const { key } of storage.list('')) await storage.delete(key);
  await createS3Client(config).send(new DeleteBucketCommand({ Bucket: config.bucket }));
}
