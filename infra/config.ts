import { join } from 'node:path';
import type { SslOptions } from 'mysql2';
import { SettingReader } from './setting-reader.ts';
import { settings } from './settings.ts';

/** Every limit a request is checked against. Sizes are bytes, edges are pixels. */
export interface Limits {
  trainingImageBytes: number;
  predictionImageBytes: number;
  imagesPerProject: number;
  tagsPerProject: number;
  tagsPerImage: number;
  regionsPerImage: number;
  longestEdgePixels: number;
  aspectRatio: number;
  megapixels: number;
  batchSize: number;
  /** Largest budget of an ADVANCED training. */
  trainingMinutes: number;
  minimumTags: number;
  minimumImagesPerTag: number;
  recommendedImagesPerTag: number;
  /** The same for detection, where one tag is enough. */
  minimumImagesPerDetectedTag: number;
  recommendedImagesPerDetectedTag: number;
}

/** Where the rows are: a file of this machine, or a server that many processes share. */
export type DatabaseConfig = { kind: 'sqlite'; folder: string } | ({ kind: 'mysql' } & MysqlConfig);

export interface MysqlConfig {
  /** Without parameters. */
  url: string;
  poolSize: number;
  /** As the driver takes it; undefined: no encryption. */
  ssl: SslOptions | undefined;
}

/** Where pictures and models are: a folder of this machine, or a bucket that many processes share. */
export type StorageConfig = { kind: 'disk'; folder: string } | ({ kind: 's3' } & S3Config);

export interface S3Config {
  bucket: string;
  region: string;
  /** Undefined: the address of the region at Amazon. */
  endpoint: string | undefined;
  /** The same as clients reach it, for addresses that they upload to; undefined: as `endpoint`. */
  publicEndpoint: string | undefined;
  /** https://host/bucket/key instead of https://bucket.host/key. */
  pathStyle: boolean;
  /** Undefined: found as Amazon's tools find them (environment, profile, role of the machine). */
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined;
  /** Whether clients send and fetch pictures straight to and from the bucket. */
  direct: boolean;
}

/** Who remembers how far trainings are: this service in its own database, or a Temporal server. */
export type EngineConfig =
  { kind: 'embedded'; leaseMs: number; pollMs: number } | ({ kind: 'temporal' } & TemporalConfig);

export interface TemporalConfig {
  address: string;
  namespace: string;
  /** Begins the names of the task queues, so that several installations can share a namespace. */
  taskQueue: string;
  apiKey: string | undefined;
  /** Undefined: no encryption. Certificates are in PEM form. */
  tls:
    { serverCa: Buffer | undefined; clientCertificate: Buffer | undefined; clientKey: Buffer | undefined } | undefined;
}

