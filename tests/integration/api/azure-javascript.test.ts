import { PredictionAPIClient } from '@azure/cognitiveservices-customvision-prediction';
import { TrainingAPIClient } from '@azure/cognitiveservices-customvision-training';
import { ApiKeyCredentials } from '@azure/ms-rest-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownerKey, samples, startServer, type TestServer } from './setup.ts';

let server: TestServer;
let trainer: TrainingAPIClient;
let predictor: PredictionAPIClient;
beforeAll(async () => {
  server = await startServer();
  const keys = (header: string) => new ApiKeyCredentials({ inHeader: { [header]: ownerKey } });
  trainer = new TrainingAPIClient(keys('Training-key'), server.url);
  predictor = new PredictionAPIClient(keys('Prediction-key'), server.url);
});
afterAll(() => server.close());

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error & { body?: { code?: string } }) => error.body?.code ?? error.message,
  );

describe('Azure’s own client for JavaScript', () => {
  it('goes from photographs to a published classifier', async () => {
    const domains = await trainer.getDomains();
    expect(await trainer.getDomain(domains[0]?.id ?? '')).toMatchObject({ type: 'Classification' });
    const project = await trainer.createProject('Signs', { classificationType: 'Multiclass' });
    const id = project.id ?? '';
    expect((await trainer.getProjects()).map((own) => own.id)).toContain(id);
    expect(await trainer.getProject(id)).toMatchObject({ name: 'Signs', status: 'Succeeded' });
    expect(await trainer.updateProject(id, { ...project, description: 'of the road' })).toMatchObject({
      description: 'of the road',
    });

    const photographs = await samples(7, 5);
    const names = [...new Set(photographs.map(({ tag }) => tag))];
    const tagIds = new Map<string, string>();
    for (const name of names) tagIds.set(name, (await trainer.createTag(id, name)).id ?? '');
    const idOf = (name: string): string => tagIds.get(name) ?? '';
    const [first, ...rest] = photographs;
    if (!first) throw new Error('There are no samples.');

    // All at once, without waiting for one another, as the quick start has it.
    const half = rest.slice(0, Math.floor(rest.length / 2));
    const uploads = half.map(({ tag, jpeg }) => trainer.createImagesFromData(id, jpeg, { tagIds: [idOf(tag)] }));
    for (const { isBatchSuccessful } of await Promise.all(uploads)) expect(isBatchSuccessful).toBe(true);
    const images = rest
      .slice(half.length)
      .map(({ tag, jpeg }, i) => ({ name: `${i}.jpg`, contents: jpeg, tagIds: [idOf(tag)] }));
    const batch = await trainer.createImagesFromFiles(id, { images: images.slice(0, 64) });
    expect(batch).toMatchObject({ isBatchSuccessful: true });
    expect(batch.images?.[0]).toMatchObject({ sourceUrl: '0.jpg', status: 'OK' });
    const again = await trainer.createImagesFromFiles(id, { images: images.slice(0, 1) });
    expect(again).toMatchObject({ isBatchSuccessful: false, images: [{ status: 'OKDuplicate' }] });
    const broken = await trainer.createImagesFromFiles(id, {
      images: [{ name: 'x', contents: new Uint8Array([1, 2, 3]) }],
    });
    expect(broken).toMatchObject({ isBatchSuccessful: false, images: [{ status: 'ErrorImageFormat' }] });
    const refused = await trainer.createImagesFromUrls(id, { images: [{ url: 'http://127.0.0.1/x.jpg' }] });
    expect(refused).toMatchObject({ images: [{ sourceUrl: 'http://127.0.0.1/x.jpg', status: 'ErrorSource' }] });

    const untagged = await trainer.createImagesFromData(id, first.jpeg);
    const imageId = untagged.images?.[0]?.image?.id ?? '';
    expect((await trainer.getUntaggedImageCount(id)).body).toBe(1);
    expect((await trainer.getUntaggedImages(id)).map((image) => image.id)).toEqual([imageId]);
    const pair = { imageId, tagId: idOf(first.tag) };
    expect(await trainer.createImageTags(id, { tags: [pair] })).toMatchObject({ created: [pair], duplicated: [] });
    await trainer.deleteImageTags(id, [imageId], [pair.tagId]);
    expect(await trainer.createImageTags(id, { tags: [pair] })).toMatchObject({ created: [pair] });
    const count = (await trainer.getImageCount(id)).body;
    expect((await trainer.getTaggedImageCount(id)).body).toBe(count);
    const pages = [await trainer.getImages(id, { take: 3 }), await trainer.getImages(id, { take: 256, skip: 3 })];
    expect(new Set(pages.flat().map((image) => image.id)).size).toBe(count);
    expect(await trainer.getTaggedImages(id, { tagIds: [pair.tagId], orderBy: 'Oldest' })).toHaveLength(7);
    const [found] = await trainer.getImagesByIds(id, { imageIds: [imageId] });
    expect(found).toMatchObject({ tags: [{ tagName: first.tag }], width: 120 });
    expect(found).not.toHaveProperty('regions');
    expect((await fetch(found?.originalImageUri ?? '')).status).toBe(200);

    const known = await trainer.updateImageMetadata(id, [imageId, '00000000-0000-0000-0000-000000000000'], {
      camera: "the 'left' one",
    });
    expect(known).toMatchObject({
      isBatchSuccessful: false,
      images: [{ status: 'OK' }, { status: 'ErrorImageNotFound' }],
    });
    const filter = "camera eq 'the ''left'' one' and (place ne 'door' or place eq 'x')";
    expect((await trainer.getImageCount(id, { filter })).body).toBe(1);
    expect(await trainer.getImages(id, { filter })).toMatchObject([
      { id: imageId, metadata: { camera: "the 'left' one" } },
    ]);
    expect((await trainer.getImageCount(id, { filter: "camera ne 'the ''left'' one'" })).body).toBe((count ?? 0) - 1);
    expect(await codeOf(trainer.getImages(id, { filter: 'camera is left' }))).toBe('BadRequestInvalid');

    expect(await trainer.getTags(id)).toHaveLength(names.length);
    const tag = await trainer.getTag(id, pair.tagId);
    expect(await trainer.updateTag(id, pair.tagId, { ...tag, description: 'a sign' })).toMatchObject({
      description: 'a sign',
    });

    const started = await trainer.trainProject(id);
    expect(started.status).toBe('Training');
    const iterationId = started.id ?? '';
    await expect
      .poll(async () => (await trainer.getIteration(id, iterationId)).status, { timeout: 90_000 })
      .toBe('Completed');
    expect(await codeOf(trainer.trainProject(id))).toBe('BadRequestTrainingNotNeeded');
    const iteration = await trainer.updateIteration(id, iterationId, {
      ...(await trainer.getIterations(id))[0],
      name: 'Best',
    });
    expect(iteration).toMatchObject({ name: 'Best', classificationType: 'Multiclass' });
    expect((await trainer.getIterationPerformance(id, iterationId, { threshold: 0.5 })).recall).toBeGreaterThan(0.2);
    const judged = await trainer.getImagePerformances(id, iterationId, { take: 5 });
    expect(judged[0]?.predictions?.length).toBeGreaterThan(0);
    expect((await trainer.getImagePerformanceCount(id, iterationId)).body).toBe(count);

    const { images: strangers } = await trainer.createImagesFromData(
      id,
      (await samples(1, 31))[0]?.jpeg ?? Buffer.alloc(0),
    );
    const strange = strangers?.[0]?.image?.id ?? '';
    const [suggestion] = await trainer.suggestTagsAndRegions(id, iterationId, [strange]);
    expect(suggestion?.predictionUncertainty).toBeGreaterThan(0);
    const asked = {
      threshold: 0,
      maxCount: 10,
      sortBy: 'UncertaintyDescending' as const,
      tagIds: [...tagIds.values()],
    };
    expect((await trainer.querySuggestedImages(id, iterationId, asked)).results).toMatchObject([{ id: strange }]);
    const counted = await trainer.querySuggestedImageCount(id, iterationId, { threshold: 0, tagIds: [pair.tagId] });
    expect(counted).toMatchObject({ [pair.tagId]: 1 });
    expect(await trainer.getImageRegionProposals(id, strange)).toMatchObject({ imageId: strange });
    await trainer.deleteImages(id, { imageIds: [strange] });

    const published = await trainer.publishIteration(id, iterationId, 'signs', '/subscriptions/a/b');
    expect(published.body).toBe(true);
    const [test] = await samples(1, 99);
    const picture = test?.jpeg ?? Buffer.alloc(0);
    for (const answer of [
      await predictor.classifyImageWithNoStore(id, 'signs', picture),
      await predictor.classifyImage(id, 'signs', picture, { application: 'test' }),
      await trainer.quickTestImage(id, picture, { iterationId }),
    ])
      expect(answer.predictions?.[0]).toMatchObject({ tagName: test?.tag });
    const address = { url: 'http://127.0.0.1/x.jpg' };
    for (const work of [
      predictor.classifyImageUrl(id, 'signs', address),
      predictor.classifyImageUrlWithNoStore(id, 'signs', address),
      trainer.quickTestImageUrl(id, address),
    ])
      expect(await codeOf(work)).toBe('BadRequestImageUrl');
    const stored = await trainer.queryPredictions(id, { application: 'test' });
    expect(stored.results).toHaveLength(1);
    const taken = await trainer.createImagesFromPredictions(id, {
      images: [{ id: stored.results?.[0]?.id ?? '', tagIds: [idOf(test?.tag ?? '')] }],
    });
    expect(taken).toMatchObject({ isBatchSuccessful: true });
    const rest2 = await trainer.queryPredictions(id, {});
    await trainer.deletePrediction(
      id,
      (rest2.results ?? []).map((one) => one.id ?? ''),
    );
    expect((await trainer.queryPredictions(id, {})).results).toEqual([]);

    expect(await codeOf(trainer.deleteProject(id))).toBe('BadRequestIterationIsPublished');
    await trainer.unpublishIteration(id, iterationId);
    await trainer.deleteIteration(id, iterationId);
    await trainer.deleteTag(id, pair.tagId);
    await trainer.deleteImages(id, { imageIds: [imageId] });
    await trainer.deleteImages(id, { allImages: true });
    expect((await trainer.getImageCount(id)).body).toBe(0);
    await trainer.deleteProject(id);
    expect(await codeOf(trainer.getProject(id))).toBe('NotFoundProject');
  });

  it('draws regions', async () => {
    const domain = (await trainer.getDomains()).find(({ type }) => type === 'ObjectDetection');
    const { id = '' } = await trainer.createProject('Boxes', { domainId: domain?.id ?? '' });
    const { id: tagId = '' } = await trainer.createTag(id, 'sign');
    const [one, two] = await samples(1, 8);
    const box = { tagId, left: 0.1, top: 0.1, width: 0.5, height: 0.5 };
    const batch = await trainer.createImagesFromFiles(id, {
      images: [{ name: 'one', contents: one?.jpeg ?? Buffer.alloc(0), regions: [box] }],
    });
    expect(batch.images?.[0]?.image).toMatchObject({ regions: [{ tagName: 'sign', left: 0.1 }] });
    const { images } = await trainer.createImagesFromData(id, two?.jpeg ?? Buffer.alloc(0));
    const imageId = images?.[0]?.image?.id ?? '';
    const drawn = await trainer.createImageRegions(id, {
      regions: [
        { imageId, ...box },
        { imageId, ...box, left: 0.3 },
      ],
    });
    expect(drawn.created).toMatchObject([{ tagName: 'sign' }, { left: 0.3 }]);
    expect((await trainer.createImageRegions(id, { regions: [{ imageId, ...box }] })).duplicated).toHaveLength(1);
    await trainer.deleteImageRegions(
      id,
      (drawn.created ?? []).map(({ regionId = '' }) => regionId),
    );
    expect(await codeOf(trainer.trainProject(id))).toBe('BadRequestDetectionTrainingValidationFailed');
    expect(await codeOf(predictor.detectImage(id, 'none', one?.jpeg ?? Buffer.alloc(0)))).toBe(
      'BadRequestIterationNotPublished',
    );
    const address = { url: 'http://127.0.0.1/x.jpg' };
    for (const work of [
      predictor.detectImageWithNoStore(id, 'none', one?.jpeg ?? Buffer.alloc(0)),
      predictor.detectImageUrl(id, 'none', address),
      predictor.detectImageUrlWithNoStore(id, 'none', address),
    ])
      expect(await codeOf(work)).not.toBe('no error');
    await trainer.deleteProject(id);
  });
});
