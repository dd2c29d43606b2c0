import { expect } from 'vitest';
import { idOf, trained, type World } from '../world.ts';
import type { Scenario } from './scenario.ts';

const projectOf = (world: World): { projectId: string } => ({ projectId: idOf(world, 'project') });
const tagNames = ({ photos }: World): string[] => [...new Set(photos.map(({ tag }) => tag))];
const tagIdsOf = (world: World): string[] => tagNames(world).map((name) => idOf(world, name));

/** Those that are trained on, and those that are left. */
const photosOf = ({ photos }: World, tag: string) => photos.filter((photo) => photo.tag === tag);

export const imageScenarios: readonly Scenario[] = [
  {
    operation: 'createImagesFromData',
    does: 'takes in one picture with its tag',
    run: async (world) => {
      const [tag = ''] = tagNames(world);
      const given = { ...projectOf(world), imageData: photosOf(world, tag)[0]?.jpeg, tagIds: [idOf(world, tag)] };
      const { isBatchSuccessful, images } = await world.client.call('createImagesFromData', given);
      expect({ isBatchSuccessful, status: images[0]?.status }).toEqual({ isBatchSuccessful: true, status: 'OK' });
      expect(images[0]?.image?.tags).toMatchObject([{ tagId: idOf(world, tag), tagName: tag }]);
      world.ids['image'] = images[0]?.image?.id ?? '';
    },
  },
  {
    operation: 'createImagesFromFiles',
    does: 'takes in a batch with tags, and says which picture was there already',
    run: async (world) => {
      const entries = tagNames(world).flatMap((tag) =>
        photosOf(world, tag)
          .slice(0, trained)
          .map(({ jpeg }, index) => ({ name: `${tag} ${index}.jpg`, contents: jpeg, tagIds: [idOf(world, tag)] })),
      );
      const batch = { images: entries };
      const summary = await world.client.call('createImagesFromFiles', { ...projectOf(world), batch });
      expect(summary.images.map(({ status }) => status)).toEqual(entries.map((_, i) => (i ? 'OK' : 'OKDuplicate')));
      expect(summary.images.map(({ sourceUrl }) => sourceUrl)).toEqual(entries.map(({ name }) => name));
    },
  },
  {
    operation: 'createImagesFromUrls',
    does: 'fetches pictures, and keeps the good ones of a batch',
    run: async (world) => {
      const broken = world.pictureUrl.replace(/:\d+/, ':1');
      const batch = { images: [{ url: world.pictureUrl }, { url: broken }] };
      const { isBatchSuccessful, images } = await world.client.call('createImagesFromUrls', {
        ...projectOf(world),
        batch,
      });
      expect(isBatchSuccessful).toBe(false);
      expect(images).toMatchObject([{ status: 'OK' }, { sourceUrl: broken, status: 'ErrorSource' }]);
      world.ids['untagged'] = images[0]?.image?.id ?? '';
    },
  },
  {
    operation: 'getImages',
    does: 'pages through those with a tag',
    run: async (world) => {
      const tagIds = [idOf(world, tagNames(world)[0] ?? '')];
      const given = { ...projectOf(world), tagIds, orderBy: 'Oldest', take: 4 };
      const [first, rest] = await Promise.all([0, 4].map((skip) => world.client.call('getImages', { ...given, skip })));
      expect([first?.length, rest?.length]).toEqual([4, trained - 4]);
      expect(new Set([...(first ?? []), ...(rest ?? [])].map(({ id }) => id)).size).toBe(trained);
    },
  },
  {
    operation: 'getImageCount',
    does: 'counts by tagging status and by tags',
    run: async (world) => {
      const count = (given: object) => world.client.call('getImageCount', { ...projectOf(world), ...given });
      expect(await count({})).toBe(2 * trained + 1);
      expect(await count({ taggingStatus: 'Untagged' })).toBe(1);
      expect(await count({ tagIds: tagIdsOf(world) })).toBe(2 * trained);
    },
  },
  {
    operation: 'getImagesByIds',
    does: 'tells those that are named',
    run: async (world) => {
      const imageIds = [idOf(world, 'image'), idOf(world, 'untagged')];
      const found = await world.client.call('getImagesByIds', { ...projectOf(world), imageIds });
      expect(found.map(({ id }) => id).sort()).toEqual([...imageIds].sort());
      expect((await fetch(found[0]?.originalImageUri ?? '')).headers.get('content-type')).toMatch(/^image\//);
    },
  },
  {
    operation: 'getTaggedImages',
    does: 'lists those with tags',
    run: async (world) => {
      const found = await world.client.call('getTaggedImages', { ...projectOf(world), orderBy: 'Newest' });
      expect(found).toHaveLength(2 * trained);
      expect(found.every(({ tags }) => tags.length === 1)).toBe(true);
    },
  },
  {
    operation: 'getTaggedImageCount',
    does: 'counts those with a tag',
    run: async (world) => {
      const given = { ...projectOf(world), tagIds: tagIdsOf(world).slice(0, 1) };
      expect(await world.client.call('getTaggedImageCount', given)).toBe(trained);
    },
  },
  {
    operation: 'getUntaggedImages',
    does: 'lists those without',
    run: async (world) => {
      const found = await world.client.call('getUntaggedImages', projectOf(world));
      expect(found.map(({ id }) => id)).toEqual([idOf(world, 'untagged')]);
    },
  },
  {
    operation: 'getUntaggedImageCount',
    does: 'counts those without',
    run: async (world) => {
      expect(await world.client.call('getUntaggedImageCount', projectOf(world))).toBe(1);
    },
  },
  {
    operation: 'createImageTags',
    does: 'tags an image, and says what was tagged already',
    run: async (world) => {
      const pair = { imageId: idOf(world, 'untagged'), tagId: tagIdsOf(world)[1] };
      const tag = () => world.client.call('createImageTags', { ...projectOf(world), batch: { tags: [pair] } });
      expect((await tag()).created).toEqual([pair]);
      expect(await tag()).toMatchObject({ duplicated: [pair] });
    },
  },
  {
    operation: 'deleteImageTags',
    does: 'takes tags off',
    run: async (world) => {
      const given = { ...projectOf(world), imageIds: [idOf(world, 'untagged')], tagIds: tagIdsOf(world) };
      await world.client.call('deleteImageTags', given);
      expect(await world.client.call('getUntaggedImageCount', projectOf(world))).toBe(1);
    },
  },
  {
    operation: 'updateImageMetadata',
    does: 'keeps pairs that images are found by',
    run: async (world) => {
      const given = { ...projectOf(world), imageIds: [idOf(world, 'image')], metadata: { camera: 'left' } };
      const summary = await world.client.call('updateImageMetadata', given);
      expect(summary).toMatchObject({
        isBatchSuccessful: true,
        images: [{ status: 'OK', metadata: { camera: 'left' } }],
      });
      const found = await world.client.call('getImages', { ...projectOf(world), filter: "camera eq 'left'" });
      expect(found.map(({ id }) => id)).toEqual([idOf(world, 'image')]);
    },
  },
];
