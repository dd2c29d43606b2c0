import { folderBackend } from './folder.ts';
import { mysqlBackend } from './mysql.ts';
import { s3Backend } from './s3.ts';
import { temporalBackend } from './temporal.ts';

/** Somewhere of its own for a test to keep its data: settings for the service, and how to clear it away. */
export interface Backend {
  settings: Record<string, string>;
  close(): Promise<void>;
}

/**
 * By default a fresh folder, as in embedded mode. Each server whose address is in the environment (`infra/servers.sh`
 * starts them and prints it) takes over its part: then the same tests run on MySQL, S3 and Temporal. Null: not named.
 */
const makers: readonly (() => Promise<Backend | null>)[] = [folderBackend, mysqlBackend, s3Backend, temporalBackend];

/** A backend that no other test shares. */
export async function freshBackend(): Promise<Backend> {
  const parts: Backend[] = [];
  for (const make of makers) {
    const part = await make();
    if (part) parts.push(part);
  }
  return {
    settings: Object.assign({}, ...parts.map(({ settings }) => settings)) as Record<string, string>,
    close: async () => {
      for (const part of parts.reverse()) await part.close();
    },
  };
}
