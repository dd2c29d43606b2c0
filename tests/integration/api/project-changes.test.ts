import { afterAll, beforeAll, expect, test } from 'vitest';
// First: it brings the shim that the decorators of our outputs need.
import { openObservedApi, owner, type ObservedApi } from './observed-api.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { ClassificationType, ProjectStatus } from '../../../schema/enums.ts';

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
    message: 'Project "Changed" is being imported; classificationType can change when that is over.',
  });
  // What does not change is no matter.
  await api.services.projects.update(owner, { id, name: 'Renamed', classificationType: MULTICLASS });
  await become(ProjectStatus.READY);
  expect(await change()).toMatchObject({ name: 'Renamed', classificationType: 'MULTILABEL' });
});
