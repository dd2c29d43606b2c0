import { graphql } from 'graphql';
import { pino } from 'pino';
import type { Logger as SqlLogger } from 'typeorm';
import { expect } from 'vitest';
import type { Caller } from '../../../api/access/access.ts';
import type { Context } from '../../../api/context.ts';
import { createLoaders } from '../../../api/graphql/loaders.ts';
import { buildGraphqlSchema } from '../../../api/schema.ts';
import { createServices } from '../../../api/services.ts';
import { UrlSigner } from '../../../api/access/signing.ts';
import { loadConfig } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { EventTail } from '../../../infra/events/tail.ts';
import { createMetrics } from '../../../infra/metrics.ts';
import { openStorage } from '../../../infra/storage/open.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { migrations } from '../../../migrations/index.ts';
import { entities } from '../../../schema/entities/index.ts';
import { ApiKeyRole } from '../../../schema/enums.ts';
import { EmbeddedEngine } from '../../../workflows/engines/embedded.ts';
import { freshBackend } from '../../backends/backend.ts';

export const owner: Caller = { keyId: 'k', role: ApiKeyRole.OWNER, projectId: null, idempotencyKey: null };

export interface Statement {
  sql: string;
  parameters: unknown[];
}

export interface ObservedApi {
  settings: Record<string, string>;
  database: Database;
  storage: Storage;
  /** Reads no events until it is started. */
  tail: EventTail;
  services: Context['services'];
  /** The statements that read for a query, which runs as a request of its own. */
  statementsOf(source: string): Promise<Statement[]>;
  /** The same for whatever a request does. */
  statementsIn(request: (context: Context) => Promise<unknown>): Promise<Statement[]>;
  close(): Promise<void>;
}

/** The API without its server, on data of its own, with an eye on what it asks of the database. */
export async function openObservedApi(): Promise<ObservedApi> {
  const backend = await freshBackend();
  const config = loadConfig(backend.settings);
  const database = await openDatabase(config.database, entities, migrations, { migrate: true });
  const statements = observe(database);
  const schema = await buildGraphqlSchema();
  const storage = await openStorage(config.storage);
  const tail = new EventTail(database, { pollMs: 20, windowMs: 1000 });
  const services = createServices({
    config,
    database,
    storage,
    engine: new EmbeddedEngine(database),
    tail,
    signer: new UrlSigner('secret', () => 'http://localhost'),
    metrics: createMetrics({ processMetrics: false }),
    logger: pino({ level: 'silent' }),
    predictions: {
      predict: () => Promise.resolve({ status: 'NO_MODEL' }),
      propose: () => Promise.resolve({ status: 'PROPOSED', proposals: [] }),
    },
    evaluations: {
      ask: () => Promise.reject(new Error('No iteration is evaluated here.')),
      countTrainedTags: () => Promise.resolve(null),
    },
  });
  const statementsIn: ObservedApi['statementsIn'] = async (request) => {
    statements.length = 0;
    await request({ caller: owner, services, loaders: createLoaders(database) });
    return [...statements];
  };
  return {
    settings: backend.settings,
    database,
    storage,
    tail,
    services,
    statementsIn,
    statementsOf: (source) =>
      statementsIn(async (contextValue) => {
        const { errors, data } = await graphql({ schema, source, contextValue });
        expect(errors).toBeUndefined();
        expect(data).toBeTruthy();
      }),
    async close() {
      await tail.stop();
      await database.close();
      await backend.close();
    },
  };
}

function observe(database: Database): Statement[] {
  const statements: Statement[] = [];
  const logQuery = (sql: string, parameters: unknown[] = []): void => void statements.push({ sql, parameters });
  const quiet = (): void => undefined;
  const logger = { logQuery, logQueryError: quiet, logQuerySlow: quiet, logSchemaBuild: quiet };
  const observer: SqlLogger = { ...logger, logMigration: quiet, log: quiet };
  database.read.setOptions({ logging: true, logger: observer });
  return statements;
}
