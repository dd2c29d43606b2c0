import { publish } from '../../cli/demo-steps.ts';
import type { Backend } from '../backends/backend.ts';
import { doubtfulDetector, placeDetector } from '../integration/api/doubtful-detector.ts';
import { makeProject, type TestServer } from '../integration/api/setup.ts';
import type { World } from './world.ts';

/** Untrained, so that it is quick and sees something in every picture; the quickstarts train. */
export async function publishDetector(
  server: TestServer,
  backend: Backend,
): Promise<Pick<World['detector'], 'projectId' | 'publishedName'>> {
  const publishedName = 'boxes';
  const { projectId, tagIds } = await makeProject(server, { kind: 'DETECTION', tags: ['sign'] });
  const model = doubtfulDetector(Object.entries(tagIds).map(([name, id]) => ({ id, name })));
  const iterationId = await placeDetector(backend, server, projectId, model);
  await publish(server.client, iterationId, publishedName);
  return { projectId, publishedName };
}
