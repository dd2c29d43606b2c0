import { fork } from 'node:child_process';
import { once } from 'node:events';
import autocannon from 'autocannon';
import sharp from 'sharp';
import { renderSamples } from '../samples/render.ts';
import { openBackbone } from '../workers/ml/backbones/backbone.ts';
import { backbones } from '../workers/ml/backbones/registry.ts';
import type { ClassifierModel } from '../workers/ml/model-package.ts';
import { predictImage } from '../workers/ml/predictor.ts';
import { FEATURE_LENGTH, FEATURE_VERSION } from '../workers/ml/features.ts';
import { startServer, type BenchServer } from './bench-server.ts';
import { median, printTable } from './report.ts';

const concurrency = 2;
const callers = 16;
const tagCount = 5;

/** 640 x 480 photographs, as a camera sends them. */
async function photographs(count: number): Promise<Buffer[]> {
  const bodies: Buffer[] = [];
  for await (const { jpeg } of renderSamples({ perTag: Math.ceil(count / tagCount), seed: 7, size: 640 }))
    bodies.push(await sharp(jpeg).resize(640, 480, { fit: 'cover' }).jpeg({ quality: 85 }).toBuffer());
  return bodies;
}

/** The same work as a prediction, without HTTP and without a server: predictions a second. */
async function bareLoop(bodies: Buffer[], seconds: number): Promise<number> {
  const spec = backbones['efficientnet-lite2'];
  const backbone = await openBackbone(spec, { threads: 1 });
  const numbers = {
    weights: new Float32Array(tagCount * FEATURE_LENGTH),
    bias: new Float32Array(tagCount),
    temperature: 1,
  };
  const tags = Array.from({ length: tagCount }, (_, i) => ({ id: `${i}`, name: `${i}`, type: 'REGULAR' as const }));
  const facts = { kind: 'MULTICLASS' as const, backbone: spec.name, featureVersion: FEATURE_VERSION };
  const model: ClassifierModel = {
    ...facts,
    ...numbers,
    inputSize: spec.inputSize,
    tags,
    thresholds: tags.map(() => 0.5),
  };
  const endMs = performance.now() + seconds * 1000;
  let done = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await predictImage(backbone, model, bodies[done % bodies.length] ?? Buffer.alloc(0));
      done++;
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, loop));
  const rate = (done * 1000) / (performance.now() - startedMs);
  await backbone.release();
  return rate;
}

interface Served {
  rate: number;
  p50: number;
  p99: number;
  failed: number;
}

async function served({ url, key, projectId }: BenchServer, bodies: Buffer[], seconds: number): Promise<Served> {
  const path = `/v1/projects/${projectId}/predict/bench`;
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/octet-stream' };
  const requests = bodies.map((body) => ({ method: 'POST' as const, path, headers, body }));
  const result = await autocannon({ url, connections: callers, duration: seconds, requests });
  const { latency, non2xx, errors, duration } = result;
  return { rate: result['2xx'] / duration, p50: latency.p50, p99: latency.p99, failed: non2xx + errors };
}

/** Runs the bare loop in a process of its own, so that it neither warms nor burdens the server. */
async function bareProcess(seconds: number): Promise<number> {
  const child = fork(new URL('./bare-predict.js', import.meta.url), [String(seconds)]);
  const [rate] = (await once(child, 'message')) as [number];
  await once(child, 'exit');
  return rate;
}

export async function runBareLoop(seconds: number): Promise<number> {
  const bodies = await photographs(20);
  await bareLoop(bodies, 1);
  return bareLoop(bodies, seconds);
}

/** Predictions a second over HTTP with a warm server, against the bare loop; both in turns. */
export async function benchPredict({ smoke }: { smoke: boolean }): Promise<void> {
  const [rounds, seconds] = smoke ? [1, 3] : [5, 10];
  const bodies = await photographs(20);
  const server = await startServer();
  try {
    await served(server, bodies, 2);
    const rows: { bare: number; http: Served }[] = [];
    for (let round = 0; round < rounds; round++)
      rows.push({ bare: await bareProcess(seconds), http: await served(server, bodies, seconds) });
    printTable(
      ['round', 'bare loop /s', 'HTTP /s', 'ratio', 'p50 ms', 'p99 ms', 'failed'],
      rows.map(({ bare, http }, i) => [
        `${i + 1}`,
        bare.toFixed(1),
        http.rate.toFixed(1),
        (http.rate / bare).toFixed(2),
        `${http.p50}`,
        `${http.p99}`,
        `${http.failed}`,
      ]),
    );
    console.log(
      `\nmedian ratio ${median(rows.map(({ bare, http }) => http.rate / bare)).toFixed(2)} (aim: 0.9 or more)`,
    );
    console.log(`resident memory of the server: ${await server.residentMegabytes()} MB`);
    if (rows.some(({ http }) => http.failed > 0)) throw new Error('Some predictions failed.');
  } finally {
    await server.stop();
  }
}
