import { copyFile, link, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openDatabase } from '../infra/database/open.ts';
import { DiskStorage } from '../infra/storage/disk.ts';
import { keys } from '../infra/storage/keys.ts';
import { renderSamples } from '../samples/render.ts';
import { entities } from '../schema/entities/index.ts';
import { Iteration } from '../schema/entities/iteration.entity.ts';
import { Publication } from '../schema/entities/publication.entity.ts';
import { newId } from '../schema/id.ts';
import { featureLength, featureVersion } from '../workers/ml/features.ts';
import { writeModelPackage } from '../workers/ml/model-package.ts';
import { startServer, type BenchServer } from './bench-server.ts';
import { at, printTable } from './report.ts';

const tagCount = 10;
const callers = 4;

/** A head of ten tags; what its weights say does not matter to its size or speed. */
function tenTagModel(): Uint8Array {
  const weights = Float32Array.from({ length: tagCount * featureLength }, (_, i) => Math.sin(i) / 10);
  const numbers = { weights, bias: new Float32Array(tagCount), temperature: 1 };
  const tags = Array.from({ length: tagCount }, (_, i) => ({
    id: newId(),
    name: `tag ${i}`,
    type: 'REGULAR' as const,
  }));
  const facts = { kind: 'MULTICLASS' as const, backbone: 'efficientnet-lite2' as const, inputSize: 260 };
  return writeModelPackage({
    ...facts,
    ...numbers,
    featureVersion,
    tags,
    thresholds: tags.map(() => 0.5),
  });
}

/** Rows and files as publishing leaves them. The files are links to one, to spare the disk; the server reads each. */
async function publishMany({ data, projectId, iterationId }: BenchServer, count: number): Promise<string[]> {
  const database = await openDatabase({ kind: 'sqlite', folder: data }, entities, []);
  const root = join(data, 'objects');
  const first = join(root, keys.model(iterationId));
  await new DiskStorage(root).put('bench/model', tenTagModel());
  await copyFile(join(root, 'bench/model'), first);
  const iteration = await database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
  const createdAt = new Date();
  const rows = Array.from({ length: count }, (_, i) => ({ id: newId(), name: `model-${i}` }));
  for (const { id } of rows) {
    const file = join(root, keys.model(id));
    await mkdir(dirname(file), { recursive: true });
    await link(first, file);
  }
  for (let at = 0; at < rows.length; at += 500)
    await database.transact(async (manager) => {
      const some = rows.slice(at, at + 500);
      await manager.insert(
        Iteration,
        some.map(({ id, name }) => ({ ...iteration, id, name })),
      );
      await manager.insert(
        Publication,
        some.map(({ id, name }) => ({ id: newId(), projectId, iterationId: id, name, createdAt })),
      );
    });
  await database.close();
  return rows.map(({ name }) => name);
}

async function onePhotograph(): Promise<Buffer> {
  for await (const { jpeg } of renderSamples({ perTag: 1, seed: 5, size: 320 })) return jpeg;
  throw new Error('No sample was rendered.');
}

/** Latencies in milliseconds, ascending. */
async function ask({ url, key, projectId }: BenchServer, names: readonly string[], body: Buffer): Promise<number[]> {
  const latencies: number[] = [];
  const queue = [...names];
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/octet-stream' };
  const caller = async (): Promise<void> => {
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const startedMs = performance.now();
      const response = await fetch(`${url}/v1/projects/${projectId}/predict/${name}`, {
        method: 'POST',
        headers,
        body,
      });
      if (!response.ok) throw new Error(`${name} answered ${response.status}: ${await response.text()}`);
      await response.arrayBuffer();
      latencies.push(performance.now() - startedMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return latencies.sort((a, b) => a - b);
}

/** Memory and latency with very many published models, asked at random, against one model alone. */
export async function benchModels({ smoke }: { smoke: boolean }): Promise<void> {
  const [modelCount, askCount] = smoke ? [200, 100] : [10_000, 3000];
  const server = await startServer();
  try {
    const body = await onePhotograph();
    const names = await publishMany(server, modelCount);
    await ask(
      server,
      Array.from({ length: 50 }, () => 'bench'),
      body,
    );
    const before = await server.residentMegabytes();
    const one = await ask(
      server,
      Array.from({ length: askCount }, () => 'bench'),
      body,
    );
    // Every model once over the run would be no test of the cache: a random draw meets old and new ones.
    const drawn = Array.from({ length: askCount }, () => names[Math.floor(Math.random() * names.length)] ?? '');
    const many = await ask(server, drawn, body);
    const after = await server.residentMegabytes();
    const row = (name: string, latencies: number[], memory: number): string[] => [
      name,
      at(latencies, 0.5).toFixed(0),
      at(latencies, 0.99).toFixed(0),
      `${memory}`,
    ];
    printTable(
      ['models asked', 'p50 ms', 'p99 ms', 'resident MB'],
      [row('1', one, before), row(`${modelCount} at random`, many, after)],
    );
    const ratio = at(many, 0.99) / at(one, 0.99);
    console.log(`\np99 of many against one: ${ratio.toFixed(2)}`);
  } finally {
    await server.stop();
  }
}
