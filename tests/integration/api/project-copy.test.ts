import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { EntityManager, In } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CopyRefused } from '../../../infra/project-copies/contents.ts';
import { LocalSource } from '../../../infra/project-copies/local-source.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { withData } from '../operations/setup.ts';
import { completedIteration } from './completed-iteration.ts';
import { contentsOf, importedTo, startImport, tokenOf, type Contents } from './copying.ts';
import { addImages, makeProject, ownerKey, samples, startServer, startServerOn, type TestServer } from './setup.ts';

let backend: Backend;
let source: TestServer;
let target: TestServer;
let detection: string;
let token: string;
beforeAll(async () => {
  backend = await freshBackend();
  [source, target] = await Promise.all([startServerOn(backend), startServer({ TAGLENS_URL_ALLOW: '127.0.0.1/32' })]);
  detection = await makeDetection();
  token = await tokenOf(source.client, detection);
});
afterAll(async () => {
  await Promise.all([source.close(), target.close()]);
  await backend.close();
});

/** More images than a page has: with regions, with the negative tag, for tests only, and without anything. */
async function makeDetection(): Promise<string> {
  const { projectId, tagIds } = await makeProject(source, { kind: 'DETECTION', tags: ['sign', 'post'] });
  const negative = await source.client.request<{ createTag: { id: string } }>(
    'mutation ($input: CreateTagInput!) { createTag(input: $input) { id } }',
    { input: { projectId, name: 'nothing', type: 'NEGATIVE' } },
  );
  const box = { left: 0.1, top: 0.2, width: 0.3, height: 0.4 };
  const images = (await samples(24, 5, 40)).slice(0, 60).map(({ jpeg }, at) => ({
    source: { base64: jpeg.toString('base64') },
    name: `${at}.jpg`,
    isTest: at % 10 === 9,
    tagIds: at % 10 === 1 ? [negative.createTag.id] : [],
    regions:
      at % 10 > 2
        ? [
            { tagId: tagIds['sign'], ...box },
            { tagId: tagIds['post'], ...box, left: 0.6 },
          ]
        : [],
  }));
  await addImages(source, { projectId, images, metadata: [{ name: 'camera', value: 'left' }] });
  return projectId;
}

/** Without what tells a copy from its source. */
const substance = ({ kind, imageCount, untaggedImageCount, tags, images }: Contents) => ({
  kind,
  imageCount,
  untaggedImageCount,
  tags,
  images,
});