/** The whole configuration, read once at start-up and passed down; nothing else reads the environment. */
export interface Config {
  host: string;
  port: number;
  database: DatabaseConfig;
  storage: StorageConfig;
  engine: EngineConfig;
  /** How long a server that is told to stop goes on answering, so that load balancers learn of it. Milliseconds. */
  drainMs: number;
  /** Where a worker process answers health checks and metrics; 0: nowhere. */
  workerPort: number;
  /** Where spans go, by OTLP over HTTP; undefined: nowhere. */
  otlpEndpoint: string | undefined;
  /** The key of the owner; undefined lets the program make one on the first start. */
  ownerKey: string | undefined;
  logLevel: LogLevel;
  /** Without a slash at the end; undefined: the address that the server listens on. */
  publicUrl: string | undefined;
  keylessPlayground: boolean;
  /** Origins such as https://shop.example, or «*» alone. Pages of these still need a key. */
  corsOrigins: string[];
  introspection: boolean;
  limits: Limits;
  predictions: { retentionDays: number; threads: number; concurrency: number; queueLimit: number };
  /** For each API key and minute, over all processes; 0: no limit. */
  rateLimits: { requestsPerMinute: number; predictionsPerMinute: number };
  /** Hosts and CIDR ranges that image URLs may reach even though they are private. */
  urls: { allow: string[]; timeoutMs: number };
  training: { concurrency: number; threads: number; mostSteps: number };
  /** Names as onnxruntime knows them, the preferred one first. */
  executionProviders: string[];
  modelMemoryBytes: number;
}

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Start-up is refused; `problems` names every wrong setting at once and never repeats a value. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n${problems.map((line) => `  - ${line}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads and checks the environment.
 * @throws ConfigError listing every problem, without values
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const reader = new SettingReader(env);
  const config = build(reader);
  const problems = [...reader.problems, ...unknownNames(env)];
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function build(read: SettingReader): Config {
  return {
    host: read.text('TAGLENS_HOST'),
    port: read.integer('TAGLENS_PORT'),
    database: buildDatabase(read),
    storage: buildStorage(read),
    engine: buildEngine(read),
    drainMs: read.integer('TAGLENS_DRAIN_MS'),
    workerPort: read.integer('TAGLENS_WORKER_PORT'),
    ownerKey: read.secret('TAGLENS_OWNER_KEY'),
    otlpEndpoint: read.url('TAGLENS_OTLP_ENDPOINT'),
    logLevel: read.choice('TAGLENS_LOG_LEVEL', logLevels),
    publicUrl: read.url('TAGLENS_PUBLIC_URL'),
    keylessPlayground: read.flag('TAGLENS_KEYLESS_PLAYGROUND'),
    corsOrigins: read.origins('TAGLENS_CORS_ORIGINS'),
    introspection: read.flag('TAGLENS_INTROSPECTION'),
    limits: buildLimits(read),
    predictions: {
      retentionDays: read.integer('TAGLENS_PREDICTION_RETENTION_DAYS'),
      threads: read.integer('TAGLENS_PREDICTION_THREADS'),
      concurrency: read.integer('TAGLENS_PREDICTION_CONCURRENCY'),
      queueLimit: read.integer('TAGLENS_PREDICTION_QUEUE_LIMIT'),
    },
    rateLimits: {
      requestsPerMinute: read.integer('TAGLENS_RATE_LIMIT_REQUESTS_PER_MINUTE'),
      predictionsPerMinute: read.integer('TAGLENS_RATE_LIMIT_PREDICTIONS_PER_MINUTE'),
    },
    urls: { allow: read.hosts('TAGLENS_URL_ALLOW'), timeoutMs: read.integer('TAGLENS_URL_TIMEOUT_MS') },
    training: {
      concurrency: read.integer('TAGLENS_TRAINING_CONCURRENCY'),
      threads: read.integer('TAGLENS_TRAINING_THREADS'),
      mostSteps: read.integer('TAGLENS_MAX_TRAINING_STEPS'),
    },
    executionProviders: read.words('TAGLENS_EXECUTION_PROVIDERS'),
    modelMemoryBytes: read.integer('TAGLENS_MODEL_MEMORY_BYTES'),
  };
}

function buildDatabase(read: SettingReader): DatabaseConfig {
  const text = read.secretUrl(
    'TAGLENS_DATABASE_URL',
    /^mysql:\/\/[^/?#]+\/[^/?#]+/,
    'mysql://user:password@host:port/name',
  );
  const poolSize = read.integer('TAGLENS_DATABASE_POOL');
  if (text === undefined) return { kind: 'sqlite', folder: read.text('TAGLENS_DATA') };
  const [url = '', query] = text.split('?', 2);
  return { kind: 'mysql', url, poolSize, ssl: mysqlSsl(read, new URLSearchParams(query)) };
}

/** The one parameter that the address of the database may have; another would be dropped without a word. */
function mysqlSsl(read: SettingReader, parameters: URLSearchParams): SslOptions | undefined {
  const unknown = [...parameters.keys()].filter((name) => name !== 'ssl');
  if (unknown.length > 0)
    read.problems.push(`TAGLENS_DATABASE_URL has the parameter ${unknown.join(', ')}; only ssl is supported`);
  const text = parameters.get('ssl');
  if (text === null) return undefined;
  if (text === 'true') return { verifyIdentity: true };
  const options = objectIn(text);
  if (options === undefined)
    read.problems.push('ssl in TAGLENS_DATABASE_URL must be true or a percent-encoded JSON object of TLS options');
  return options;
}

function objectIn(json: string): object | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function buildStorage(read: SettingReader): StorageConfig {
  const bucket = read.text('TAGLENS_S3_BUCKET');
  if (bucket === '') return { kind: 'disk', folder: join(read.text('TAGLENS_DATA'), 'objects') };
  const accessKeyId = read.secret('TAGLENS_S3_ACCESS_KEY_ID');
  const secretAccessKey = read.secret('TAGLENS_S3_SECRET_ACCESS_KEY');
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    read.problems.push(
      'TAGLENS_S3_ACCESS_KEY_ID and TAGLENS_S3_SECRET_ACCESS_KEY belong together; set both or neither',
    );
  return {
    kind: 's3',
    bucket,
    region: read.text('TAGLENS_S3_REGION'),
    endpoint: read.url('TAGLENS_S3_ENDPOINT'),
    publicEndpoint: read.url('TAGLENS_S3_PUBLIC_ENDPOINT'),
    pathStyle: read.flag('TAGLENS_S3_PATH_STYLE'),
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
    direct: read.flag('TAGLENS_S3_DIRECT'),
  };
}

function buildEngine(read: SettingReader): EngineConfig {
  const address = read.text('TAGLENS_TEMPORAL_ADDRESS');
  if (address === '')
    return {
      kind: 'embedded',
      leaseMs: read.integer('TAGLENS_ENGINE_LEASE_MS'),
      pollMs: read.integer('TAGLENS_ENGINE_POLL_MS'),
    };
  const certificates = {
    serverCa: read.file('TAGLENS_TEMPORAL_TLS_CA_FILE'),
    clientCertificate: read.file('TAGLENS_TEMPORAL_TLS_CERT_FILE'),
    clientKey: read.file('TAGLENS_TEMPORAL_TLS_KEY_FILE'),
  };
  if ((certificates.clientCertificate === undefined) !== (certificates.clientKey === undefined))
    read.problems.push(
      'TAGLENS_TEMPORAL_TLS_CERT_FILE and TAGLENS_TEMPORAL_TLS_KEY_FILE belong together; set both or neither',
    );
  const isEncrypted = read.flag('TAGLENS_TEMPORAL_TLS') || Object.values(certificates).some(Boolean);
  return {
    kind: 'temporal',
    address,
    namespace: read.text('TAGLENS_TEMPORAL_NAMESPACE'),
    taskQueue: read.text('TAGLENS_TEMPORAL_TASK_QUEUE'),
    apiKey: read.secret('TAGLENS_TEMPORAL_API_KEY'),
    tls: isEncrypted ? certificates : undefined,
  };
}

function buildLimits(read: SettingReader): Limits {
  return {
    trainingImageBytes: read.integer('TAGLENS_MAX_TRAINING_IMAGE_BYTES'),
    predictionImageBytes: read.integer('TAGLENS_MAX_PREDICTION_IMAGE_BYTES'),
    imagesPerProject: read.integer('TAGLENS_MAX_IMAGES_PER_PROJECT'),
    tagsPerProject: read.integer('TAGLENS_MAX_TAGS_PER_PROJECT'),
    tagsPerImage: read.integer('TAGLENS_MAX_TAGS_PER_IMAGE'),
    regionsPerImage: read.integer('TAGLENS_MAX_REGIONS_PER_IMAGE'),
    longestEdgePixels: read.integer('TAGLENS_MAX_LONGEST_EDGE_PIXELS'),
    aspectRatio: read.integer('TAGLENS_MAX_ASPECT_RATIO'),
    megapixels: read.integer('TAGLENS_MAX_MEGAPIXELS'),
    batchSize: read.integer('TAGLENS_MAX_BATCH_SIZE'),
    trainingMinutes: read.integer('TAGLENS_MAX_TRAINING_MINUTES'),
    minimumTags: read.integer('TAGLENS_MIN_TAGS'),
    minimumImagesPerTag: read.integer('TAGLENS_MIN_IMAGES_PER_TAG'),
    recommendedImagesPerTag: read.integer('TAGLENS_RECOMMENDED_IMAGES_PER_TAG'),
    minimumImagesPerDetectedTag: read.integer('TAGLENS_MIN_IMAGES_PER_DETECTED_TAG'),
    recommendedImagesPerDetectedTag: read.integer('TAGLENS_RECOMMENDED_IMAGES_PER_DETECTED_TAG'),
  };
}

/**
 * Where a server is and a key of it: for `taglens import` and programs of users. A shell that has them exported runs other
 * commands too, for which they mean nothing.
 */
export const clientVariables = { url: 'TAGLENS_URL', key: 'TAGLENS_KEY' } as const;

/** A misspelt name would silently keep its default, so unknown TAGLENS_ names are refused. */
function unknownNames(env: NodeJS.ProcessEnv): string[] {
  const known = new Set([
    ...Object.entries(settings).flatMap(([name, row]) => ('secret' in row ? [name, `${name}_FILE`] : [name])),
    ...Object.values(clientVariables),
  ]);
  return Object.keys(env)
    .filter((name) => name.startsWith('TAGLENS_') && !known.has(name))
    .map((name) => `${name} is not a Taglens setting; check its spelling`);
}

/**
 * An environment for a program that is to know nothing of the installation beside it. Names that are no settings, such
 * as those of test servers, go as well: a start would take them for misspelt ones.
 */
export function withoutSettings(env: NodeJS.ProcessEnv, kept?: RegExp): NodeJS.ProcessEnv {
  const isOutside = (name: string): boolean => !name.startsWith('TAGLENS_') || (kept?.test(name) ?? false);
  return Object.fromEntries(Object.entries(env).filter(([name]) => isOutside(name)));
}

/** One row per setting, for the documentation and `--help`. */
export function describeSettings(): { name: string; default: string; meaning: string }[] {
  return Object.entries(settings).map(([name, row]) => ({ name, default: row.default, meaning: row.meaning }));
}
