import type { StorageConfig } from '../config.ts';
import { DiskStorage } from './disk.ts';
import type { Storage } from './storage.ts';

/** Opens the configured storage. Its client for S3 is large, so that it is loaded only where it is used. */
export async function openStorage(config: StorageConfig): Promise<Storage> {
  if (config.kind === 'disk') return new DiskStorage(config.folder);
  const { S3Storage } = await import('./s3.ts');
  return new S3Storage(config);
}
