import { expect, it } from 'vitest';
import { OutageError } from '../../../infra/outage.ts';
import { ObjectNotFound, type Storage } from '../../../infra/storage/storage.ts';
import type { SnapshotImage } from '../../../schema/contracts/training.ts';
import { Originals } from '../../../workers/activities/originals.ts';
import { ImageRefusal } from '../../../workers/ml/images/image.ts';

const image = { projectId: 'p', id: 'i' } as SnapshotImage;
const loadFailingWith = (error: Error) =>
  new Originals({ get: () => Promise.reject(error) } as unknown as Storage).load(image);

it('tell of an image that was deleted since the snapshot as of one that cannot be read, which is left out', async () => {
  const loaded = loadFailingWith(new ObjectNotFound('projects/p/images/i/original'));
  await expect(loaded).rejects.toThrow(ImageRefusal);
  await expect(loaded).rejects.toThrow('It was deleted during the training.');
});

it('leave no image out because the storage is away', async () => {
  await expect(loadFailingWith(new OutageError('storage'))).rejects.toThrow(OutageError);
});
