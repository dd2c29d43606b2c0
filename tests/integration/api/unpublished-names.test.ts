import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { withData } from '../operations/setup.ts';
import { completedIteration } from './completed-iteration.ts';
import { answerOf, bearer, makeProject, ownerKey, startServerOn, type TestServer } from './setup.ts';

let backend: Backend;
let server: TestServer;
let projectId: string;

beforeAll(async () => {
  backend = await freshBackend();
  server = await startServerOn(backend);
  ({ projectId } = await makeProject(server));
});
afterAll(async () => {
  await server.close();
  await backend.close();
});

const refusal = 'There is no published model "alive".';
const advice = 'Use publishIteration to publish a trained iteration under a name.';

/** How a prediction by a name that is not published is refused. */
async function messageTo(key: string, project: string): Promise<string> {
  const url = `${server.url}/v1/projects/${project}/predict/alive`;
  const response = await fetch(url, { method: 'POST', headers: bearer(key), body: 'a picture' });
  expect(response.status).toBe(404);
  return ((await response.json()) as { error: { message: string } }).error.message;
}

test('says when the project has published nothing, and when there is no project', async () => {
  expect(await messageTo(ownerKey, projectId)).toBe(`${refusal} Its project has no published models. ${advice}`);
  expect(await messageTo(ownerKey, 'gone')).toBe('There is no project "gone".');
});

test('names what is published instead, to keys that may read it', async () => {
  const iterationId = await withData(backend.settings, (database) => completedIteration(database, projectId));
  const publish = 'mutation ($input: PublishIterationInput!) { publishIteration(input: $input) { id } }';
  const names = Array.from({ length: 12 }, (_, i) => `name-${i + 10}`);
  for (const name of names) await server.client.request(publish, { input: { iterationId, name } });
  const shown = names.slice(0, 10).map((name) => `"${name}"`);
  const others = `Its project has published ${shown.join(', ')} and 2 more.`;
  expect(await messageTo(ownerKey, projectId)).toBe(`${refusal} ${others} ${advice}`);

  const makeKey = 'mutation { answer: createApiKey(input: { name: "k", role: PREDICTOR }) { secret } }';
  const { secret } = await answerOf<{ secret: string }>(server, makeKey, {});
  expect(await messageTo(secret, projectId)).toBe(`${refusal} ${advice}`);
});
