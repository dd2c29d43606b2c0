import type { StorageConfig } from '../config.ts';
import { DiskStorage } from './disk.ts';
import type { Storage } from './storage.ts';

/** Opens the configured storage. */
export function openStorage(config: StorageConfig): Storage {
  if (config.kind === 's3') throw new Error('TAGLENS_S3_BUCKET: S3 is not there yet.');
  return new DiskStorage(config.folder);
}
