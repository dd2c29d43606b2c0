import 'reflect-metadata';
import { unzipSync } from 'fflate';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { domains } from '../../../api/features/domains/domains.ts';
import { ExportRuns } from '../../../api/features/exports/export-runs.ts';
import { platformsOf } from '../../../api/features/exports/platforms.ts';
import { loadConfig } from '../../../infra/config.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { Export } from '../../../schema/entities/export.entity.ts';
import { entities } from '../../../schema/entities/index.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ExportStatus, ProjectKind } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { completeExport, failExport } from '../../../workers/activities/end-export.ts';
import type { ActivityDeps } from '../../../workers/activities/deps.ts';
import { decodeUpright } from '../../../workers/ml/images/image.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { withData } from '../operations/setup.ts';
import { completedIteration } from './completed-iteration.ts';
import {
  addImages,
  keysBelow,
  makeProject,
  ownerKey,
  samples,
  startServerOn,
  trainToEnd,
  type TestServer,
} from './setup.ts';

const compact = '0732100f-1a38-4e49-a514-c9b44c697ab5';
const detectionDomains = domains.filter(({ kind }) => kind === ProjectKind.DETECTION);
/** What infra/python.sh makes. */
const python = join(homedir(), '.cache/taglens-python/bin/python');
/** Stated in the archive. */
const tolerance = 0.03;

interface Exported {
  id: string;
  platform: string;
  flavor: string | null;
  status: string;
  error: string | null;
  largestDifference: number | null;
  sha256: string | null;
  sizeBytes: number | null;
  downloadUrl: string | null;
}

const fields = 'id platform flavor status error largestDifference sha256 sizeBytes downloadUrl isOutdated';
const startExport = `mutation ($input: ExportIterationInput!) { exportIteration(input: $input) { ${fields} } }`;

let backend: Backend;
let server: TestServer;
let projectId: string;
let iterationId: string;
let done: Exported;
let files: Record<string, Uint8Array>;
beforeAll(async () => {
  backend = await freshBackend();
  server = await startServerOn(backend);
  ({ projectId, iterationId } = await trainedProject(compact, 8));
  done = await exportToEnd({});
  files = await download(done);
});
afterAll(async () => {
  await server.close();
  await backend.close();
});

const askAzure = (method: string, path: string) =>
  fetch(`${server.url}/customvision/v3.4-preview/training/projects/${path}`, {
    method,
    headers: { 'training-key': ownerKey, 'content-type': 'application/json; charset=utf-8' },
  });

async function trainedProject(domainId: string, perTag: number) {
  const photographs = await samples(perTag, 5);
  const tags = [...new Set(photographs.map(({ tag }) => tag))];
  const project = await makeProject(server, { tags, domainId });
  const images = photographs.map(({ tag, jpeg }) => ({
    source: { base64: jpeg.toString('base64') },
    tagIds: [project.tagIds[tag]],
  }));
  for (let at = 0; at < images.length; at += 64)
    await addImages(server, { projectId: project.projectId, images: images.slice(at, at + 64) });
  const iteration = await trainToEnd(server, project.projectId);
  expect(iteration).toMatchObject({ status: 'COMPLETED' });
  return { projectId: project.projectId, iterationId: iteration.id };
}

