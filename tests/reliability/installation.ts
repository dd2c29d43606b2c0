import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { EntityManager } from 'typeorm';
import { loadConfig } from '../../infra/config.ts';
import { openDatabase } from '../../infra/database/open.ts';
import { openStorage } from '../../infra/storage/open.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import { entities } from '../../schema/entities/index.ts';
import { freshBackend } from '../backends/backend.ts';
import { startServerProcess, startWorkerProcess, type ProgramProcess, type ServerProcess } from '../e2e/process.ts';

const serversFolder = process.env['TAGLENS_TEST_SERVERS_DIR'];
const serversScript = fileURLToPath(new URL('../../infra/servers.sh', import.meta.url));

/** These tests break the servers that they run on, so they need some that `infra/servers.sh` started for them alone. */
export const hasServers = serversFolder !== undefined;

export type ServerName = 'mariadb' | 'versitygw' | 'temporal';

/** `kill` ends a server at once, as a power cut would; `restart` brings it back on the same port with what it had stored. */
export async function disturb(action: 'kill' | 'restart', server: ServerName): Promise<void> {
  await promisify(execFile)(serversScript, [action, server, serversFolder ?? '']);
}

/** Taglens on the real servers, with data of its own, made of processes that can be killed. */
export interface Installation {
  settings: Record<string, string>;
  storage: Storage;
  startApi(settings?: Record<string, string>): Promise<ServerProcess>;
  startWorker(settings?: Record<string, string>): Promise<ProgramProcess>;
  /** Asks or changes the database itself, in a transaction. */
  query<T>(work: (manager: EntityManager) => Promise<T>): Promise<T>;
  /** Ends every process that still runs, and clears the data away. */
  close(): Promise<void>;
}

export async function install(): Promise<Installation> {
  const backend = await freshBackend();
  const config = loadConfig(backend.settings);
  const started: ProgramProcess[] = [];
  const remember = <T extends ProgramProcess>(program: T): T => {
    started.push(program);
    return program;
  };
  return {
    settings: backend.settings,
    storage: await openStorage(config.storage),
    startApi: async (settings = {}) => remember(await startServerProcess({ ...backend.settings, ...settings })),
    startWorker: async (settings = {}) => remember(await startWorkerProcess({ ...backend.settings, ...settings })),
    query: async (work) => {
      const database = await openDatabase(config.database, entities, []);
      try {
        return await database.transact(work);
      } finally {
        await database.close();
      }
    },
    close: async () => {
      const running = started.filter(({ child }) => child.exitCode === null && child.signalCode === null);
      await Promise.all(running.map((program) => program.end('SIGTERM')));
      await backend.close();
    },
  };
}
