import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import autocannon from 'autocannon';
import sharp from 'sharp';
import type { ProjectKind } from '../cli/demo-steps.ts';
import { keys } from '../infra/storage/keys.ts';
import { renderSamples } from '../samples/render.ts';
import { readModelPackage } from '../workers/ml/model-package.ts';
import { openPredictor } from '../workers/ml/predictor.ts';
import { SharedSessions } from '../workers/ml/shared-sessions.ts';
import { startServer, type BenchServer } from './bench-server.ts';
import type { BenchOptions } from './main.ts';
import { median, printTable } from './report.ts';

const concurrency = 2;
const callers = 16;
const tagCount = 5;

/** By the names that `--only` knows. */
const kinds: Record<string, ProjectKind> = { classifier: 'CLASSIFICATION', detector: 'DETECTION' };
/** Training steps, enough for a detector that finds something: the number of boxes it weighs is part of the work. */
const wholeSteps = 150;
const smokeSteps = 20;

/** 640 x 480 photographs, as a camera sends them. */
export async function photographs(count: number): Promise<Buffer[]> {
  const bodies: Buffer[] = [];
  for await (const { jpeg } of renderSamples({ perTag: Math.ceil(count / tagCount), seed: 7, size: 640 }))
    bodies.push(await sharp(jpeg).resize(640, 480, { fit: 'cover' }).jpeg({ quality: 85 }).toBuffer());
  return bodies;
}

/** The same work as a prediction, without HTTP and without a server: predictions a second. */
async function bareLoop(modelFile: string, bodies: Buffer[], seconds: number): Promise<number> {
  const shared = new SharedSessions();
  const predictor = await openPredictor(readModelPackage(await readFile(modelFile)), shared);
  const endMs = performance.now() + seconds * 1000;
  let done = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await predictor.predict(bodies[done % bodies.length] ?? Buffer.alloc(0));
      done++;
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, loop));
  const rate = (done * 1000) / (performance.now() - startedMs);
  await predictor.release();
  await shared.release();
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
async function bareProcess({ data, iterationId }: BenchServer, seconds: number): Promise<number> {
  const modelFile = join(data, 'objects', keys.model(iterationId));
  const child = fork(new URL('./bare-predict.js', import.meta.url), [modelFile, String(seconds)]);
  const [rate] = (await once(child, 'message')) as [number];
  await once(child, 'exit');
  return rate;
}

export async function runBareLoop(modelFile: string, seconds: number): Promise<number> {
  const bodies = await photographs(20);
  await bareLoop(modelFile, bodies, 1);
  return bareLoop(modelFile, bodies, seconds);
}

interface Round {
  bare: number;
  http: Served;
}

function report(name: string, rounds: Round[]): void {
  printTable(
    [name, 'bare loop /s', 'HTTP /s', 'ratio', 'p50 ms', 'p99 ms', 'failed'],
    rounds.map(({ bare, http }, i) => [
      `${i + 1}`,
      bare.toFixed(1),
      http.rate.toFixed(1),
      (http.rate / bare).toFixed(2),
      `${http.p50}`,
      `${http.p99}`,
      `${http.failed}`,
    ]),
  );
  const ratio = median(rounds.map(({ bare, http }) => http.rate / bare));
  console.log(`\nmedian ratio of the ${name} ${ratio.toFixed(2)} (aim: 0.9 or more)`);
}

interface Extent {
  steps: number;
  rounds: number;
  seconds: number;
}

async function measure(name: string, kind: ProjectKind, { steps, rounds, seconds }: Extent): Promise<void> {
  const bodies = await photographs(20);
  const server = await startServer({ TAGLENS_MAX_TRAINING_STEPS: `${steps}` }, kind);
  try {
    await served(server, bodies, 2);
    const done: Round[] = [];
    for (let round = 0; round < rounds; round++)
      done.push({ bare: await bareProcess(server, seconds), http: await served(server, bodies, seconds) });
    report(name, done);
    console.log(`resident memory of the server: ${await server.residentMegabytes()} MB\n`);
    if (done.some(({ http }) => http.failed > 0)) throw new Error('Some predictions failed.');
  } finally {
    await server.stop();
  }
}

/** Predictions a second over HTTP with a warm server, against the bare loop with the same model; both in turns. */
export async function benchPredict({ smoke, only = '' }: BenchOptions): Promise<void> {
  const extent: Extent = smoke
    ? { steps: smokeSteps, rounds: 1, seconds: 3 }
    : { steps: wholeSteps, rounds: 5, seconds: 10 };
  for (const [name, kind] of Object.entries(kinds)) if (name.includes(only)) await measure(name, kind, extent);
}