async function exportToEnd(input: object): Promise<Exported> {
  const { exportIteration } = await server.client.request<{ exportIteration: Exported }>(startExport, {
    input: { iterationId, platform: 'ONNX', ...input },
  });
  for (;;) {
    const answer = await server.client.request<{ export: Exported }>(
      `query ($id: ID!) { export(id: $id) { ${fields} } }`,
      { id: exportIteration.id },
    );
    if (answer.export.status !== 'EXPORTING') return answer.export;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function download({ downloadUrl }: Exported): Promise<Record<string, Uint8Array>> {
  const response = await fetch(downloadUrl ?? '', { redirect: 'error' });
  expect(response.status).toBe(200);
  return unzipSync(new Uint8Array(await response.arrayBuffer()));
}

const text = (name: string): string => Buffer.from(files[name] ?? []).toString();

/** What the server says, in the order of labels.txt. */
async function served(jpeg: Buffer): Promise<number[]> {
  const image = { base64: jpeg.toString('base64') };
  const { predict } = await server.client.request<{
    predict: { results: { tagName: string; probability: number }[] };
  }>('mutation ($input: PredictInput!) { predict(input: $input) { results { tagName probability } } }', {
    input: { projectId, iterationId, image },
  });
  const byName = new Map(predict.results.map(({ tagName, probability }) => [tagName, probability]));
  return text('labels.txt')
    .trim()
    .split('\n')
    .map((name) => byName.get(name) ?? NaN);
}

/** What the exported model says; the caller decodes, and that is all. */
async function exported(session: InferenceSession, jpeg: Buffer): Promise<number[]> {
  const { data, info } = await sharp(jpeg).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const plane = info.width * info.height;
  const values = Float32Array.from({ length: 3 * plane }, (_, i) => data[(i % plane) * 3 + Math.floor(i / plane)] ?? 0);
  const outputs = await session.run({ data: new Tensor('float32', values, [1, 3, info.height, info.width]) });
  return Array.from(outputs['model_output']?.data as Float32Array);
}

const largest = (a: number[], b: number[]): number => Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));

function skipWithoutPython(skip: (note: string) => void): void {
  if (spawnSync(python, ['-c', 'import onnxruntime, PIL']).status !== 0)
    skip(`${python} has no onnxruntime: run infra/python.sh once, and the sample in Python is tested as well`);
}

/** The folder that the archive is in, file by file. */
async function unpacked(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taglens-export-'));
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return folder;
}

const side = 64;
const colourful = sharp(Buffer.from(Array.from({ length: 3 * side ** 2 }, (_, i) => [230, 40, i % 200][i % 3] ?? 0)), {
  raw: { width: side, height: side, channels: 3 },
});

function displayP3(): Promise<Buffer> {
  return colourful.clone().withIccProfile('p3').png().toBuffer();
}

/** Pictures that Pillow does not bring to sRGB with 8 bits by itself. */
const unusualPictures: Record<string, () => Promise<Buffer>> = {
  'a picture in Display P3': displayP3,
  'a transparent picture in Display P3': async () =>
    sharp(await displayP3())
      .keepIccProfile()
      .ensureAlpha(0.5)
      .png()
      .toBuffer(),
  'a picture with a broken colour profile': async () => {
    const jpeg = await colourful.clone().withIccProfile('p3').jpeg().toBuffer();
    const headerAt = jpeg.indexOf('ICC_PROFILE') + 14;
    return jpeg.fill(0x55, headerAt, headerAt + 128);
  },
  'a grey picture of 16 bits': () =>
    sharp(
      Uint16Array.from({ length: side ** 2 }, (_, i) => 16 * i),
      { raw: { width: side, height: side, channels: 1 } },
    )
      .toColourspace('grey16')
      .png()
      .toBuffer(),
};

