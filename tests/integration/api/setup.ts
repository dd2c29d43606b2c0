import { expect } from 'vitest';
import { serve } from '../../../api/main.ts';
import { TaglensClient } from '../../../cli/client.ts';
import { loadConfig } from '../../../infra/config.ts';
import { openStorage } from '../../../infra/storage/open.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { renderSamples } from '../../../samples/render.ts';
import { startWorker, type RunningWorker } from '../../../workers/main.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';

export const ownerKey = 'tl_owner_key_of_the_tests_1234567890';

export interface GraphqlAnswer {
  status: number;
  data: Record<string, unknown> | null;
  errors: { message: string; path?: string[]; extensions: Record<string, unknown> & { code: string } }[];
  extensions: Record<string, unknown>;
}

export interface TestServer {
  url: string;
  /** Where the server keeps its objects. */
  storage: Storage;
  client: TaglensClient;
  /** Sends an operation and answers whatever comes, errors included. */
  send(query: string, variables?: object, headers?: Record<string, string>): Promise<GraphqlAnswer>;
  close(): Promise<void>;
}

/** A real server with data of its own, in this process. */
export async function startServer(settings: Record<string, string> = {}): Promise<TestServer> {
  const backend = await freshBackend();
  const server = await startServerOn(backend, settings);
  return {
    ...server,
    close: async () => {
      await server.close();
      await backend.close();
    },
  };
}

/** One of several servers that share their data, as the processes of a production do. */
export async function startServerOn(backend: Backend, settings: Record<string, string> = {}): Promise<TestServer> {
  const own = { TAGLENS_PORT: '0', TAGLENS_OWNER_KEY: ownerKey, TAGLENS_LOG_LEVEL: 'silent' };
  const env = { ...backend.settings, ...own, ...settings };
  const server = await serve(env);
  const worker = await startWorkerIfApart({ ...env, ...backend.settings });
  return {
    url: server.url,
    storage: await openStorage(loadConfig(env).storage),
    client: new TaglensClient(server.url, ownerKey),
    send: (query, variables = {}, headers = bearer(ownerKey)) => send(server.url, query, variables, headers),
    close: async () => {
      await server.close();
      await worker?.close();
    },
  };
}

/** On Temporal the server does not train by itself. The worker has a way of its own to the servers. */
async function startWorkerIfApart(env: Record<string, string>): Promise<RunningWorker | undefined> {
  return loadConfig(env).engine.kind === 'temporal' ? startWorker(env) : undefined;
}

/** What an operation answers in the field that it calls `answer`; fails on errors. */
export async function answerOf<T>(server: TestServer, query: string, variables: object): Promise<T> {
  const { data, errors } = await server.send(query, variables);
  expect(errors).toEqual([]);
  return data?.['answer'] as T;
}

export const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

async function send(url: string, query: string, variables: object, headers: Record<string, string>) {
  const body = JSON.stringify({ query, variables });
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  const answer = (await response.json()) as Partial<GraphqlAnswer>;
  return { data: null, errors: [], extensions: {}, ...answer, status: response.status };
}

/** A project with its tags, by name. */
export async function makeProject(
  { client }: Pick<TestServer, 'client'>,
  { tags = [], ...settings }: { tags?: string[]; classificationType?: string; kind?: string; domainId?: string } = {},
): Promise<{ projectId: string; tagIds: Record<string, string> }> {
  const { createProject } = await client.request<{ createProject: { id: string } }>(
    `mutation ($input: CreateProjectInput!) { createProject(input: $input) { id } }`,
    { input: { name: 'A project', ...settings } },
  );
  const tagIds: Record<string, string> = {};
  for (const name of tags) {
    const input = { projectId: createProject.id, name };
    const answer = await client.request<{ createTag: { id: string } }>(
      `mutation ($input: CreateTagInput!) { createTag(input: $input) { id } }`,
      { input },
    );
    tagIds[name] = answer.createTag.id;
  }
  return { projectId: createProject.id, tagIds };
}

export interface AddResult {
  status: string;
  code: string | null;
  message: string | null;
  image: { id: string; tags: { name: string }[] } | null;
}

export async function addImages({ client }: Pick<TestServer, 'client'>, input: object): Promise<AddResult[]> {
  const query = `mutation ($input: AddImagesInput!) {
    addImages(input: $input) { results { status code message image { id tags { name } } } }
  }`;
  return (await client.request<{ addImages: { results: AddResult[] } }>(query, { input })).addImages.results;
}

/** Rendered road signs, by tag. */
export async function samples(perTag: number, seed: number, size = 120): Promise<{ tag: string; jpeg: Buffer }[]> {
  const rendered: { tag: string; jpeg: Buffer }[] = [];
  for await (const { tag, jpeg } of renderSamples({ perTag, seed, size })) rendered.push({ tag, jpeg });
  return rendered;
}

/** A project with tagged samples, ready to be trained. */
export async function makeTrainableProject(
  server: Pick<TestServer, 'client'>,
  perTag: number,
  seed: number,
): Promise<string> {
  const photographs = await samples(perTag, seed);
  const tags = [...new Set(photographs.map(({ tag }) => tag))];
  const { projectId, tagIds } = await makeProject(server, { tags });
  const images = photographs.map(({ tag, jpeg }) => ({
    source: { base64: jpeg.toString('base64') },
    tagIds: [tagIds[tag]],
  }));
  for (let at = 0; at < images.length; at += 64)
    await addImages(server, { projectId, images: images.slice(at, at + 64) });
  return projectId;
}

export interface TrainedIteration {
  id: string;
  status: string;
  error: string | null;
  modelSha256: string | null;
  warnings: string[];
}

/** Trains and waits, as a client without a websocket would. */
export async function trainToEnd(
  { client }: Pick<TestServer, 'client'>,
  projectId: string,
  input: object = {},
): Promise<TrainedIteration> {
  const start = 'mutation ($input: TrainIterationInput!) { trainIteration(input: $input) { id } }';
  const variables = { input: { projectId, ...input } };
  const { trainIteration } = await client.request<{ trainIteration: { id: string } }>(start, variables);
  const query = 'query ($id: ID!) { iteration(id: $id) { id status error modelSha256 warnings } }';
  for (;;) {
    const { iteration } = await client.request<{ iteration: TrainedIteration }>(query, trainIteration);
    if (!['QUEUED', 'TRAINING'].includes(iteration.status)) return iteration;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Keys of the objects whose names begin so, in order. */
export async function keysBelow(storage: Storage, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of storage.list(prefix)) found.push(key);
  return found.sort();
}
