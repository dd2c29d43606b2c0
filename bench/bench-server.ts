import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TaglensClient } from '../cli/client.ts';
import { regionLabels, renderBoxedPhotos, type BoxedPhoto } from '../cli/boxed-photos.ts';
import {
  createProject,
  createTags,
  publish,
  train,
  uploadPhotos,
  type LabelledPhoto,
  type ProjectKind,
} from '../cli/demo-steps.ts';
import { withoutSettings } from '../infra/config.ts';

export interface EmptyServer {
  url: string;
  key: string;
  data: string;
  settings: Record<string, string>;
  residentMegabytes(): Promise<number>;
  stop(): Promise<void>;
}

export interface BenchServer extends EmptyServer {
  /** A small model is published there as «bench». */
  projectId: string;
  iterationId: string;
}

const key = 'tl_bench_key_for_a_throw_away_server';
/** One of them is held back, and a detector needs five of each tag. */
const samplesPerTag = 7;
const program = fileURLToPath(new URL('../bin/taglens.js', import.meta.url));

async function addressOf(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('The server has no output to read.');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /serves at (\S+)/.exec(line)?.[1];
    if (url) return url;
  }
  throw new Error('The server ended before it served.');
}

/** What is sent of a sample beside the picture; a detector is judged on some, which saves it the trainings of the folds. */
const labelsOf: Record<ProjectKind, (photo: BoxedPhoto, tagIds: Map<string, string>) => LabelledPhoto['labels']> = {
  CLASSIFICATION: ({ boxes }, tagIds) => ({ tagIds: boxes.map(({ tag }) => tagIds.get(tag) ?? '') }),
  DETECTION: (photo, tagIds) => regionLabels(photo, tagIds),
};

async function publishSamples(
  client: TaglensClient,
  kind: ProjectKind,
): Promise<{ projectId: string; iterationId: string }> {
  const photos = await renderBoxedPhotos(samplesPerTag, () => undefined);
  const projectId = await createProject(client, 'Bench', kind);
  const names = photos.flatMap(({ boxes }) => boxes.map(({ tag }) => tag));
  const tagIds = await createTags(client, projectId, names);
  const labelled = photos.map((photo) => ({ ...photo, title: photo.name, labels: labelsOf[kind](photo, tagIds) }));
  await uploadPhotos(client, projectId, labelled);
  const { id: iterationId } = await train(client, projectId);
  await publish(client, iterationId, 'bench');
  return { projectId, iterationId };
}

/** A server as users run it, in a process of its own with a throw-away folder. */
export async function startEmptyServer(settings: Record<string, string> = {}): Promise<EmptyServer> {
  const data = await mkdtemp(join(tmpdir(), 'taglens-bench-'));
  const own: Record<string, string> = {
    TAGLENS_DATA: data,
    TAGLENS_PORT: '0',
    TAGLENS_OWNER_KEY: key,
    TAGLENS_LOG_LEVEL: 'warn',
  };
  const env = { ...withoutSettings(process.env), ...own, ...settings };
  const child = spawn(process.execPath, [program, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  // A benchmark that is ended must not leave a server behind that trains on.
  const end = (): boolean => child.kill('SIGTERM');
  process.once('exit', end);
  const url = await addressOf(child);
  child.stdout.resume();
  return {
    url,
    key,
    data,
    settings: { ...own, ...settings },
    residentMegabytes: () => residentMegabytes(child.pid),
    stop: async () => {
      process.off('exit', end);
      end();
      if (child.exitCode === null) await once(child, 'exit');
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** The same with a model to ask. */
export async function startServer(
  settings: Record<string, string> = {},
  kind: ProjectKind = 'CLASSIFICATION',
): Promise<BenchServer> {
  const server = await startEmptyServer(settings);
  return { ...server, ...(await publishSamples(new TaglensClient(server.url, server.key), kind)) };
}

/** Metrics without labels, as the server tells them now; those of the event loop begin anew each time that they are read. */
export async function metricsOf(url: string, ...names: string[]): Promise<number[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return names.map((name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]));
}

/** From /proc, so on Linux only; NaN elsewhere. */
export async function residentMegabytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}
