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
    meaning: 'Folder of the database and the stored images and models, when no server is named for them.',
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
    meaning: 'Connections to MySQL that one process may open, half of them for reading.',
  },
  TAGLENS_S3_BUCKET: { default: '', meaning: 'Bucket to use instead of the data folder for images and models.' },
  TAGLENS_S3_ENDPOINT: { default: '', meaning: 'Address of the S3 server; empty for Amazon’s own.' },
  TAGLENS_S3_PUBLIC_ENDPOINT: { default: '', meaning: 'The same as clients reach it, when that is another address.' },
  TAGLENS_S3_REGION: { default: 'us-east-1', meaning: 'Region of the bucket.' },
  TAGLENS_S3_ACCESS_KEY_ID: { default: '', secret: true, meaning: 'Key of the bucket; empty: found as AWS tools do.' },
  TAGLENS_S3_SECRET_ACCESS_KEY: { default: '', secret: true, meaning: 'Secret of that key.' },
  TAGLENS_S3_PATH_STYLE: { default: 'false', meaning: 'Whether the bucket is part of the path, not of the host name.' },
  TAGLENS_S3_DIRECT: { default: 'true', meaning: 'Whether clients upload to and read from the bucket directly.' },
  TAGLENS_TEMPORAL_ADDRESS: {
    default: '',
    meaning: 'host:port of a Temporal server that runs trainings, instead of the engine in the server process.',
  },
  TAGLENS_TEMPORAL_NAMESPACE: { default: 'default', meaning: 'Namespace at the Temporal server.' },
  TAGLENS_TEMPORAL_TASK_QUEUE: { default: 'taglens', meaning: 'Begins the names of the task queues.' },
  TAGLENS_TEMPORAL_API_KEY: { default: '', secret: true, meaning: 'Key of the Temporal server, if it asks for one.' },
  TAGLENS_TEMPORAL_TLS: {
    default: 'false',
    meaning: 'Whether to encrypt; true by itself when a certificate is given.',
  },
  TAGLENS_TEMPORAL_TLS_CA_FILE: { default: '', meaning: 'PEM file of who signed the Temporal server’s certificate.' },
  TAGLENS_TEMPORAL_TLS_CERT_FILE: { default: '', meaning: 'PEM file of the certificate to show to Temporal.' },
  TAGLENS_TEMPORAL_TLS_KEY_FILE: { default: '', meaning: 'PEM file of the key of that certificate.' },
  TAGLENS_DRAIN_MS: {
    default: '0',
    min: 0,
    meaning: 'How long a stopping server goes on answering while /readyz already says no, in milliseconds.',
  },
  TAGLENS_WORKER_PORT: {
    default: '0',
    min: 0,
    max: 65535,
    meaning: 'Port where a worker process answers /healthz, /readyz and /metrics; 0 for none.',
  },
  TAGLENS_PUBLIC_URL: {
    default: '',
    meaning: 'Address by which clients reach this server, when it is not the own one.',
  },
  TAGLENS_KEYLESS_PLAYGROUND: {
    default: 'true',
    meaning: 'Whether the playground works without a key on this machine; turn it off behind a proxy.',
  },
  TAGLENS_CORS_ORIGINS: {
    default: '',
    meaning: 'Origins of other front ends whose pages may call this server, separated by commas; * for every one.',
  },
  TAGLENS_OWNER_KEY: { default: '', secret: true, meaning: 'Key of the owner; also TAGLENS_OWNER_KEY_FILE.' },
  TAGLENS_LOG_LEVEL: { default: 'info', meaning: 'fatal, error, warn, info, debug, trace or silent.' },
  TAGLENS_OTLP_ENDPOINT: {
    default: '',
    meaning: 'Where OpenTelemetry traces go, such as http://collector:4318/v1/traces; empty for none.',
  },
  TAGLENS_INTROSPECTION: { default: 'true', meaning: 'Whether the GraphQL schema may be read by clients.' },
  TAGLENS_MAX_TRAINING_IMAGE_BYTES: { default: '6000000', meaning: 'Largest image for training, in bytes.' },
  TAGLENS_MAX_PREDICTION_IMAGE_BYTES: { default: '4000000', meaning: 'Largest image for prediction, in bytes.' },
  TAGLENS_MAX_IMAGES_PER_PROJECT: { default: '100000', meaning: 'Most images in a project.' },
  TAGLENS_MAX_TAGS_PER_PROJECT: { default: '500', meaning: 'Most tags in a project.' },
  TAGLENS_MAX_TAGS_PER_IMAGE: { default: '100', meaning: 'Most tags on an image.' },
  TAGLENS_MAX_REGIONS_PER_IMAGE: { default: '300', meaning: 'Most regions in an image.' },
  TAGLENS_MAX_LONGEST_EDGE_PIXELS: { default: '10240', meaning: 'Longest edge of an image, in pixels.' },
  TAGLENS_MAX_ASPECT_RATIO: { default: '25', meaning: 'Longest edge divided by the shortest, at most.' },
  TAGLENS_MAX_MEGAPIXELS: { default: '50', meaning: 'Most pixels in an image, in millions.' },
  TAGLENS_MAX_BATCH_SIZE: { default: '64', meaning: 'Most items in one batch request.' },
  TAGLENS_MAX_TRAINING_MINUTES: { default: '1440', meaning: 'Largest budget of an ADVANCED training, in minutes.' },
  TAGLENS_MIN_TAGS: { default: '2', min: 1, meaning: 'Fewest tags the training of a classifier needs.' },
  TAGLENS_MIN_IMAGES_PER_TAG: {
    default: '2',
    min: 2,
    meaning: 'Fewest images per tag the training of a classifier needs.',
  },
  TAGLENS_RECOMMENDED_IMAGES_PER_TAG: { default: '10', meaning: 'Fewer images per tag than this give a warning.' },
  TAGLENS_MIN_IMAGES_PER_DETECTED_TAG: {
    default: '5',
    min: 2,
    meaning: 'Fewest images per tag the training of a detector needs.',
  },
  TAGLENS_RECOMMENDED_IMAGES_PER_DETECTED_TAG: {
    default: '15',
    meaning: 'Fewer images per tag than this give a warning, for detectors.',
  },
  TAGLENS_PREDICTION_RETENTION_DAYS: { default: '30', meaning: 'Days a stored prediction is kept.' },
  TAGLENS_PREDICTION_THREADS: {
    default: String(cores),
    max: 256,
    meaning: 'Threads that compute predictions; the cores of the machine by default.',
  },
  TAGLENS_PREDICTION_CONCURRENCY: {
    // One more than the cores, so that none waits while a picture goes from decoding to inference.
    default: String(cores + 1),
    max: 512,
    meaning: 'Predictions under way at the same time; the cores of the machine and one by default.',
  },
  TAGLENS_PREDICTION_QUEUE_LIMIT: { default: '64', meaning: 'Predictions waiting; more are refused.' },
  TAGLENS_RATE_LIMIT_REQUESTS_PER_MINUTE: {
    default: '0',
    min: 0,
    meaning: 'Requests that one API key may send in a minute, over all server processes; 0 for any number.',
  },
  TAGLENS_RATE_LIMIT_PREDICTIONS_PER_MINUTE: {
    default: '0',
    min: 0,
    meaning: 'Predictions that one API key may ask for in a minute, over all server processes; 0 for any number.',
  },
  TAGLENS_URL_ALLOW: {
    default: '',
    meaning: 'Private hosts or CIDR ranges that image URLs may reach, separated by commas.',
  },
  TAGLENS_URL_TIMEOUT_MS: { default: '15000', meaning: 'Longest download of an image URL, in milliseconds.' },
  TAGLENS_TRAINING_CONCURRENCY: { default: '1', max: 64, meaning: 'Trainings that run at the same time.' },
  TAGLENS_MAX_TRAINING_STEPS: {
    default: '10000',
    meaning:
      'Most steps of gradient descent that one training takes; fewer than its recipe has make it quicker and worse.',
  },
  TAGLENS_TRAINING_THREADS: {
    default: String(cores),
    max: 256,
    meaning: 'Processor threads one training uses; the cores of the machine by default.',
  },
  TAGLENS_MODEL_MEMORY_BYTES: { default: '268435456', meaning: 'Memory for loaded models, in bytes.' },
  TAGLENS_ENGINE_LEASE_MS: { default: '15000', min: 100, meaning: 'After this a dead runner’s work is taken over.' },
  TAGLENS_ENGINE_POLL_MS: { default: '500', min: 5, meaning: 'How often a runner looks for new work.' },
} as const satisfies Record<string, SettingKind>;

export type SettingName = keyof typeof settings;
