import { graphql, type GraphQLSchema } from 'graphql';
import type { Logger as SqlLogger } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Caller } from '../../../api/access.ts';
import type { Context } from '../../../api/context.ts';
import { createLoaders } from '../../../api/loaders.ts';
import { buildGraphqlSchema } from '../../../api/schema.ts';
import { createServices } from '../../../api/services.ts';
import { UrlSigner } from '../../../api/signing.ts';
import { loadConfig } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { EventTail } from '../../../infra/events/tail.ts';
import { createMetrics } from '../../../infra/metrics.ts';
import { openStorage } from '../../../infra/storage/open.ts';
import { migrations } from '../../../migrations/index.ts';
import { entities } from '../../../schema/entities/index.ts';
import { ApiKeyRole } from '../../../schema/enums.ts';
import { EmbeddedEngine } from '../../../workflows/engines/embedded.ts';
import { samples } from './setup.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';

const owner: Caller = { keyId: 'k', role: ApiKeyRole.OWNER, projectId: null, idempotencyKey: null };

let backend: Backend;
let database: Database;
let schema: GraphQLSchema;
let services: Context['services'];
let statements = 0;

beforeAll(async () => {
  backend = await freshBackend();
  const config = loadConfig(backend.settings);
  database = await openDatabase(config.database, entities, migrations, { migrate: true });
  const count = (): void => void statements++;
  const quiet = (): void => undefined;
  const logger = { logQuery: count, logQueryError: quiet, logQuerySlow: quiet, logSchemaBuild: quiet };
  const counting: SqlLogger = { ...logger, logMigration: quiet, log: quiet };
  database.read.setOptions({ logging: true, logger: counting });
  schema = await buildGraphqlSchema();
  services = createServices({
    config,
    database,
    storage: await openStorage(config.storage),
    engine: new EmbeddedEngine(database),
    tail: new EventTail(database, { pollMs: 1000, windowMs: 1000 }),
    signer: new UrlSigner('secret', () => 'http://localhost'),
    metrics: createMetrics({ processMetrics: false }),
    predictions: { predict: () => Promise.resolve({ status: 'NO_MODEL' }) },
    evaluations: { ask: () => Promise.reject(new Error('No iteration is evaluated here.')) },
  });
});
afterAll(async () => {
  await database.close();
  await backend.close();
});

/** Statements that a query takes, run as a request of its own. */
async function statementsOf(source: string): Promise<number> {
  const contextValue: Context = { caller: owner, services, loaders: createLoaders(database) };
  statements = 0;
  const { errors, data } = await graphql({ schema, source, contextValue });
  expect(errors).toBeUndefined();
  expect(data).toBeTruthy();
  return statements;
}

const newProject = (name: string) =>
  services.projects.create(owner, {
    name,
    description: '',
    kind: 'CLASSIFICATION' as never,
    classificationType: 'MULTILABEL' as never,
    domainId: 'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31',
  });

test('the number of statements does not grow with the list', async () => {
  const photographs = await samples(6, 71);
  const [first] = [await newProject('p0')];
  const projectId = first.id;
  const tag = await services.tags.create(owner, { projectId, name: 't', description: '', type: 'REGULAR' as never });
  const images = photographs.map(({ jpeg }) => ({
    source: { base64: jpeg.toString('base64') },
    tagIds: [tag.id],
    isTest: false,
  }));
  await services.images.add(owner, { projectId, tagIds: [], images });
  for (let i = 1; i < 20; i++) await newProject(`p${i}`);
  const imagesQuery = (size: number): string =>
    `{ project(id: "${projectId}") { images(first: ${size}) { nodes { id url thumbnailUrl tags { id imageCount } } totalCount } } }`;
  const projectsQuery = (size: number): string =>
    `{ projects(first: ${size}) { nodes { id domain { name } tags { id } publications { id } imageCount untaggedImageCount } } }`;
  expect(await statementsOf(imagesQuery(30))).toBe(await statementsOf(imagesQuery(2)));
  expect(await statementsOf(projectsQuery(20))).toBe(await statementsOf(projectsQuery(1)));
  expect(await statementsOf(projectsQuery(20))).toBeLessThan(12);
});
