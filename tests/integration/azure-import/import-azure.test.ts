import type { ServerResponse } from 'node:http';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { syntheticJpeg } from '../../../bench/synthetic-images.ts';
import { importAzure, type ImportAzureOptions } from '../../../cli/azure-import/import-azure.ts';
import { sha256 } from '../../../cli/azure-import/pictures.ts';
import { patient } from '../../../cli/azure-import/polite-http.ts';
import type { ImportReport } from '../../../cli/azure-import/report.ts';
import { setImageMetadata } from '../../../cli/azure-import/target-queries.ts';
import { keysBelow, ownerKey, startServer, type TestServer } from '../api/setup.ts';
import { stopServers } from '../urls/local-server.ts';
import { gateway, startStandIn, trainingKey, type StandIn, type StandInProject } from './azure-stand-in.ts';
import { adult, domains, standInProject } from './projects.ts';

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  folder = await mkdtemp(join(tmpdir(), 'taglens-import-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await stopServers();
  await rm(folder, { recursive: true, force: true });
});

const impatient = { ...patient, firstWaitMs: 5, longestWaitMs: 20 };

async function run({ url }: Pick<StandIn, 'url'>, own: Partial<ImportAzureOptions> = {}): Promise<ImportReport> {
  const options = { endpoint: url, key: trainingKey, to: server.url, toKey: ownerKey, report: folder, ...own };
  await importAzure(options, impatient);
  return readReport();
}

async function readReport(): Promise<ImportReport> {
  const name = (await readdir(folder)).find((file) => file.endsWith('.json'));
  return JSON.parse(await readFile(join(folder, name ?? ''), 'utf8')) as ImportReport;
}

interface Stored {
  name: string;
  kind: string;
  classificationType: string | null;
  description: string;
  tags: { id: string; name: string; type: string; imageCount: number }[];
  images: {
    nodes: {
      id: string;
      name: string;
      sha256: string;
      tags: { name: string }[];
      regions: { tag: { name: string }; left: number; top: number; width: number; height: number }[];
    }[];
  };
}

async function stored(id: string): Promise<Stored> {
  const query = `query ($id: ID!) { project(id: $id) {
    name kind classificationType description tags { id name type imageCount }
    images(first: 100) { nodes { id name sha256 tags { name } regions { tag { name } left top width height } } }
  } }`;
  return (await server.client.request<{ project: Stored }>(query, { id })).project;
}

const updateTag = 'mutation ($input: UpdateTagInput!) { updateTag(input: $input) { id } }';
const tagImages = 'mutation ($input: TagImagesInput!) { tagImages(input: $input) { id } }';

async function tagAt(projectId: string, name: string): Promise<{ id: string }> {
  return (await stored(projectId)).tags.find((tag) => tag.name === name) ?? { id: '' };
}

/** What the source has, in the words of the target. */
const tagNamesAt = ({ tags, images }: StandInProject): Record<string, string[]> =>
  Object.fromEntries(
    images.map(({ bytes, tags: own = [] }) => [
      sha256(bytes),
      (own ?? []).map(({ tagId }) => tags.find(({ id }) => id === tagId)?.name ?? '?').sort(),
    ]),
  );
const tagNamesIn = ({ images }: Stored): Record<string, string[]> =>
  Object.fromEntries(images.nodes.map(({ sha256: hash, tags }) => [hash, tags.map(({ name }) => name).sort()]));

async function trees(count = 6): Promise<StandInProject> {
  const kinds = [['hemlock'], ['hemlock', 'cherry'], ['none of them'], []];
  const tags = [{ name: 'hemlock', type: 'Regular' }, { name: 'cherry' }, { name: 'none of them', type: 'Negative' }];
  const images = Array.from({ length: count }, (_, index) => ({ tags: kinds[index % kinds.length] ?? [] }));
  return standInProject('Trees', tags, images);
}

const box = { left: 0.1, top: 0.25, width: 0.5, height: 0.3 };

