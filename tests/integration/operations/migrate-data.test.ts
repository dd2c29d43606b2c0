import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import type { EntityManager } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrationState } from '../../../infra/database/migration-state.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { migrations } from '../../../migrations/index.ts';
import { transfer, type TransferProgress, type TransferReport } from '../../../operations/transfer/transfer.ts';
import { EventRow } from '../../../schema/entities/event.entity.ts';
import { Export } from '../../../schema/entities/export.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { entities } from '../../../schema/entities/index.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ServerSecret } from '../../../schema/entities/server-secret.entity.ts';
import type { Tag } from '../../../schema/entities/tag.entity.ts';
import { ExportStatus, IterationStatus } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { folderBackend } from '../../backends/folder.ts';
import { bearer, keysBelow, makeTrainableProject, ownerKey, samples, trainToEnd } from '../api/setup.ts';
import { placeOf, rowsOf, serveOn, withData, type Settings } from './setup.ts';

const backends: Backend[] = [];
let source: Settings;
/** What the source answered while it was served. */
let project: { id: string; photograph: Buffer; probabilities: unknown; pictureUrl: string };

async function fresh(make: () => Promise<Backend> = folderBackend): Promise<Settings> {
  const backend = await make();
  backends.push(backend);
  return backend.settings;
}

const move = (from: Settings, to: Settings): Promise<TransferReport> =>
  transfer(placeOf(from), placeOf(to), { purpose: 'move', onProgress: () => undefined });

async function predict(url: string, projectId: string, photograph: Buffer): Promise<unknown> {
  const address = `${url}/v1/projects/${projectId}/predict/live`;
  const response = await fetch(address, {
    method: 'POST',
    body: new Uint8Array(photograph),
    headers: bearer(ownerKey),
  });
  const { results } = (await response.json()) as { results: { tagId: string; probability: number }[] };
  return results.map(({ tagId, probability }) => [tagId, probability]);
}

async function newEvent(manager: EntityManager): Promise<number> {
  const row = { topic: 't', entityId: 'e', projectId: null, payload: {}, createdAt: 1 };
  return (await manager.save(manager.create(EventRow, row))).id;
}

beforeAll(async () => {
  source = await fresh();
  const server = await serveOn(source);
  const id = await makeTrainableProject(server, 4, 21);
  const iteration = await trainToEnd(server, id);
  const publish = 'mutation ($id: ID!) { publishIteration(input: { iterationId: $id, name: "live" }) { id } }';
  await server.client.request(publish, { id: iteration.id });
  const photograph = (await samples(1, 99))[0]?.jpeg as Buffer;
  const query = 'query ($id: ID!) { project(id: $id) { images(first: 1) { nodes { url } } } }';
  type Pictures = { project: { images: { nodes: { url: string }[] } } };
  const pictures = await server.client.request<Pictures>(query, { id });
  const { pathname, search } = new URL(pictures.project.images.nodes[0]?.url ?? '');
  project = { id, photograph, probabilities: await predict(server.url, id, photograph), pictureUrl: pathname + search };
  await server.close();
});

afterAll(async () => {
  for (const backend of backends) await backend.close();
});

test('moves to a production and back: equal rows and objects, the same probabilities to the last bit', async () => {
  const [production, back] = [await fresh(freshBackend), await fresh()];
  const there = await move(source, production);
  expect(there).toMatchObject({ isResumed: false, missing: [] });
  expect(there.objects.objectCount).toBeGreaterThan(20);
  expect(await rowsOf(production)).toEqual(await rowsOf(source));

  const server = await serveOn(production);
  expect(await predict(server.url, project.id, project.photograph)).toEqual(project.probabilities);
  expect((await fetch(server.url + project.pictureUrl)).status).toBe(200);
  await server.close();

  expect((await move(production, back)).missing).toEqual([]);
  expect(await rowsOf(back)).toEqual(await rowsOf(production));
  const again = await serveOn(back);
  expect(await predict(again.url, project.id, project.photograph)).toEqual(project.probabilities);
  await again.close();
});

test('a moved service numbers its events above those that the source ever gave', async () => {
  const to = await fresh(freshBackend);
  const last = await withData(source, (database) =>
    database.transact(async (manager) => {
      const id = await newEvent(manager);
      await manager.delete(EventRow, { id });
      return id;
    }),
  );
  await move(source, to);
  const next = await withData(to, (database) => database.transact(newEvent));
  expect(next).toBeGreaterThan(last);
});

test('refuses a target with data of its own, and the source as its own target', async () => {
  const other = await fresh(freshBackend);
  await (await serveOn(other)).close();
  await expect(move(source, other)).rejects.toThrow(/already has data: .*rows in api_key/);
  await expect(move(source, source)).rejects.toThrow('share a database');
  const withObject = await fresh(freshBackend);
  await withData(withObject, async (_database, storage) => void (await storage.put('a/b', Buffer.from('x'))));
  await expect(move(source, withObject)).rejects.toThrow('the object a/b');
});

test('leaves the tables of a target that it refuses as they are', async () => {
  const older = await fresh(freshBackend);
  const { database: config } = placeOf(older);
  const count = migrations.findIndex(({ name }) => name.startsWith('CreateServerSecret')) + 1;
  const database = await openDatabase(config, entities, migrations.slice(0, count), { migrate: true });
  await database.transact((manager) => manager.insert(ServerSecret, { name: 'installation', value: 'other' }));
  await expect(move(source, older)).rejects.toThrow('already has data: 1 rows in server_secret');
  const { pending } = await migrationState(database.read, migrations);
  expect(pending).toEqual(migrations.slice(count).map(({ name }) => name));
  await database.close();
});

