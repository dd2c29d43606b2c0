import type { StorageConfig } from '../config.ts';
import { DiskStorage } from './disk.ts';
import { S3Storage } from './s3.ts';
import type { Storage } from './storage.ts';

/** Opens the configured storage. */
export function openStorage(config: StorageConfig): Storage {
  return config.kind === 's3' ? new S3Storage(config) : new DiskStorage(config.folder);
}