describe('what is carried', () => {
  it('classification: several tags on an image, the negative tag, images without a tag, and every byte', async () => {
    const project = await trees();
    const report = await run(await startStandIn({ projects: [project], domains }));
    expect(report).toMatchObject({
      isVerified: true,
      differences: [],
      counts: { listed: 6, same: 6, sourceUntagged: 1 },
    });
    const result = await stored(report.target.projectId);
    expect(result).toMatchObject({ name: 'Trees', kind: 'CLASSIFICATION', classificationType: 'MULTILABEL' });
    expect(tagNamesIn(result)).toEqual(tagNamesAt(project));
    expect(result.tags.map(({ name, type }) => `${name} ${type}`).sort()).toEqual([
      'cherry REGULAR',
      'hemlock REGULAR',
      'none of them NEGATIVE',
    ]);
  });

  it('detection: boxes with their tags; what stands out of the picture is cut and told', async () => {
    const tags = [{ name: 'fork', type: 'GeneralProduct' }, { name: 'scissors' }];
    const project = await standInProject('Cutlery', tags, [
      {
        regions: [
          { tag: 'fork', ...box },
          { tag: 'scissors', ...box, left: 0.4 },
        ],
      },
      { regions: [{ tag: 'fork', ...box, left: 0.8 }] },
      { regions: [{ tag: 'fork', ...box, width: 0 }] },
      { regions: [] },
    ]);
    const report = await run(await startStandIn({ projects: [project], domains }));
    expect(report.isVerified).toBe(true);
    const result = await stored(report.target.projectId);
    expect(result.kind).toBe('DETECTION');
    const regionsOf = (index: number) =>
      result.images.nodes.find(({ name }) => name.startsWith(project.images[index]?.id ?? '?'))?.regions;
    expect(regionsOf(0)).toEqual([
      { tag: { name: 'fork' }, ...box },
      { tag: { name: 'scissors' }, ...box, left: 0.4 },
    ]);
    expect(regionsOf(1)?.[0]?.width).toBeCloseTo(0.2);
    expect(regionsOf(2)).toEqual([]);
    expect(report.notCarried.map(({ what, imageIds }) => [what, imageIds])).toEqual([
      ['The type GeneralProduct of the tag “fork”', []],
      ['Parts of boxes outside of the image', [project.images[1]?.id]],
      ['Boxes of no size', [project.images[2]?.id]],
      ['The tag “fork” on images without a box of it', [project.images[2]?.id]],
    ]);
  });

  it('a domain that is unknown here becomes General, and a Multiclass project with several tags MULTILABEL', async () => {
    const settings = { domainId: adult, classificationType: 'Multiclass' };
    const tags = [{ name: 'a' }, { name: 'b' }];
    const project = await standInProject('Odd', tags, [{ tags: ['a', 'b'] }], settings);
    const report = await run(await startStandIn({ projects: [project], domains }));
    expect(report).toMatchObject({ isVerified: true, domain: { source: 'Adult', target: 'General' } });
    expect(report.notCarried.map(({ what }) => what)).toContain('Multiclass as classification type');
    expect((await stored(report.target.projectId)).classificationType).toBe('MULTILABEL');
  });

  it('pictures of an account that is cut off from the network, which are artifacts', async () => {
    const project = await trees(2);
    for (const image of project.images) image.originalImageUri = `images/a b/${image.id}`;
    const standIn = await startStandIn({ projects: [project], domains });
    expect((await run(standIn)).isVerified).toBe(true);
    expect(standIn.asked.filter((path) => path.includes('/artifacts?path=images%2Fa%20b%2F'))).toHaveLength(2);
  });

  it('a picture that the source has twice is here once, with the tags of both', async () => {
    const bytes = await syntheticJpeg('twice');
    const tags = [{ name: 'a' }, { name: 'b' }];
    const project = await standInProject('Twins', tags, [
      { tags: ['a'], bytes },
      { tags: ['b'], bytes },
    ]);
    for (const [index, image] of project.images.entries()) image.metadata = { shelf: `${index}` };
    const report = await run(await startStandIn({ projects: [project], domains }));
    expect(report).toMatchObject({ isVerified: true, counts: { same: 2, targetImages: 1 }, pictures: { merged: 1 } });
    expect(report.notCarried).toMatchObject([{ what: 'Metadata of images', imageIds: [project.images[1]?.id] }]);
    expect(Object.values(tagNamesIn(await stored(report.target.projectId)))).toEqual([['a', 'b']]);
  });

  it('metadata of images; what does not fit is told, and the rest comes', async () => {
    const project = await trees(3);
    const [image, other] = project.images;
    if (image) image.metadata = { camera: 'north gate' };
    const many = Array.from({ length: 50 }, (_, i) => [`key ${i}`, 'x'] as const);
    if (other) other.metadata = { note: 'x'.repeat(513), ...Object.fromEntries(many), last: 'x' };
    const report = await run(await startStandIn({ projects: [project], domains }));
    const query = `query ($id: ID!) { project(id: $id) { images { nodes { name metadata { name value } } } } }`;
    const answer = await server.client.request<{
      project: { images: { nodes: { name: string; metadata: object[] }[] } };
    }>(query, { id: report.target.projectId });
    const described = answer.project.images.nodes.filter(({ metadata }) => metadata.length > 0);
    const told = Object.fromEntries(described.map(({ name, metadata }) => [name, metadata]));
    expect(told[`${image?.id}.jpg`]).toEqual([{ name: 'camera', value: 'north gate' }]);
    expect(told[`${other?.id}.jpg`]).toHaveLength(50);
    expect(report).toMatchObject({ isVerified: true, differences: [] });
    expect(report.notCarried).toMatchObject([
      { what: 'Metadata «note» of images', imageIds: [other?.id] },
      { what: 'Metadata «last» of images', imageIds: [other?.id] },
    ]);
  });

  it('metadata of images; one that has no room for them does not keep others from theirs', async () => {
    const project = await trees(2);
    const standIn = await startStandIn({ projects: [project], domains });
    const { target } = await run(standIn);
    const query = 'query ($id: ID!) { project(id: $id) { images { nodes { id name metadata { name } } } } }';
    const imagesOf = async () =>
      (
        await server.client.request<{
          project: { images: { nodes: { id: string; name: string; metadata: { name: string }[] }[] } };
        }>(query, { id: target.projectId })
      ).project.images.nodes;
    const [full, other] = await imagesOf();
    const metadata = Array.from({ length: 50 }, (_, i) => ({ name: `own ${i}`, value: 'mine' }));
    await server.client.request(setImageMetadata, { input: { imageIds: [full?.id], metadata } });
    for (const image of project.images) image.metadata = { camera: 'north gate' };
    const report = await run(standIn);
    const told = (await imagesOf()).find(({ id }) => id === other?.id);
    expect(told?.metadata).toEqual([{ name: 'camera' }]);
    const imageIds = [full?.name.replace('.jpg', '')];
    expect(report.notCarried).toMatchObject([{ what: 'Metadata «camera» of images', imageIds }]);
  });

  it('figures of trainings go into the report, which says that models stay behind', async () => {
    const project = await trees(1);
    const iteration = { id: project.project.id, name: 'Iteration 3', status: 'Completed', publishName: 'live' };
    const figures = { precision: 0.5, recall: 0.25, averagePrecision: 0.75 };
    const performance = { ...figures, perTagPerformance: [{ id: iteration.id, name: 'hemlock', ...figures }] };
    const report = await run(
      await startStandIn({ projects: [{ ...project, iterations: [iteration], performance }], domains }),
    );
    expect(report.iterations).toMatchObject([{ name: 'Iteration 3', publishName: 'live', performance }]);
    expect(report.notCarried.map(({ what }) => what)).toEqual(['Trained models', 'The published name “live”']);
    const page = await readFile(
      join(folder, (await readdir(folder)).find((file) => file.endsWith('.md')) ?? ''),
      'utf8',
    );
    expect(page).toContain('| Iteration 3 | Completed |  | live | 50.0 % | 25.0 % | 75.0 % |');
  });
});

