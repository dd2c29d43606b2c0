import { afterAll, beforeAll, expect, test } from 'vitest';
// First: it brings the shim that the decorators of our outputs need.
import { openObservedApi, owner, type ObservedApi } from './observed-api.ts';
import type { NewImageInput } from '../../../api/features/images/image.input.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { ClassificationType, IterationStatus, ProjectStatus } from '../../../schema/enums.ts';
import { samples } from './setup.ts';

let api: ObservedApi;
beforeAll(async () => {
  api = await openObservedApi();
});
afterAll(() => api.close());

const { MULTICLASS, MULTILABEL } = ClassificationType;

async function newProject(): Promise<string> {
  const kind = 'CLASSIFICATION' as never;
  return (await api.services.projects.create(owner, { name: 'Changed', description: '', kind })).id;
}

test('the classification type stays while an import brings images with the tags of its source', async () => {
  const id = await newProject();
  const become = (status: ProjectStatus) =>
    api.database.transact((manager) => manager.update(Project, { id }, { status }));
  const change = () => api.services.projects.update(owner, { id, classificationType: MULTILABEL });
  await become(ProjectStatus.IMPORTING);
  await expect(change()).rejects.toMatchObject({
    code: 'TAG_CONFLICT',
    message: 'Project "Changed" is being imported; classificationType can be changed when the import has ended.',
  });
  // What does not change is no matter.
  await api.services.projects.update(owner, { id, name: 'Renamed', classificationType: MULTICLASS });
  await become(ProjectStatus.READY);
  expect(await change()).toMatchObject({ name: 'Renamed', classificationType: 'MULTILABEL' });
});

test('a training is needed again once a tag, the domain or the classification type is another one', async () => {
  const projectId = await newProject();
  const images: NewImageInput[] = [];
  const tagIds: string[] = [];
  for (const { tag, jpeg } of (await samples(2, 6, 64)).slice(0, 4)) {
    const source = { base64: jpeg.toString('base64') };
    const known = images.length % 2 === 1 ? tagIds.at(-1) : undefined;
    const facts = { projectId, name: tag, description: '', type: 'REGULAR' as never };
    const tagId = known ?? (await api.services.tags.create(owner, facts)).id;
    if (known === undefined) tagIds.push(tagId);
    images.push({ source, tagIds: [tagId], regions: [], isTest: false });
  }
  await api.services.images.add(owner, { projectId, tagIds: [], images });
  const recipe = { mode: 'QUICK' as never, isTiled: false, seed: 1, force: false };
  const train = async () => {
    const { id } = await api.services.training.train(owner, { projectId, ...recipe });
    await api.database.transact((manager) => manager.update(Iteration, { id }, { status: IterationStatus.COMPLETED }));
  };
  const needless = { code: 'TRAINING_NOT_NEEDED' };
  await train();
  await expect(train()).rejects.toMatchObject(needless);
  const { tags, projects } = api.services;
  await tags.update(owner, { id: tagIds[0] ?? '', description: 'Not what a model is made of.' });
  await expect(train()).rejects.toMatchObject(needless);
  await tags.update(owner, { id: tagIds[0] ?? '', name: 'renamed' });
  await train();
  await projects.update(owner, { id: projectId, classificationType: MULTILABEL });
  await train();
  await projects.update(owner, { id: projectId, domainId: 'b30a91ae-e3c1-4f73-a81e-c270bff27c39' });
  await train();
  await expect(train()).rejects.toMatchObject(needless);
});
