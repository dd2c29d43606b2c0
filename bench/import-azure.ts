import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImportReport } from '../cli/azure-import/report.ts';
import { PoliteHttp } from '../cli/azure-import/polite-http.ts';
import { Target } from '../cli/azure-import/target.ts';
import { TaglensClient } from '../cli/client.ts';
import {
  createProject,
  createTag,
  createTags,
  uploadPhotos,
  type LabelledPhoto,
  type ProjectKind,
} from '../cli/demo-steps.ts';
import { startEmptyServer, type EmptyServer } from './bench-server.ts';
import type { BenchOptions } from './main.ts';
import { printTable } from './report.ts';
import { syntheticJpeg } from './synthetic-images.ts';

export interface Scenario {
  kind: ProjectKind;
  images: number;
  /** How often the import is ended by `kill -9`, at equal steps of the way; what is left after the last is more than one step. */
  kills: number;
}

export interface Outcome {
  report: ImportReport;
  /** What the target had when each run was killed. */
  killedAt: number[];
  /** Images at the target in the end, and different names among them. */
  imageCount: number;
  nameCount: number;
  /** Requests that were answered with 429. */
  throttled: number;
  lastRunSeconds: number;
  seconds: number;
}

const program = fileURLToPath(new URL('../bin/taglens.js', import.meta.url));
const tagNames = ['red', 'green', 'blue'];
/** One in so many requests to the API of the source is throttled; pictures have separate addresses, as in Azure. */
const throttledEvery = 3;
const pollMs = 25;

/** A second server plays Azure, behind a gateway that throttles; the import is killed, started again, and has to end verified. */
export async function importThroughKills({ kind, images, kills }: Scenario): Promise<Outcome> {
  const [source, target] = [await startEmptyServer(), await startEmptyServer()];
  const gateway = await startGateway(source.url);
  const folder = await mkdtemp(join(tmpdir(), 'taglens-import-'));
  const startedAt = performance.now();
  try {
    await fill(new TaglensClient(source.url, source.key), kind, images);
    const start = (): ChildProcess => startImport(gateway.url, { source, target, folder });
    const killedAt: number[] = [];
    for (let kill = 1; kill <= kills; kill++)
      killedAt.push(await killWhen(start(), target, (kill * images) / (kills + 2)));
    const lastStartedAt = performance.now();
    const [exitCode] = (await once(start(), 'exit')) as [number | null];
    if (exitCode !== 0) throw new Error(`The last run ended with ${exitCode}.`);
    const endedAt = performance.now();
    const names = await namesAt(target);
    return {
      report: await readReport(folder),
      killedAt,
      imageCount: names.length,
      nameCount: new Set(names).size,
      throttled: gateway.throttled(),
      lastRunSeconds: (endedAt - lastStartedAt) / 1000,
      seconds: (endedAt - startedAt) / 1000,
    };
  } finally {
    await gateway.stop();
    await Promise.all([source.stop(), target.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Several tags, the negative tag, and every tenth image without any; boxes in a detection project. */
async function fill(client: TaglensClient, kind: ProjectKind, count: number): Promise<void> {
  const projectId = await createProject(client, 'Moving', kind, 'MULTILABEL');
  const ids = [...(await createTags(client, projectId, tagNames)).values()];
  const negative = await createTag(client, { projectId, name: 'nothing', type: 'NEGATIVE' });
  const photos = Array.from({ length: count }, (_, index): LabelledPhoto => {
    const [first = '', second = ''] = [ids[index % ids.length], ids[(index + 1) % ids.length]];
    const name = `${index}.jpg`;
    const photo = { title: name, name, read: () => syntheticJpeg(`import ${kind} ${index}`) };
    if (index % 10 === 0) return { ...photo, labels: {} };
    if (index % 10 === 1) return { ...photo, labels: { tagIds: [negative] } };
    const box = { left: 0.1, top: (index % 50) / 100, width: 0.4, height: 0.35 };
    const both = index % 2 === 0 ? [first] : [first, second];
    const regions = both.map((tagId, place) => ({ tagId, ...box, left: box.left + place / 10 }));
    return { ...photo, labels: kind === 'DETECTION' ? { regions } : { tagIds: both } };
  });
  await uploadPhotos(client, projectId, photos);
}

function startImport(
  endpoint: string,
  { source, target, folder }: { source: EmptyServer; target: EmptyServer; folder: string },
): ChildProcess {
  const keys = { VISION_TRAINING_KEY: source.key, TAGLENS_KEY: target.key };
  const command = ['import', 'azure', '--endpoint', endpoint, '--to', target.url, '--report', folder];
  const options = ['--project', 'Moving'];
  return spawn(process.execPath, [program, ...command, ...options], {
    env: { ...process.env, ...keys },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Ends the process once the target has so many images; answers how many it had. */
async function killWhen(child: ChildProcess, { url, key }: EmptyServer, images: number): Promise<number> {
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  const client = new TaglensClient(url, key);
  for (;;) {
    const { projects } = await client.request<{ projects: { nodes: { imageCount: number }[] } }>(
      '{ projects { nodes { imageCount } } }',
    );
    const count = projects.nodes[0]?.imageCount ?? 0;
    if (child.exitCode !== null) throw new Error(`The import had ended before it could be killed at ${images} images.`);
    if (count >= images) {
      child.kill('SIGKILL');
      await ended;
      return count;
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Image names in all projects together, so that a second project would show. */
async function namesAt({ url, key }: EmptyServer): Promise<string[]> {
  const { projects } = await new TaglensClient(url, key).request<{ projects: { nodes: { id: string }[] } }>(
    '{ projects { nodes { id } } }',
  );
  const names: string[] = [];
  const target = new Target(url, key, new PoliteHttp());
  for (const { id } of projects.nodes)
    for await (const page of target.images(id)) names.push(...page.map(({ name }) => name));
  return names;
}

async function readReport(folder: string): Promise<ImportReport> {
  const name = (await readdir(folder)).find((file) => file.endsWith('.json'));
  return JSON.parse(await readFile(join(folder, name ?? ''), 'utf8')) as ImportReport;
}

/** Stands before the API of the source, and asks for patience now and then in the words of Azure's gateway. */
async function startGateway(
  upstream: string,
): Promise<{ url: string; throttled: () => number; stop(): Promise<void> }> {
  let [asked, throttled] = [0, 0];
  const server: Server = createServer((incoming, response) => {
    asked += 1;
    if (asked % throttledEvery === 0) {
      throttled += 1;
      const message =
        'Requests have exceeded the call rate limit of your current pricing tier. Please retry after 1 seconds.';
      response.writeHead(429, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: '429', message } }));
      return;
    }
    const { method, headers, url = '/' } = incoming;
    const forwarded = request(new URL(url, upstream), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    throttled: () => throttled,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function benchImportAzure({ smoke }: BenchOptions): Promise<void> {
  const scenario: Scenario = { kind: 'CLASSIFICATION', images: smoke ? 200 : 2000, kills: 3 };
  const { report, killedAt, imageCount, nameCount, throttled, lastRunSeconds, seconds } =
    await importThroughKills(scenario);
  printTable(
    [
      'images',
      'killed at',
      'carried by the last run',
      'verified',
      'at the target',
      'of different names',
      '429s',
      'last run',
      'all',
    ],
    [
      [
        String(scenario.images),
        killedAt.join(', '),
        String(report.pictures.added),
        report.isVerified ? String(report.counts.same) : 'no',
        String(imageCount),
        String(nameCount),
        String(throttled),
        `${Math.round(lastRunSeconds)} s`,
        `${Math.round(seconds)} s`,
      ],
    ],
  );
}
