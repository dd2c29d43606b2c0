import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
// First: it brings the shim that the decorators of our outputs need.
import { openObservedApi, owner, type ObservedApi } from './observed-api.ts';
import { announceExport } from '../../../infra/events/export-progress.ts';
import { announceImport } from '../../../infra/project-copies/announce-import.ts';
import { clearGoneProjects } from '../../../api/features/projects/gone-projects.ts';
import { Export } from '../../../schema/entities/export.entity.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ProjectImport } from '../../../schema/entities/project-import.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { Region } from '../../../schema/entities/region.entity.ts';
import { Suggestion } from '../../../schema/entities/suggestion.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { ApiKeyRole, ExportStatus, ProjectStatus, TagType } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { completedIteration } from './completed-iteration.ts';
import { samples } from './setup.ts';

let api: ObservedApi;
let projectId: string;

beforeAll(async () => {
  api = await openObservedApi();
  await api.tail.start();
});
beforeEach(async () => {
  const project = { name: 'Deleted', description: '', kind: 'CLASSIFICATION' as never };
  projectId = (await api.services.projects.create(owner, project)).id;
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => api.close());

test('a storage that is away does not undo a deletion, nor deny it', async () => {
  const [picture] = await samples(1, 5);
  const source = { base64: picture?.jpeg.toString('base64') ?? '' };
  const images = [{ source, tagIds: [], regions: [], isTest: false }];
  const { results } = await api.services.images.add(owner, { projectId, tagIds: [], images });
  const imageIds = results.flatMap(({ imageId }) => imageId ?? []);
  const iterationId = await completedIteration(api.database, projectId);
  const cleaning = vi.spyOn(api.storage, 'deletePrefix').mockRejectedValue(new Error('The bucket does not answer.'));
  expect(await api.services.images.delete(owner, { imageIds })).toBe(1);
  expect(await api.services.training.delete(owner, iterationId)).toBe(iterationId);
  expect(await api.services.projects.delete(owner, projectId)).toBe(projectId);
  expect(cleaning).toHaveBeenCalledTimes(3);
  await expect(api.services.projects.get(owner, 'read', projectId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

/** Rows as if so many images had come in, with a tag, a region and a suggestion each. */
async function fill(count: number): Promise<string[]> {
  const { id: tagId } = await api.services.tags.create(owner, {
    projectId,
    name: 'a',
    description: '',
    type: TagType.REGULAR,
  });
  const iterationId = await completedIteration(api.database, projectId);
  const createdAt = new Date();
  const ids = Array.from({ length: count }, () => newId());
  const facts = { format: 'jpeg', width: 1, height: 1, sizeBytes: 1, perceptualHash: '0'.repeat(16) };
  const box = { left: 0, top: 0, width: 1, height: 1 };
  const made = { projectId, createdAt };
  const predicted = { iterationId, results: [], uncertainty: 0, expiresAt: createdAt };
  const rowsOf = (imageId: string) => ({
    image: { ...made, ...facts, id: imageId, name: 'i', sha256: imageId, isTest: false, isTagged: true },
    tag: { ...made, imageId, tagId },
    region: { ...made, ...box, id: newId(), imageId, tagId },
    suggestion: { ...made, ...predicted, id: newId(), imageId },
  });
  for (let at = 0; at < count; at += 500) {
    const rows = ids.slice(at, at + 500).map(rowsOf);
    await api.database.transact(async (manager) => {
      await manager.insert(
        Image,
        rows.map(({ image }) => image),
      );
      await manager.insert(
        ImageTag,
        rows.map(({ tag }) => tag),
      );
      await manager.insert(
        Region,
        rows.map(({ region }) => region),
      );
      await manager.insert(
        Suggestion,
        rows.map(({ suggestion }) => suggestion),
      );
    });
  }
  return ids;
}

const rowsLeft = async (): Promise<number> => {
  const tables = [Image, ImageTag, Region, Suggestion, Tag, Iteration];
  const counts = tables.map((table) => api.database.read.manager.countBy<{ projectId: string }>(table, { projectId }));
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
};

test('a large project is hidden at once and goes in batches, between which others get their turn', async () => {
  await fill(1200);
  const transact = vi.spyOn(api.database, 'transact');
  expect(await api.services.projects.delete(owner, projectId)).toBe(projectId);
  expect(transact.mock.calls.length).toBeGreaterThan(1200 / 500 + 1);
  expect(await rowsLeft()).toBe(0);
});

test('what a crash leaves of a project that is being deleted is hidden, takes no work, and goes later', async () => {
  const [imageId = ''] = await fill(600);
  const transact = api.database.transact.bind(api.database);
  let count = 0;
  vi.spyOn(api.database, 'transact').mockImplementation((work) =>
    ++count > 4 ? Promise.reject(new Error('The process is killed.')) : transact(work),
  );
  await expect(api.services.projects.delete(owner, projectId)).rejects.toThrow('killed');
  vi.restoreAllMocks();
  expect(await rowsLeft()).toBeGreaterThan(0);
  const gone = { code: 'NOT_FOUND' };
  await expect(api.services.projects.get(owner, 'read', projectId)).rejects.toMatchObject(gone);
  await expect(api.services.images.get(owner, 'read', imageId)).rejects.toMatchObject(gone);
  await expect(api.services.images.markTest(owner, { imageIds: [imageId], isTest: true })).rejects.toMatchObject(gone);
  const { id: other } = await api.services.projects.create(owner, {
    name: 'Kept',
    description: '',
    kind: 'CLASSIFICATION' as never,
  });
  expect(await clearGoneProjects(api.database)).toBe(1);
  expect(await rowsLeft()).toBe(0);
  expect((await api.services.projects.get(owner, 'read', other)).name).toBe('Kept');
  expect(await clearGoneProjects(api.database)).toBe(0);
});

test('a project with a published model is deleted by a key that may publish', async () => {
  const iterationId = await completedIteration(api.database, projectId);
  const publication = { iterationId, name: 'live', overwrite: false };
  await api.services.publishing.publish(owner, publication);
  const trainer = { ...owner, role: ApiKeyRole.TRAINER };
  await expect(api.services.projects.delete(trainer, projectId)).rejects.toMatchObject({
    code: 'FORBIDDEN',
    message:
      'A model of the project is published as "live", and a key of the role TRAINER may not unpublish it; have it unpublished first.',
  });
  expect(await api.services.projects.delete(owner, projectId)).toBe(projectId);
});

/** What is told until the end, while something happens after the first step. */
async function told(steps: AsyncGenerator<object>, happen: () => Promise<unknown>): Promise<number> {
  const seen: object[] = [];
  for await (const step of steps) if (seen.push(step) === 1) await happen();
  return seen.length;
}

test('whoever follows an import is let go when its project is deleted', async () => {
  const counts = { imageCount: 1, importedCount: 0, leftOutCount: 0, iterationCount: 0 };
  const iterations = { importedIterationCount: 0, leftOutIterationCount: 0 };
  const source = { sourceUrl: 'http://localhost', localProjectId: null, tagIds: {}, lastImageId: null };
  const row = { projectId, ...source, ...counts, ...iterations, lastIterationId: null, error: null, finishedAt: null };
  await api.database.transact(async (manager) => {
    await manager.insert(ProjectImport, { ...row, createdAt: new Date() });
    await manager.update(Project, { id: projectId }, { status: ProjectStatus.IMPORTING });
    await announceImport(manager, projectId);
  });
  const steps = api.services.copies.follow(owner, projectId);
  expect(await told(steps, () => api.services.projects.delete(owner, projectId))).toBe(1);
});

test('whoever follows an export is let go when its iteration is deleted', async () => {
  const iterationId = await completedIteration(api.database, projectId);
  const state = { status: ExportStatus.EXPORTING, fraction: 0, message: '', error: null, exporterVersion: '1' };
  const open = { sizeBytes: null, sha256: null, largestDifference: null, finishedAt: null, createdAt: new Date() };
  const row = { id: newId(), projectId, iterationId, platform: 'ONNX', flavor: null, ...state, ...open };
  await api.database.transact(async (manager) => {
    await manager.insert(Export, row);
    await announceExport(manager, row);
  });
  const steps = api.services.exports.follow(owner, row.id);
  expect(await told(steps, () => api.services.training.delete(owner, iterationId))).toBe(1);
});