describe('what goes wrong', () => {
  it('names each picture that is refused, carries the others and says that it is not complete', async () => {
    const text = Buffer.from('no picture');
    const project = await standInProject(
      'Broken',
      [{ name: 'a' }],
      [{ tags: ['a'] }, { bytes: text }, { tags: ['a'] }],
    );
    const { url } = await startStandIn({ projects: [project], domains });
    await expect(run({ url })).rejects.toThrow('Not complete: Broken.');
    const { pictures, counts } = await readReport();
    expect(counts).toMatchObject({ listed: 3, same: 2, targetImages: 2 });
    expect(pictures.refused).toEqual([
      { imageId: project.images[1]?.id, reason: expect.stringMatching(/.{10}/) as string },
    ]);
  });

  it('a picture that is too large is refused by itself, and not with those beside it', async () => {
    const large = Buffer.alloc(6 * 1024 * 1024 + 1);
    const project = await standInProject('Large', [{ name: 'a' }], [{ tags: ['a'] }, { bytes: large }]);
    const { url } = await startStandIn({ projects: [project], domains });
    await expect(run({ url })).rejects.toThrow('Not complete');
    const { pictures } = await readReport();
    expect(pictures).toMatchObject({ added: 1, refused: [{ imageId: project.images[1]?.id }] });
    expect(pictures.refused[0]?.reason).toContain(String(large.length));
  });

  it('reads addresses again that have expired, each batch at once', async () => {
    const project = await trees(8);
    let isListed = false;
    const standIn = await startStandIn({
      projects: [project],
      domains,
      disturb: (path) => {
        if (path.includes('/pictures/') && !isListed) standIn.expireAddresses();
        isListed ||= path.includes('/pictures/');
        return false;
      },
    });
    expect((await run(standIn)).isVerified).toBe(true);
    expect(standIn.asked.filter((path) => path.includes('/images/id?'))).toHaveLength(1);
  });

  it('an image that was deleted at the source on the way, or has no picture, is named and no hindrance', async () => {
    const project = await trees(4);
    const [deleted, empty] = project.images;
    if (empty) empty.bytes = Buffer.alloc(0);
    const standIn = await startStandIn({
      projects: [project],
      domains,
      disturb: (path) => {
        if (path.endsWith(`/pictures/${deleted?.id}`)) project.images = project.images.filter((one) => one !== deleted);
        return false;
      },
    });
    await expect(run(standIn)).rejects.toThrow('Not complete');
    const { pictures, counts } = await readReport();
    expect(counts.same).toBe(2);
    expect(pictures.refused).toEqual([
      { imageId: deleted?.id, reason: 'It was deleted from the source meanwhile.' },
      { imageId: empty?.id, reason: 'Its original image has no URL.' },
    ]);
  });

  it('waits as long as it is told, by header or in words, and repeats what the server or the network fails', async () => {
    const project = await trees(8);
    let count = 0;
    const standIn = await startStandIn({
      projects: [project],
      domains,
      disturb: (_path, response) => {
        count += 1;
        if (count % 5 === 1) gateway(response, 429, 'Rate limit is exceeded. Please retry after 0 seconds.');
        else if (count % 5 === 2) gateway(response, 429, 'Too many requests', { 'retry-after': '0' });
        else if (count % 5 === 3) response.writeHead(503).end('busy');
        else if (count % 10 === 4) response.destroy();
        else return false;
        return true;
      },
    });
    const report = await run(standIn);
    expect(report).toMatchObject({ isVerified: true, counts: { listed: 8, same: 8, targetImages: 8 } });
  });

  it('older versions have no list of all images: tagged and untagged ones are read apart', async () => {
    const project = await trees();
    const standIn = await startStandIn({ projects: [project], domains, versions: ['v3.0', 'v3.1'] });
    const report = await run(standIn);
    expect(report).toMatchObject({ isVerified: true, source: { version: 'v3.1' }, counts: { listed: 6 } });
  });

  const wrong: [string, Partial<ImportAzureOptions>, RegExp][] = [
    ['key', { key: 'that-of-the-prediction-resource' }, /refused the key: Access denied.*training resource/],
    ['project', { project: 'Flowers' }, /no project "Flowers"[^]*Trees/],
    ['version', { endpoint: '' }, /not a URL/],
    ['key of the target', { toKey: 'tl_unknown' }, /key/i],
    ['folder for the report', { report: '/nowhere/at/all' }, /no folder \/nowhere/],
  ];
  it.each(wrong)('says what is wrong with the %s', async (_what, own, message) => {
    const { url } = await startStandIn({ projects: [await trees(1)], domains });
    await expect(run({ url }, own)).rejects.toThrow(message);
  });

  it('says when an endpoint serves something else', async () => {
    await expect(run({ url: `${server.url}/v1/nothing` }, { key: 'x', endpoint: `${server.url}` })).rejects.toThrow(
      /key/,
    );
    const { url } = await startStandIn({ projects: [], domains, versions: [] });
    await expect(run({ url })).rejects.toThrow(
      /does not serve the Custom Vision training API \(v3\.0 to v3\.4-preview\)/,
    );
  });
});