describe('a copy of a project', () => {
  it('has the images, tags and regions of its source at another server', async () => {
    const id = await startImport(target.client, { token, name: 'The copy' });
    const [copy, original] = [await importedTo(target.client, id), await contentsOf(source.client, detection)];
    expect(copy).toMatchObject({ name: 'The copy', status: 'READY' });
    expect(copy.import).toMatchObject({ importedCount: original.imageCount, leftOutCount: 0, error: null });
    expect(original.images.length).toBeGreaterThan(50);
    expect(original.images.some(({ regions }) => regions.length === 2)).toBe(true);
    expect(original.images[0]).toMatchObject({ metadata: [{ name: 'camera', value: 'left' }] });
    expect(substance(copy)).toEqual(substance(original));
  });

  it('is made within a server that may not reach private addresses', async () => {
    const copy = await importedTo(source.client, await startImport(source.client, { token }));
    expect(copy).toMatchObject({ name: 'A project', status: 'READY' });
    expect(substance(copy)).toEqual(substance(await contentsOf(source.client, detection)));
  });

  it('tells of its steps until it is over', async () => {
    const id = await startImport(target.client, { token });
    const text = `subscription ($id: ID!, $after: ID) {
      projectImported(projectId: $id, after: $after) { eventId status fraction message project { id } }
    }`;
    const steps: { eventId: string; status: string; fraction: number }[] = [];
    for await (const step of target.client.subscribe<(typeof steps)[number]>(text, 'projectImported', { id }))
      steps.push(step);
    expect(steps.at(0)).toMatchObject({ status: 'IMPORTING', fraction: 0 });
    expect(steps.at(-1)).toMatchObject({ status: 'READY', fraction: 1, project: { id } });
    const fractions = steps.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  });

  it('is refused for a token that was tampered with, is none, or leads to a private address', async () => {
    const url = Buffer.from(token, 'base64url').toString();
    const encode = (text: string): string => Buffer.from(text).toString('base64url');
    const cases = [
      [target, encode(url.replace(/signature=./, 'signature=!')), /status 403/],
      [target, encode(url.replace(/expires=\d+/, 'expires=1000')), /expired at 1970/],
      [target, 'anything', /not issued by createCopyToken/],
      [source, await tokenOf(target.client, await startImport(target.client, { token })), /address that is not public/],
    ] as const;
    const text = 'mutation ($input: ImportProjectInput!) { importProject(input: $input) { id } }';
    for (const [server, wrong, message] of cases) {
      const { errors } = await server.send(text, { input: { token: wrong } });
      expect(errors[0]).toMatchObject({ extensions: { code: 'INVALID' } });
      expect(errors[0]?.message).toMatch(message);
    }
  });

  it('leaves nothing to read for whoever has no signature', async () => {
    for (const path of ['', '/images', '/next-iteration', '/iterations/any/model']) {
      const response = await fetch(`${source.url}/v1/copies/${detection}${path}`);
      expect(response.status).toBe(403);
    }
  });

  it('is refused when its source was deleted', async () => {
    const { projectId } = await makeProject(source, { tags: ['a'] });
    const doomed = await tokenOf(source.client, projectId);
    await source.client.request('mutation ($id: ID!) { deleteProject(id: $id) }', { id: projectId });
    const text = 'mutation ($input: ImportProjectInput!) { importProject(input: $input) { id } }';
    expect((await target.send(text, { input: { token: doomed } })).errors[0]?.message).toMatch(/status 404/);
  });

  it('has no empty page of a source that was deleted, which would look like its end', async () => {
    const { projectId } = await makeProject(source, { tags: ['a'] });
    const url = new URL(Buffer.from(await tokenOf(source.client, projectId), 'base64url').toString());
    const { pathname } = url;
    const statuses = async (): Promise<number[]> => {
      const found: number[] = [];
      for (const page of ['/images', '/next-iteration']) {
        url.pathname = pathname + page;
        found.push((await fetch(url)).status);
      }
      return found;
    };
    expect(await statuses()).toEqual([200, 200]);
    await source.client.request('mutation ($id: ID!) { deleteProject(id: $id) }', { id: projectId });
    expect(await statuses()).toEqual([404, 404]);
    await withData(backend.settings, async (database, storage) => {
      const local = new LocalSource(database, storage, projectId);
      await expect(local.images(null)).rejects.toThrow(CopyRefused);
      await expect(local.iteration(null)).rejects.toThrow(CopyRefused);
    });
  });
});

describe('a page of a source', () => {
  it('has no region without its tag, though one is drawn while it is read', async () => {
    const { projectId, tagIds } = await makeProject(source, { kind: 'DETECTION', tags: ['sign'] });
    const images = [{ source: { base64: (await samples(1, 6))[0]?.jpeg.toString('base64') } }];
    const [added] = await addImages(source, { projectId, images });
    const imageId = added?.image?.id ?? '';
    const box = { left: 0.1, top: 0.2, width: 0.3, height: 0.4 };
    const regions = [{ imageId, tagId: tagIds['sign'], ...box }];
    const text = 'mutation ($input: AddRegionsInput!) { addRegions(input: $input) { id } }';
    const drawn = afterTagsAreRead(imageId, () => source.client.request(text, { input: { regions } }));
    await withData(backend.settings, async (database, storage) => {
      const local = new LocalSource(database, storage, projectId);
      expect((await local.images(null)).images).toMatchObject([{ tagIds: [], regions: [] }]);
      expect(drawn).toHaveBeenCalled();
      const then = { tagIds: [tagIds['sign']], regions: [{ tagId: tagIds['sign'], ...box }] };
      expect((await local.images(null)).images).toMatchObject([then]);
    });
  });
});

/** Does something right after the next read of the tags of this image; what copies others beside the test reads theirs. */
function afterTagsAreRead(imageId: string, act: () => Promise<unknown>) {
  const original = Object.getOwnPropertyDescriptor(EntityManager.prototype, 'findBy')?.value as EntityManager['findBy'];
  const spy = vi.spyOn(EntityManager.prototype, 'findBy');
  const acted = vi.fn(act);
  spy.mockImplementation(async function (this: EntityManager, entity, where) {
    const rows = await original.call(this, entity, where);
    if (entity === ImageTag && isDeepStrictEqual(where, { imageId: In([imageId]) })) {
      spy.mockRestore();
      await acted();
    }
    return rows;
  });
  return acted;
}

