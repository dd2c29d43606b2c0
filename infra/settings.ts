import { availableParallelism } from 'node:os';

/** One setting: its default as text (as it would be written in the environment) and what it means. */
export interface SettingKind {
  default: string;
  meaning: string;
  /** Smallest and largest value allowed, for whole numbers. */
  min?: number;
  max?: number;
  /** May also be given as a file, by `NAME_FILE`. */
  secret?: true;
}

const cores = availableParallelism();

export const settings = {
  TAGLENS_HOST: { default: '127.0.0.1', meaning: 'Address to listen on.' },
  TAGLENS_PORT: { default: '4000', min: 0, max: 65535, meaning: 'Port to listen on; 0 takes a free one.' },
  TAGLENS_DATA: {
    default: './.taglens',
    meaning: 'Folder for the database and the stored images and models, unless servers are configured for them.',
  },
  TAGLENS_DATABASE_URL: {
    default: '',
    secret: true,
    meaning: 'MySQL or MariaDB to use instead of SQLite: mysql://user:password@host:port/name; ?ssl=true encrypts.',
  },
  TAGLENS_DATABASE_POOL: {
    default: '10',
    min: 2,
    max: 1000,
    meaning: 'Number of connections to MySQL that one process may open, half of them for reading.',
  },
  TAGLENS_S3_BUCKET: { default: '', meaning: 'Bucket to use instead of the data folder for images and models.' },
  TAGLENS_S3_ENDPOINT: { default: '', meaning: 'Address of the S3 server; empty for Amazon’s own.' },
  TAGLENS_S3_PUBLIC_ENDPOINT: {
    default: '',
    meaning: 'Address at which clients reach the S3 server, when it differs from TAGLENS_S3_ENDPOINT.',
  },
  TAGLENS_S3_REGION: { default: 'us-east-1', meaning: 'Region of the bucket.' },
  TAGLENS_S3_ACCESS_KEY_ID: {
    default: '',
    secret: true,
    meaning: 'Access key for the bucket; when empty, credentials are found as by the AWS tools.',
  },
  TAGLENS_S3_SECRET_ACCESS_KEY: { default: '', secret: true, meaning: 'Secret of that access key.' },
  TAGLENS_S3_PATH_STYLE: {
    default: 'false',
    meaning: 'Whether the bucket is part of the path instead of the host name.',
  },
  TAGLENS_S3_DIRECT: { default: 'true', meaning: 'Whether clients upload to and read from the bucket directly.' },
  TAGLENS_TEMPORAL_ADDRESS: {
    default: '',
    meaning: 'host:port of a Temporal server that runs trainings, instead of the engine in the server process.',
  },
  TAGLENS_TEMPORAL_NAMESPACE: { default: 'default', meaning: 'Namespace at the Temporal server.' },
  TAGLENS_TEMPORAL_TASK_QUEUE: { default: 'taglens', meaning: 'Prefix of the names of the task queues.' },
  TAGLENS_TEMPORAL_API_KEY: {
    default: '',
    secret: true,
    meaning: 'API key for the Temporal server, if it requires one.',
  },
  TAGLENS_TEMPORAL_TLS: {
    default: 'false',
    meaning: 'Whether to encrypt the connection; true by default when a certificate is given.',
  },
  TAGLENS_TEMPORAL_TLS_CA_FILE: {
    default: '',
    meaning: 'PEM file of the authority that signed the certificate of the Temporal server.',
  },
  TAGLENS_TEMPORAL_TLS_CERT_FILE: {
    default: '',
    meaning: 'PEM file of the client certificate to present to Temporal.',
  },
  TAGLENS_TEMPORAL_TLS_KEY_FILE: { default: '', meaning: 'PEM file of the key of that certificate.' },
  TAGLENS_DRAIN_MS: {
    default: '0',
    min: 0,
    meaning:
      'How long a stopping server continues to answer while /readyz already reports that it is not ready, in milliseconds.',
  },
  TAGLENS_WORKER_PORT: {
    default: '0',
    min: 0,
    max: 65535,
    meaning: 'Port where a worker process answers /healthz, /readyz and /metrics; 0 for none.',
  },
  TAGLENS_PUBLIC_URL: {
    default: '',
    meaning: 'URL at which clients reach this server, when it differs from the address it listens on.',
  },
  TAGLENS_KEYLESS_PLAYGROUND: {
    default: 'true',
    meaning: 'Whether the playground works without a key on this machine; turn it off behind a proxy.',
  },
  TAGLENS_CORS_ORIGINS: {
    default: '',
    meaning: 'Origins whose pages may call this server, separated by commas; * for all.',
  },
  TAGLENS_OWNER_KEY: { default: '', secret: true, meaning: 'Key of the owner; also TAGLENS_OWNER_KEY_FILE.' },
  TAGLENS_LOG_LEVEL: { default: 'info', meaning: 'fatal, error, warn, info, debug, trace or silent.' },
  TAGLENS_OTLP_ENDPOINT: {
    default: '',
    meaning: 'Where OpenTelemetry traces go, such as http://collector:4318/v1/traces; empty for none.',
  },
  TAGLENS_INTROSPECTION: { default: 'true', meaning: 'Whether clients may read the GraphQL schema.' },
  TAGLENS_MAX_TRAINING_IMAGE_BYTES: {
    default: '6000000',
    meaning: 'Maximum size of an image for training, or to try an iteration with, in bytes.',
  },
  TAGLENS_MAX_PREDICTION_IMAGE_BYTES: {
    default: '4000000',
    meaning: 'Maximum size of an image for prediction, in bytes.',
  },
  TAGLENS_MAX_IMAGES_PER_PROJECT: { default: '100000', meaning: 'Maximum number of images in a project.' },
  TAGLENS_MAX_TAGS_PER_PROJECT: { default: '500', meaning: 'Maximum number of tags in a project.' },
  TAGLENS_MAX_TAGS_PER_IMAGE: { default: '100', meaning: 'Maximum number of tags on an image.' },
  TAGLENS_MAX_REGIONS_PER_IMAGE: { default: '300', meaning: 'Maximum number of regions in an image.' },
  TAGLENS_MAX_LONGEST_EDGE_PIXELS: { default: '10240', meaning: 'Maximum length of an edge of an image, in pixels.' },
  TAGLENS_MAX_ASPECT_RATIO: { default: '25', meaning: 'Maximum ratio of the longer to the shorter edge of an image.' },
  TAGLENS_MAX_MEGAPIXELS: { default: '50', meaning: 'Maximum number of pixels in an image, in millions.' },
  TAGLENS_MAX_BATCH_SIZE: { default: '64', meaning: 'Maximum number of items in one batch request.' },
  TAGLENS_MAX_TRAINING_MINUTES: { default: '1440', meaning: 'Maximum budget of an ADVANCED training, in minutes.' },
  TAGLENS_MIN_TAGS: { default: '2', min: 1, meaning: 'Minimum number of tags for training a classifier.' },
  TAGLENS_MIN_IMAGES_PER_TAG: {
    default: '2',
    min: 2,
    meaning: 'Minimum number of images per tag for training a classifier.',
  },
  TAGLENS_RECOMMENDED_IMAGES_PER_TAG: {
    default: '10',
    meaning: 'Number of images per tag below which a classifier gets a warning.',
  },
  TAGLENS_MIN_IMAGES_PER_DETECTED_TAG: {
    default: '5',
    min: 2,
    meaning: 'Minimum number of images per tag for training a detector.',
  },
  TAGLENS_RECOMMENDED_IMAGES_PER_DETECTED_TAG: {
    default: '15',
    meaning: 'Number of images per tag below which a detector gets a warning.',
  },
  TAGLENS_PREDICTION_RETENTION_DAYS: { default: '30', meaning: 'Number of days that a stored prediction is kept.' },
  TAGLENS_PREDICTION_THREADS: {
    default: String(cores),
    max: 256,
    meaning: 'Number of threads that compute predictions; by default the number of processor cores.',
  },
  TAGLENS_PREDICTION_CONCURRENCY: {
    // One more than the cores, so that none waits while a picture goes from decoding to inference.
    default: String(cores + 1),
    max: 512,
    meaning:
      'Number of predictions in progress at the same time; by default one more than the number of processor cores.',
  },
  TAGLENS_PREDICTION_QUEUE_LIMIT: {
    default: '64',
    meaning: 'Maximum number of waiting predictions; more are refused.',
  },
  TAGLENS_RATE_LIMIT_REQUESTS_PER_MINUTE: {
    default: '0',
    min: 0,
    meaning: 'Requests per minute that one API key may send, counted over all server processes; 0 for no limit.',
  },
  TAGLENS_RATE_LIMIT_PREDICTIONS_PER_MINUTE: {
    default: '0',
    min: 0,
    meaning: 'Predictions per minute that one API key may request, counted over all server processes; 0 for no limit.',
  },
  TAGLENS_URL_ALLOW: {
    default: '',
    meaning: 'Private hosts or CIDR ranges that image URLs may reach, separated by commas.',
  },
  TAGLENS_URL_TIMEOUT_MS: {
    default: '15000',
    meaning: 'Maximum duration of the download of an image URL, in milliseconds.',
  },
  TAGLENS_TRAINING_CONCURRENCY: { default: '1', max: 64, meaning: 'Number of trainings that run at the same time.' },
  TAGLENS_MAX_TRAINING_STEPS: {
    default: '10000',
    meaning:
      'Maximum number of gradient descent steps in each of the up to four trainings (parts) of an iteration, not in all of them together; fewer than the recipe has make a training faster and its model worse.',
  },
  TAGLENS_TRAINING_THREADS: {
    default: String(cores),
    max: 256,
    meaning: 'Number of processor threads that one training uses; by default the number of processor cores.',
  },
  TAGLENS_EXECUTION_PROVIDERS: {
    default: 'cpu',
    meaning:
      'What onnxruntime computes on, in order of preference and separated by commas, such as cuda,cpu; its library must be installed.',
  },
  TAGLENS_MODEL_MEMORY_BYTES: { default: '268435456', meaning: 'Memory for loaded models, in bytes.' },
  TAGLENS_ENGINE_LEASE_MS: {
    default: '15000',
    min: 100,
    meaning: 'Milliseconds after which the work of a dead runner is taken over.',
  },
  TAGLENS_ENGINE_POLL_MS: {
    default: '500',
    min: 5,
    meaning: 'Interval at which a runner looks for new work, in milliseconds.',
  },
} as const satisfies Record<string, SettingKind>;

export type SettingName = keyof typeof settings;