test('refuses while a training is under way, and a source without data', async () => {
  const training = await fresh();
  await move(source, training);
  await withData(training, (database) =>
    database.transact((manager) =>
      manager.update(Iteration, { projectId: project.id }, { status: IterationStatus.TRAINING }),
    ),
  );
  await expect(move(training, await fresh())).rejects.toThrow('Trainings are in progress');
  await expect(move(await fresh(), await fresh())).rejects.toThrow('There is no data in the source');
});

test('says which photographs, snapshots and archives the source itself lacks or holds damaged', async () => {
  const damaged = await fresh();
  await move(source, damaged);
  const wrong = await withData(damaged, async (database, storage) => {
    const images = await database.read.manager.find(Image, { take: 2, order: { id: 'ASC' } });
    const [first, second] = images.map(({ projectId, id }) => keys.imageOriginal(projectId, id)) as [string, string];
    await storage.delete(first);
    await storage.put(second, Buffer.from('rot'));
    const { id: iterationId, projectId } = await database.read.manager.findOneByOrFail(Iteration, {
      projectId: project.id,
    });
    await storage.put(keys.snapshot(iterationId), Buffer.from('{}'));
    const end = {
      status: ExportStatus.DONE,
      fraction: 1,
      message: '',
      sizeBytes: 1,
      sha256: 'x',
      finishedAt: new Date(),
    };
    const made = { platform: 'ONNX', exporterVersion: '1', createdAt: new Date() };
    const id = newId();
    await database.transact((manager) => manager.insert(Export, { id, projectId, iterationId, ...made, ...end }));
    return [first, second, keys.snapshot(iterationId), keys.exportArchive(id)];
  });
  expect((await move(damaged, await fresh())).missing.sort()).toEqual(wrong.sort());
});

test('copies a running service to its state at one moment', async () => {
  const [busy, copy] = [await fresh(freshBackend), await fresh()];
  await move(source, busy);
  const server = await serveOn(busy);
  const photographs = await samples(4, 77);
  let isCopied = false;
  const upload = async (): Promise<void> => {
    for (let at = 0; !isCopied; at = (at + 1) % photographs.length) {
      const image = { source: { base64: photographs[at]?.jpeg.toString('base64') } };
      const add = `mutation ($i: AddImagesInput!) { addImages(input: $i) { results { image { id } } } }`;
      type Added = { addImages: { results: { image: { id: string } }[] } };
      const { addImages } = await server.client.request<Added>(add, { i: { projectId: project.id, images: [image] } });
      const imageIds = addImages.results.map((result) => result.image.id);
      const remove = 'mutation ($i: DeleteImagesInput!) { deleteImages(input: $i) }';
      await server.client.request(remove, { i: { imageIds } });
    }
  };
  const uploading = upload();
  const report = await transfer(placeOf(busy), placeOf(copy), { purpose: 'copy', onProgress: () => undefined });
  isCopied = true;
  await uploading;
  await server.close();
  expect(report.missing).toEqual([]);
  const present = await withData(copy, (_database, storage) => keysBelow(storage, 'projects/'));
  for (const { projectId, id } of (await rowsOf(copy))['image'] as Image[])
    expect(present).toContain(keys.imageOriginal(projectId, id));
});

/** Deletes an image, and all iterations, whenever rows begin to be copied: after their moment. */
function deletingOne(folder: string, images: Image[]): (progress: TransferProgress) => void {
  return ({ note }) => {
    if (note !== 'project') return;
    const { id, projectId } = images.shift() as Image;
    const database = new Libsql(join(folder, 'taglens.sqlite'));
    database.prepare('DELETE FROM image_tag WHERE image_id = ?').run(id);
    database.prepare('DELETE FROM image WHERE id = ?').run(id);
    database.exec('DELETE FROM publication; DELETE FROM iteration');
    database.close();
    for (const key of [keys.image(projectId, id), 'iterations'])
      rmSync(join(folder, 'objects', key), { recursive: true, force: true });
  };
}

test('takes out of the copy what is deleted while it is made, and tells what the source lost otherwise', async () => {
  const [busy, copy] = [await fresh(), await fresh(freshBackend)];
  await move(source, busy);
  const [lost, ...images] = (await rowsOf(busy))['image'] as [Image, ...Image[]];
  const [gone] = images as [Image];
  await withData(busy, (_database, storage) => storage.delete(keys.imageOriginal(lost.projectId, lost.id)));
  const onProgress = deletingOne(busy['TAGLENS_DATA'] as string, images);
  const { missing, tables } = await transfer(placeOf(busy), placeOf(copy), { purpose: 'copy', onProgress });
  expect(missing).toEqual([keys.imageOriginal(lost.projectId, lost.id)]);
  const rows = await rowsOf(copy);
  expect(tables.map(({ name, rowCount }) => [name, rowCount])).toEqual(
    tables.map(({ name }) => [name, rows[name]?.length]),
  );
  const idsIn = (table: string, column: string) => rows[table]?.map((row) => row[column] as string);
  expect(idsIn('image', 'id')).toEqual([lost, ...images].map(({ id }) => id));
  expect(idsIn('image_tag', 'imageId')).not.toContain(gone.id);
  expect([rows['iteration'], rows['publication']]).toEqual([[], []]);
  expect(rows['project']).toMatchObject([{ imageCount: images.length + 1 }]);
  for (const { id, imageCount } of rows['tag'] as Tag[])
    expect(idsIn('image_tag', 'tagId')?.filter((tagId) => tagId === id)).toHaveLength(imageCount);
});