describe('The export of a classifier for ONNX', () => {
  it('answers as the server for pictures that neither has seen', async () => {
    const session = await InferenceSession.create(files['model.onnx'] ?? new Uint8Array());
    const differences: number[] = [];
    for (const size of [120, 300, 430])
      for (const { jpeg } of (await samples(1, 77, size)).slice(0, 3)) {
        const wide = await sharp(jpeg)
          .resize(size, Math.round(size * 0.75), { fit: 'cover' })
          .jpeg()
          .toBuffer();
        for (const picture of [jpeg, wide])
          differences.push(largest(await served(picture), await exported(session, picture)));
      }
    await session.release();
    console.info(`largest difference of ${differences.length} pictures: ${Math.max(...differences).toExponential(1)}`);
    expect(differences).toHaveLength(18);
    expect(Math.max(...differences)).toBeLessThanOrEqual(tolerance);
  });

  it('has a sample in Python that answers the same', async ({ skip }) => {
    skipWithoutPython(skip);
    const folder = await unpacked();
    const run = (...args: string[]) =>
      spawnSync(python, [join(folder, 'python/predict.py'), ...args], { encoding: 'utf8' });
    const checked = run('--check');
    console.info(checked.stdout.trim());
    expect(checked).toMatchObject({ status: 0, stderr: '' });
    expect(checked.stdout).toContain('reference/portrait.png');
    const [{ jpeg } = { jpeg: Buffer.of() }] = await samples(1, 78, 700);
    await writeFile(join(folder, 'photograph.jpg'), jpeg);
    const { stdout } = run(join(folder, 'photograph.jpg'));
    const best = Math.max(...(await served(jpeg)));
    const [, tag, probability] = /^ {2}(.+): (\d\.\d+)$/m.exec(stdout) ?? [];
    expect(text('labels.txt').split('\n')).toContain(tag);
    expect(Math.abs(Number(probability) - best)).toBeLessThanOrEqual(tolerance);
    await rm(folder, { recursive: true });
  });

  it.for(Object.entries(unusualPictures))(
    'has a sample in Python that sees %s as the server does',
    async ([, picture], { skip }) => {
      skipWithoutPython(skip);
      const folder = await unpacked();
      const bytes = await picture();
      await writeFile(join(folder, 'picture'), bytes);
      const script = 'import sys, predict; sys.stdout.buffer.write(predict.upright("../picture").tobytes())';
      const { stdout } = spawnSync(python, ['-c', script], { cwd: join(folder, 'python') });
      const pixels = await decodeUpright(bytes).raw({ depth: 'uchar' }).toBuffer();
      // Both round.
      expect(largest([...stdout], [...pixels])).toBeLessThanOrEqual(1);
      expect(stdout).toHaveLength(pixels.length);
      await rm(folder, { recursive: true });
    },
  );

  it('says what it is in the files that Azure’s users know', () => {
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining(['LICENSE', 'README.txt', 'parity.json', 'python/predict.py', 'reference/portrait.png']),
    );
    const manifest = JSON.parse(text('cvexport.manifest')) as Record<string, string | null>;
    expect(manifest).toMatchObject({
      DomainType: 'Classification',
      Platform: 'ONNX',
      Flavor: null,
      ExporterVersion: '2.1',
      IterationId: iterationId,
      ModelFileName: 'model.onnx',
      ModelFileSHA1: createHash('sha1')
        .update(files['model.onnx'] ?? '')
        .digest('hex'),
    });
    expect(manifest['ExportedDate']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
    expect(JSON.parse(text('metadata_properties.json'))).toMatchObject({
      'Image.BitmapPixelFormat': 'Rgb8',
      'Image.NominalPixelRange': 'NominalRange_0_255',
    });
    expect(text('README.txt')).toContain('in sRGB, 8 bits per channel');
    const parity = JSON.parse(text('parity.json')) as { largestDifference: number; tolerance: number };
    expect(parity.tolerance).toBe(tolerance);
    expect(parity.largestDifference).toBe(done.largestDifference);
  });

  it('is downloaded as it was stored, and only with its signature', async () => {
    const url = done.downloadUrl ?? '';
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(done.sha256);
    expect(bytes.length).toBe(done.sizeBytes);
    const refused = await fetch(url.replace(/signature=.{4}/, 'signature=AAAA'));
    expect(refused.status).toBe(403);
  });

  it('is made once for each platform and flavor', async () => {
    const again = await server.send(startExport, { input: { iterationId, platform: 'onnx' } });
    expect(again.errors[0]?.extensions).toMatchObject({ code: 'EXPORT_EXISTS', exportId: done.id });
    const half = await exportToEnd({ flavor: 'onnxfloat16' });
    expect(half).toMatchObject({ status: 'DONE', flavor: 'OnnxFloat16' });
    const listed = await server.client.request<{ iteration: { exports: Exported[]; exportableTo: string[] } }>(
      'query ($id: ID!) { iteration(id: $id) { exportableTo exports { id flavor } } }',
      { id: iterationId },
    );
    expect(listed.iteration).toEqual({
      exportableTo: ['ONNX'],
      exports: [
        { id: done.id, flavor: null },
        { id: half.id, flavor: 'OnnxFloat16' },
      ],
    });
  });

  it('is refused for what no exporter writes', async () => {
    for (const form of [{ platform: 'CoreML' }, { platform: 'ONNX', flavor: 'ONNX10' }]) {
      const { errors } = await server.send(startExport, { input: { iterationId, ...form } });
      expect(errors[0]).toMatchObject({
        message: expect.stringContaining('available: ONNX, ONNX OnnxFloat16, ONNX ONNX12') as string,
        extensions: { code: 'NOT_EXPORTABLE' },
      });
    }
  });
});

