import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { S3Config } from '../config.ts';
import { OutageError } from '../outage.ts';
import { ObjectNotFound } from './storage.ts';

/** The first attempt and two more, with growing pauses. */
const maxAttempts = 3;
const connectionTimeoutMs = 5_000;
/** A part of a large object goes up within this, even over a slow line. */
const requestTimeoutMs = 120_000;
const idleTimeoutMs = 15_000;
const maxSockets = 64;

/** A client that keeps its connections and gives up on a silent server. */
export function createS3Client(config: S3Config): S3Client {
  const agent = { keepAlive: true, maxSockets };
  const client = new S3Client({
    ...addressOf(config, config.endpoint),
    retryMode: 'standard',
    maxAttempts,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: idleTimeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  translateErrors(client, config.bucket);
  return client;
}

/** Signs addresses as clients reach the server. What they will send is not known yet, so it gets no checksum. */
export function createS3Signer(config: S3Config): S3Client {
  const address = addressOf(config, config.publicEndpoint ?? config.endpoint);
  const checksums = 'WHEN_REQUIRED';
  return new S3Client({
    ...address,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
  });
}

function addressOf({ region, pathStyle, credentials }: S3Config, endpoint: string | undefined) {
  return {
    region,
    forcePathStyle: pathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
  };
}

/** Every command of this client fails with what the port promises to throw. */
function translateErrors(client: S3Client, bucket: string): void {
  client.middlewareStack.add(
    (next) => (call) =>
      next(call).catch((error: unknown) => {
        throw translate(error, bucket, 'Key' in call.input ? call.input.Key : undefined);
      }),
    { name: 'translateErrors', step: 'initialize', priority: 'high' },
  );
}

/** Codes of S3 that mean a wrong setting, and how to fix it. */
const misconfigurations: Record<string, string> = {
  NoSuchBucket: 'there is no such bucket; create it, or correct TAGLENS_S3_BUCKET',
  InvalidAccessKeyId: 'the access key is unknown; correct TAGLENS_S3_ACCESS_KEY_ID',
  // The same in the words of versitygw.
  XAdminUserNotFound: 'the access key is unknown; correct TAGLENS_S3_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'the secret does not match the access key; correct TAGLENS_S3_SECRET_ACCESS_KEY',
  AccessDenied: 'the access key lacks permission; allow it to list, read, write and delete in the bucket',
  PermanentRedirect: 'the bucket is in another region; correct TAGLENS_S3_REGION or TAGLENS_S3_ENDPOINT',
};

/** Not the request's fault, and gone when the server is back. */
const passingStatuses = new Set([429, 500, 502, 503, 504]);
const networkCodes = new Set(
  'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH ECONNABORTED'.split(' '),
);

/** Whether the storage is away, after all attempts of the client. */
export function isAway(error: unknown): boolean {
  const { name, code, $metadata } = error as { name?: string; code?: string; $metadata?: { httpStatusCode?: number } };
  if (error instanceof S3ServiceException) return passingStatuses.has($metadata?.httpStatusCode ?? 0);
  return name === 'TimeoutError' || (code !== undefined && networkCodes.has(code));
}

function translate(error: unknown, bucket: string, key: string | undefined): unknown {
  if (isAway(error)) return new OutageError('storage', { cause: error });
  if (!(error instanceof S3ServiceException)) return error;
  // An answer to HEAD has no body and therefore no code of S3's own.
  const isMissing = error.name === 'NoSuchKey' || error.name === 'NotFound';
  if (isMissing && key !== undefined) return new ObjectNotFound(key);
  const advice = misconfigurations[error.name];
  return advice === undefined ? error : new Error(`Bucket ${bucket}: ${advice}.`, { cause: error });
}
