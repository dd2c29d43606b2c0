import { publish } from '../../cli/demo-steps.ts';
import { loadConfig } from '../../infra/config.ts';
import { openDatabase } from '../../infra/database/open.ts';
import { keys } from '../../infra/storage/keys.ts';
import { entities } from '../../schema/entities/index.ts';
import { writeModelPackage } from '../../workers/ml/model-package.ts';
import type { Backend } from '../backends/backend.ts';
import { completedIteration } from '../integration/api/completed-iteration.ts';
import { doubtfulDetector } from '../integration/api/doubtful-detector.ts';
import { makeProject, type TestServer } from '../integration/api/setup.ts';
import type { World } from './world.ts';

/** Untrained, so that it is quick and sees something in every picture; the quickstarts train. */
export async function publishDetector(
  server: TestServer,
  { settings }: Backend,
): Promise<Pick<World['detector'], 'projectId' | 'publishedName'>> {
  const publishedName = 'boxes';
  const { projectId, tagIds } = await makeProject(server, { kind: 'DETECTION', tags: ['sign'] });
  const database = await openDatabase(loadConfig(settings).database, entities, []);
  const iterationId = await completedIteration(database, projectId);
  await database.close();
  const model = doubtfulDetector(Object.entries(tagIds).map(([name, id]) => ({ id, name })));
  await server.storage.put(keys.model(iterationId), writeModelPackage(model));
  await publish(server.client, iterationId, publishedName);
  return { projectId, publishedName };
}