describe('The model of a domain that is not compact', () => {
  it('is not exported, and says so beforehand', async () => {
    const general = await trainedProject('ee85a74c-405e-4adc-bb47-ffa8ca0c9f31', 5);
    const { errors } = await server.send(startExport, {
      input: { iterationId: general.iterationId, platform: 'ONNX' },
    });
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining('General (compact)') as string,
      extensions: { code: 'NOT_EXPORTABLE' },
    });
    const { iteration } = await server.client.request<{ iteration: { exportableTo: string[] } }>(
      'query ($id: ID!) { iteration(id: $id) { exportableTo } }',
      { id: general.iterationId },
    );
    expect(iteration.exportableTo).toEqual([]);

    // One that came with a copied project may be of a domain that only the other version knows.
    const database = await openDatabase(loadConfig(backend.settings).database, entities, []);
    const unknown = { domainId: '00000000-0000-4000-8000-000000000000' };
    await database.transact((manager) => manager.update(Iteration, { id: general.iterationId }, unknown));
    await database.close();
    const { errors: refused } = await server.send(startExport, {
      input: { iterationId: general.iterationId, platform: 'ONNX' },
    });
    expect(refused[0]).toMatchObject({
      message: expect.stringContaining('the domain of another version') as string,
      extensions: { code: 'NOT_EXPORTABLE' },
    });
    const listed = await askAzure('GET', `${general.projectId}/iterations`);
    expect(await listed.json()).toMatchObject([{ ...unknown, exportable: false, exportableTo: [] }]);
  });
});

describe('The model of a detector', () => {
  it.each(detectionDomains)(
    'is not exported yet, whatever its domain: $name',
    async ({ id: domainId, isExportable }) => {
      const { projectId: ofDetector } = await makeProject(server, { kind: 'DETECTION', domainId });
      const detector = await withData(backend.settings, (database) => completedIteration(database, ofDetector));
      const { errors } = await server.send(startExport, { input: { iterationId: detector, platform: 'ONNX' } });
      expect(isExportable).toBe(false);
      expect(errors[0]).toMatchObject({
        message: 'A DETECTION model cannot be exported for "ONNX"; no exporter exists for it yet.',
        extensions: { code: 'NOT_EXPORTABLE' },
      });
    },
  );
});

describe('A domain', () => {
  it.each(domains)('is exportable where a platform takes its models, and says so: $kind $name', (domain) => {
    expect(domain.isExportable).toBe(platformsOf(domain).length > 0);
    expect(domain.description.includes(', exportable')).toBe(domain.isExportable);
  });
});

