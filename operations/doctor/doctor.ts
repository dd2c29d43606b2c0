import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError, loadConfig, type Config } from '../../infra/config.ts';
import type { Database } from '../../infra/database/database.ts';
import { openDatabase } from '../../infra/database/open.ts';
import { keys } from '../../infra/storage/keys.ts';
import { openStorage } from '../../infra/storage/open.ts';
import { entities } from '../../schema/entities/index.ts';
import { failed, ok, runChecks, settle, type Finding, type NamedFinding } from './check.ts';
import { databaseChecks, mysqlChecks, sqliteChecks } from './database-checks.ts';
import { checkTemporal, embeddedChecks } from './engine-checks.ts';
import { hostChecks } from './host-checks.ts';
import { withoutNewFolders } from './new-folders.ts';
import { s3Checks, storageChecks } from './storage-checks.ts';

export type { NamedFinding } from './check.ts';

/** Looks at everything that a server with these settings needs. Leaves nothing behind. */
export async function examine(env: NodeJS.ProcessEnv): Promise<NamedFinding[]> {
  const config = readConfiguration(env);
  if (Array.isArray(config)) return config;
  return [
    { name: 'configuration', ...ok('all settings are valid') },
    ...(await runChecks(hostChecks, config)),
    ...(await examineDatabase(config)),
    ...(await examineStorage(config)),
    ...(config.engine.kind === 'temporal' ? await checkTemporal(config.engine) : []),
  ];
}

/** Without a configuration there is nothing else to look at. */
function readConfiguration(env: NodeJS.ProcessEnv): Config | NamedFinding[] {
  try {
    return loadConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const remedy = 'Correct it in the environment; `taglens settings` explains each.';
    return error.problems.map((problem) => ({ name: 'configuration', ...failed(problem, remedy) }));
  }
}

async function examineDatabase(config: Config): Promise<NamedFinding[]> {
  if (config.database.kind === 'sqlite' && !(await isFile(join(config.database.folder, 'taglens.sqlite'))))
    return [{ name: 'database: reachable', ...ok('no data yet; the first start creates the file') }];
  let database: Database | undefined;
  const reached = await settle(async () => {
    database = await openDatabase(config.database, entities, []);
    await database.ping();
    return ok('it answers');
  });
  const rest = database ? await checkDatabase(config, database) : [];
  await database?.close();
  return [{ name: 'database: reachable', ...reached }, ...rest];
}

async function checkDatabase(config: Config, database: Database): Promise<NamedFinding[]> {
  return [
    ...(await runChecks(config.database.kind === 'sqlite' ? sqliteChecks : mysqlChecks, database)),
    ...(await runChecks(databaseChecks, database)),
    ...(config.engine.kind === 'embedded' ? await runChecks(embeddedChecks, database) : []),
  ];
}

async function examineStorage({ storage: config }: Config): Promise<NamedFinding[]> {
  const storage = await openStorage(config);
  const check = (): Promise<NamedFinding[]> => runChecks(storageChecks, storage);
  if (config.kind === 'disk') return withoutNewFolders(dirname(join(config.folder, keys.upload('probe'))), check);
  const findings = await check();
  if (findings.some(isFailed)) return findings;
  return [...findings, ...(await runChecks(s3Checks, { storage, config }))];
}

export const isFailed = ({ status }: Finding): boolean => status === 'failed';

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
