import { readFileSync } from 'node:fs';
import ipaddr from 'ipaddr.js';
import { settings, type SettingKind, type SettingName } from './settings.ts';

/** Every limit a request is checked against. Sizes are bytes, edges are pixels. */
export interface Limits {
  trainingImageBytes: number;
  predictionImageBytes: number;
  imagesPerProject: number;
  tagsPerProject: number;
  tagsPerImage: number;
  longestEdgePixels: number;
  aspectRatio: number;
  megapixels: number;
  batchSize: number;
  minimumTags: number;
  minimumImagesPerTag: number;
  recommendedImagesPerTag: number;
}

/** The whole configuration, read once at start-up and passed down; nothing else reads the environment. */
export interface Config {
  host: string;
  port: number;
  /** Folder that holds the database and the stored objects. */
  data: string;
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
  /** Hosts and CIDR ranges that image URLs may reach even though they are private. */
  urls: { allow: string[]; timeoutMs: number };
  training: { concurrency: number; threads: number };
  modelMemoryBytes: number;
  engine: { leaseMs: number; pollMs: number };
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
    data: read.text('TAGLENS_DATA'),
    ownerKey: read.secret('TAGLENS_OWNER_KEY'),
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
    urls: { allow: read.hosts('TAGLENS_URL_ALLOW'), timeoutMs: read.integer('TAGLENS_URL_TIMEOUT_MS') },
    training: {
      concurrency: read.integer('TAGLENS_TRAINING_CONCURRENCY'),
      threads: read.integer('TAGLENS_TRAINING_THREADS'),
    },
    modelMemoryBytes: read.integer('TAGLENS_MODEL_MEMORY_BYTES'),
    engine: { leaseMs: read.integer('TAGLENS_ENGINE_LEASE_MS'), pollMs: read.integer('TAGLENS_ENGINE_POLL_MS') },
  };
}

function buildLimits(read: SettingReader): Limits {
  return {
    trainingImageBytes: read.integer('TAGLENS_MAX_TRAINING_IMAGE_BYTES'),
    predictionImageBytes: read.integer('TAGLENS_MAX_PREDICTION_IMAGE_BYTES'),
    imagesPerProject: read.integer('TAGLENS_MAX_IMAGES_PER_PROJECT'),
    tagsPerProject: read.integer('TAGLENS_MAX_TAGS_PER_PROJECT'),
    tagsPerImage: read.integer('TAGLENS_MAX_TAGS_PER_IMAGE'),
    longestEdgePixels: read.integer('TAGLENS_MAX_LONGEST_EDGE_PIXELS'),
    aspectRatio: read.integer('TAGLENS_MAX_ASPECT_RATIO'),
    megapixels: read.integer('TAGLENS_MAX_MEGAPIXELS'),
    batchSize: read.integer('TAGLENS_MAX_BATCH_SIZE'),
    minimumTags: read.integer('TAGLENS_MIN_TAGS'),
    minimumImagesPerTag: read.integer('TAGLENS_MIN_IMAGES_PER_TAG'),
    recommendedImagesPerTag: read.integer('TAGLENS_RECOMMENDED_IMAGES_PER_TAG'),
  };
}

/** Reads settings one by one and collects what is wrong instead of stopping at the first. */
class SettingReader {
  readonly problems: string[] = [];

  constructor(private readonly env: NodeJS.ProcessEnv) {}

  text(name: SettingName): string {
    return this.raw(name);
  }

  integer(name: SettingName): number {
    const { min = 1, max = Number.MAX_SAFE_INTEGER } = settings[name] as SettingKind;
    const text = this.raw(name).replaceAll('_', '');
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.problem(
      name,
      max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `between ${min} and ${max}`,
      'a whole number ',
    );
    return min;
  }

  flag(name: SettingName): boolean {
    return this.choice(name, ['true', 'false'] as const) === 'true';
  }

  choice<T extends string>(name: SettingName, choices: readonly [T, ...T[]]): T {
    const found = choices.find((choice) => choice === this.raw(name));
    if (found === undefined) this.problem(name, `one of ${choices.join(', ')}`);
    return found ?? choices[0];
  }

  url(name: SettingName): string | undefined {
    const text = this.raw(name).replace(/\/+$/, '');
    if (text !== '' && !(/^https?:\/\//.test(text) && URL.canParse(text)))
      this.problem(name, 'an address that begins with http:// or https://');
    return text || undefined;
  }

  origins(name: SettingName): string[] {
    const entries = this.list(name);
    const isOrigin = (entry: string): boolean => URL.canParse(entry) && new URL(entry).origin === entry;
    if (!entries.every((entry) => entry === '*' || isOrigin(entry)))
      this.problem(name, 'a comma-separated list of origins such as https://shop.example, or *');
    return entries;
  }

  private list(name: SettingName): string[] {
    return this.raw(name)
      .split(',')
      .map((entry) => entry.trim().toLowerCase())
      .filter(Boolean);
  }

  hosts(name: SettingName): string[] {
    const entries = this.list(name);
    if (!entries.every(isHostOrRange))
      this.problem(name, 'a comma-separated list of host names, addresses or CIDR ranges');
    return entries;
  }

  /** `NAME` or the contents of the file `NAME_FILE` (as Docker and Kubernetes mount secrets); not both. */
  secret(name: SettingName): string | undefined {
    const file = this.env[`${name}_FILE`];
    if (file === undefined || file === '') return this.raw(name) || undefined;
    if (this.env[name]) this.problems.push(`${name} and ${name}_FILE are both set; set one of them`);
    return this.secretFile(name, file);
  }

  private secretFile(name: SettingName, file: string): string | undefined {
    try {
      const text = readFileSync(file, 'utf8').trim();
      if (text === '') this.problems.push(`${name}_FILE names an empty file`);
      return text || undefined;
    } catch {
      this.problems.push(`${name}_FILE names a file that cannot be read`);
      return undefined;
    }
  }

  /** An empty value counts as not set, because compose files write `NAME=` for "leave the default". */
  private raw(name: SettingName): string {
    return this.env[name]?.trim() || settings[name].default;
  }

  private problem(name: SettingName, expected: string, kind = ''): void {
    this.problems.push(`${name} must be ${kind}${expected}`);
  }
}

/** A misspelt name would silently keep its default, so unknown TAGLENS_ names are refused. */
function unknownNames(env: NodeJS.ProcessEnv): string[] {
  const known = new Set(
    Object.entries(settings).flatMap(([name, row]) => ('secret' in row ? [name, `${name}_FILE`] : [name])),
  );
  return Object.keys(env)
    .filter((name) => name.startsWith('TAGLENS_') && !known.has(name))
    .map((name) => `${name} is not a setting of Taglens; check its spelling`);
}

function isHostOrRange(entry: string): boolean {
  if (entry.includes('/')) return ipaddr.isValidCIDR(entry);
  return ipaddr.isValid(entry) || /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(entry);
}

/** One row per setting, for the documentation and `--help`. */
export function describeSettings(): { name: string; default: string; meaning: string }[] {
  return Object.entries(settings).map(([name, row]) => ({ name, default: row.default, meaning: row.meaning }));
}