describe('a copy of a source that does not keep to what it said', () => {
  /** The real source behind a server that asks for something else, or answers something else. */
  async function copyOf(copied: string, { ask, tell }: Lie, from: TestServer = target): Promise<Contents> {
    const liar = createServer((request, response) => {
      const url = new URL(request.url ?? '', source.url);
      ask?.(url);
      void fetch(url).then(async (answer) => {
        const isJson = answer.headers.get('content-type')?.startsWith('application/json');
        if (isJson) response.end(JSON.stringify({ ...((await answer.json()) as object), ...tell?.(url) }));
        else response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
      });
    });
    await once(liar.listen(0, '127.0.0.1'), 'listening');
    const url = new URL(Buffer.from(await tokenOf(source.client, copied), 'base64url').toString());
    url.port = String((liar.address() as AddressInfo).port);
    const id = await startImport(from.client, { token: Buffer.from(url.href).toString('base64url') });
    const copy = await importedTo(from.client, id);
    await new Promise((resolve) => liar.close(resolve));
    return copy;
  }
  interface Lie {
    ask?: (url: URL) => void;
    tell?: (url: URL) => object;
  }
  const forgetPlace = (url: URL): void => url.searchParams.delete('after');

  it('fails when the project would get more images than one may have', async () => {
    const small = await startServer({ TAGLENS_URL_ALLOW: '127.0.0.1/32', TAGLENS_MAX_IMAGES_PER_PROJECT: '55' });
    const tell = ({ pathname }: URL) => (pathname.endsWith(detection) ? { imageCount: 55 } : {});
    const copy = await copyOf(detection, { tell }, small);
    expect(copy).toMatchObject({ status: 'FAILED', imageCount: 50 });
    expect(copy.import?.error).toBe('The project would have 60 images; a project on this server may have at most 55.');
    await small.close();
  });

  it('fails when a page comes again', async () => {
    const copy = await copyOf(detection, { ask: forgetPlace });
    expect(copy).toMatchObject({ status: 'FAILED', imageCount: 50 });
    expect(copy.import?.error).toMatch(/does not answer like a Taglens server: .+ comes after/);
  });

  it('fails when the next page would not follow the last image', async () => {
    const next = '00000000-0000-7000-8000-000000000000';
    const copy = await copyOf(detection, { tell: ({ pathname }) => (pathname.endsWith('/images') ? { next } : {}) });
    expect(copy).toMatchObject({ status: 'FAILED', imageCount: 0 });
    expect(copy.import?.error).toMatch(/its next page does not follow this one/);
  });

  it('fails when an iteration comes again', async () => {
    const { projectId } = await makeProject(source);
    await withData(backend.settings, (database) => completedIteration(database, projectId));
    const copy = await copyOf(projectId, { ask: forgetPlace });
    expect(copy).toMatchObject({ status: 'FAILED', import: { leftOutIterationCount: 1 } });
    expect(copy.import?.error).toMatch(/does not answer like a Taglens server: .+ comes after/);
  });
});

describe('Azure’s operations', () => {
  async function ask(server: TestServer, method: string, path: string) {
    const response = await fetch(`${server.url}/customvision/v3.4-preview/training/${path}`, {
      method,
      headers: { 'Training-Key': ownerKey, 'content-type': 'application/json' },
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  it('exportProject and importProject copy a project to another server', async () => {
    const exported = await ask(source, 'GET', `projects/${detection}/export`);
    expect(exported).toMatchObject({ status: 200, body: { imageCount: 60, tagCount: 3, iterationCount: 0 } });
    const query = new URLSearchParams({ token: exported.body['token'] as string, name: 'By REST' });
    const made = await ask(target, 'POST', `projects/import?${query.toString()}`);
    expect(made).toMatchObject({ status: 200, body: { name: 'By REST' } });
    expect(['Importing', 'Succeeded']).toContain(made.body['status']);
    await importedTo(target.client, made.body['id'] as string);
    expect((await ask(target, 'GET', `projects/${made.body['id'] as string}`)).body['status']).toBe('Succeeded');
  });

  it('importProject refuses what is no token with Azure’s code', async () => {
    const { status, body } = await ask(target, 'POST', 'projects/import?token=abc');
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'BadRequestInvalidImportToken' });
  });
});