describe('Azure’s operations of exports', () => {
  const ask = (method: string, path: string) => askAzure(method, `${projectId}/${path}`);
  const ofIteration = (query = ''): string => `iterations/${iterationId}/export${query}`;

  it('export, tell of it, and refuse it with Azure’s codes', async () => {
    const started = await ask('POST', ofIteration('?platform=ONNX&flavor=ONNX12'));
    expect(started.status).toBe(200);
    expect(await started.json()).toEqual({
      platform: 'ONNX',
      status: 'Exporting',
      downloadUri: null,
      flavor: 'ONNX12',
      newerVersionAvailable: false,
    });
    let found: { status: string; downloadUri: string; flavor: string | null } | undefined;
    while (found?.status !== 'Done') {
      const all = (await (await ask('GET', ofIteration())).json()) as NonNullable<typeof found>[];
      found = all.find(({ flavor }) => flavor === 'ONNX12');
      expect(found?.status).not.toBe('Failed');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((await fetch(found.downloadUri, { redirect: 'error' })).status).toBe(200);
    for (const form of ['?platform=ONNX&flavor=ONNX12', '?platform=CoreML', '?platform=DockerFile&flavor=Linux']) {
      const refused = await ask('POST', ofIteration(form));
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ code: 'BadRequestExportValidationFailed' });
    }
    expect(await (await ask('GET', `iterations/${iterationId}`)).json()).toMatchObject({
      exportable: true,
      exportableTo: ['ONNX'],
    });
  });

  it('give an archive as an artifact', async () => {
    const artifact = await ask('GET', `artifacts?path=${encodeURIComponent(`exports/${done.id}/model.zip`)}`);
    expect(artifact.status).toBe(200);
    const bytes = new Uint8Array(await artifact.arrayBuffer());
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(done.sha256);
    expect((await ask('GET', 'artifacts?path=nothing')).status).toBe(404);
  });
});

/** Without a server, whose watch would start what has no run. */
describe('The archive of an export that ends twice', () => {
  const reason = 'The run was ended from outside.';
  const written = { sizeBytes: 4, sha256: '0'.repeat(64), largestDifference: 0 };
  let apart: Backend;
  beforeAll(async () => {
    apart = await freshBackend();
  });
  afterAll(() => apart.close());

  type Ways = Record<'complete' | 'fail' | 'endFromOutside', () => Promise<void>>;

  /** The ways in which an export ends, for one that has its archive. */
  const withExport = (work: (ways: Ways, state: () => Promise<object>) => Promise<void>): Promise<void> =>
    withData(apart.settings, async (database, storage) => {
      const id = newId();
      const ofNobody = {
        projectId: newId(),
        iterationId: newId(),
        exporterVersion: '1',
        finishedAt: null,
        error: null,
      };
      const form = { platform: 'ONNX', flavor: null, createdAt: new Date() };
      const state = { status: ExportStatus.EXPORTING, fraction: 0.9, message: 'Storing the archive.' };
      const none = { sizeBytes: null, sha256: null, largestDifference: null };
      await database.transact((manager) => manager.insert(Export, { id, ...ofNobody, ...form, ...state, ...none }));
      const store = () => storage.put(keys.exportArchive(id), Buffer.from('zip'));
      await store();
      const deps = { database, storage } as ActivityDeps;
      const ways = {
        // An attempt that nobody waits for may store it late.
        complete: () => store().then(() => completeExport(deps)({ exportId: id, ...written })),
        fail: () => failExport(deps)({ exportId: id, reason }),
        endFromOutside: () => new ExportRuns({ database, storage, engine: {} as Engine }).end(id, { reason }),
      };
      await work(ways, async () => {
        const row = await database.read.manager.findOneByOrFail(Export, { id });
        const archives = await keysBelow(storage, keys.export(id));
        return { status: row.status, error: row.error, archives: archives.length };
      });
    });

  it('stays when it was done first', () =>
    withExport(async ({ complete, endFromOutside, fail }, state) => {
      await complete();
      await endFromOutside();
      await fail();
      expect(await state()).toEqual({ status: 'DONE', error: null, archives: 1 });
    }));

  it('goes when it was ended from outside first', () =>
    withExport(async ({ complete, endFromOutside }, state) => {
      await endFromOutside();
      expect(await state()).toEqual({ status: 'FAILED', error: reason, archives: 0 });
      await complete();
      expect(await state()).toEqual({ status: 'FAILED', error: reason, archives: 0 });
    }));
});

describe('The archives of an iteration', () => {
  it('go with it', async () => {
    expect(await keysBelow(server.storage, `exports/${done.id}/`)).toHaveLength(1);
    await server.client.request('mutation ($id: ID!) { deleteIteration(id: $id) }', { id: iterationId });
    expect(await keysBelow(server.storage, 'exports/')).toEqual([]);
    expect((await fetch(done.downloadUrl ?? '')).status).toBe(404);
  });
});