describe('running it again', () => {
  it('carries what came since, gives images the tags that they lack, and doubles nothing', async () => {
    const project = await trees();
    const { url } = await startStandIn({ projects: [project], domains });
    const first = await run({ url }, { project: 'Trees' });
    const more = await trees(2);
    const [hemlock] = project.tags;
    project.images.push(...more.images.map((image) => ({ ...image, tags: [{ tagId: hemlock?.id ?? '' }] })));
    const untagged = project.images.find(({ tags }) => !tags);
    if (untagged) untagged.tags = [{ tagId: hemlock?.id ?? '' }];
    const second = await run({ url }, { project: project.project.id });
    expect(second.target.projectId).toBe(first.target.projectId);
    expect(second.pictures).toMatchObject({ added: 2, present: 5, merged: 1, refused: [] });
    expect(second).toMatchObject({ isVerified: true, counts: { listed: 8, targetImages: 8 } });
    expect(tagNamesIn(await stored(second.target.projectId))).toEqual(tagNamesAt(project));
  });

  it('tells tags apart whose names differ by letter case', async () => {
    const project = await standInProject('Cases', [{ name: 'Cat' }], [{ tags: ['Cat'] }]);
    const { url } = await startStandIn({ projects: [project], domains });
    const { target } = await run({ url });
    const more = await standInProject(
      'Cases',
      [{ name: 'CAT' }, { name: 'cat' }],
      [{ tags: ['cat'] }, { tags: ['CAT'] }],
    );
    project.tags.unshift(...more.tags);
    project.images.push(...more.images);
    for (let time = 0; time < 2; time++) {
      expect(await run({ url })).toMatchObject({ isVerified: true, target });
      expect(tagNamesIn(await stored(target.projectId))).toEqual(tagNamesAt(project));
    }
  });

  it('knows a tag again whose letter case was changed here', async () => {
    const project = await trees(4);
    const { url } = await startStandIn({ projects: [project], domains });
    const { target } = await run({ url });
    const { id } = await tagAt(target.projectId, 'cherry');
    await server.client.request(updateTag, { input: { id, name: 'Cherry' } });
    expect((await run({ url })).isVerified).toBe(true);
    expect((await stored(target.projectId)).tags.map(({ name }) => name)).toContain('Cherry');
    expect((await stored(target.projectId)).tags).toHaveLength(3);
  });

  it('finds a tag of the source on an image that lacks it there', async () => {
    const project = await trees(2);
    const { url } = await startStandIn({ projects: [project], domains });
    const { target } = await run({ url });
    const only = project.images.find(({ tags }) => tags?.length === 1)?.id ?? '?';
    const image = (await stored(target.projectId)).images.nodes.find(({ name }) => name.startsWith(only));
    const { id: tagId } = await tagAt(target.projectId, 'cherry');
    await server.client.request(tagImages, { input: { imageIds: [image?.id], tagIds: [tagId] } });
    await expect(run({ url })).rejects.toThrow('Not complete');
    const what = 'It has tags that it does not have at the source: “cherry”.';
    expect((await readReport()).differences).toEqual([{ imageId: only, what }]);
  });

  it('finds what was changed at the target', async () => {
    const project = await trees();
    const { url } = await startStandIn({ projects: [project], domains });
    const { target } = await run({ url });
    const [picture, other] = (await stored(target.projectId)).images.nodes;
    expect(picture?.sha256).not.toBe(other?.sha256);
    // The object of one image holds that of another one now.
    const keys = await keysBelow(server.storage, `projects/${target.projectId}/images/`);
    const originals = keys.filter((key) => key.endsWith('/original'));
    await server.storage.put(originals[0] ?? '', await server.storage.get(originals[1] ?? ''));
    await expect(run({ url })).rejects.toThrow('Not complete');
    const { differences } = await readReport();
    expect(differences).toHaveLength(1);
    expect(differences[0]?.what).toMatch(/bytes differ: SHA-256 [0-9a-f]{64} at the source/);
  });

  it('finds metadata that are gone from the target when it compares', async () => {
    const project = await trees(2);
    for (const image of project.images) image.metadata = { camera: 'north gate', shift: 'night' };
    let disturb: (path: string, response: ServerResponse) => boolean = () => false;
    const standIn = await startStandIn({ projects: [project], domains, disturb: (...given) => disturb(...given) });
    const { target } = await run(standIn);
    const first = project.images[0]?.id ?? '?';
    const forget = async (): Promise<void> => {
      const query = 'query ($id: ID!) { project(id: $id) { images { nodes { id name } } } }';
      const answer = await server.client.request<{ project: { images: { nodes: { id: string; name: string }[] } } }>(
        query,
        { id: target.projectId },
      );
      const imageIds = answer.project.images.nodes.filter(({ name }) => name.startsWith(first)).map(({ id }) => id);
      const input = { imageIds, metadata: [{ name: 'shift', value: null }] };
      await server.client.request(setImageMetadata, { input });
    };
    // A later run reads pictures only to compare them: what it had to carry is carried by then.
    disturb = (path, response) => {
      if (!path.startsWith('/pictures/')) return false;
      disturb = () => false;
      void forget().then(() => response.writeHead(503).end());
      return true;
    };
    await expect(run(standIn)).rejects.toThrow('Not complete');
    const what = 'Its metadata "shift" is missing here or has another value.';
    expect((await readReport()).differences).toEqual([{ imageId: first, what }]);
    expect((await run(standIn)).isVerified).toBe(true);
  });
});
