import autocannon from 'autocannon';
import { startServer, type BenchServer } from './bench-server.ts';
import type { BenchOptions } from './main.ts';
import { photographs } from './predict.ts';
import { median, printTable } from './report.ts';

/** One after another, so that latency is that of the layer and not that of a queue. */
const callers = 1;

interface Endpoint {
  path: string;
  headers: Record<string, string>;
}

function endpointsOf({ key, projectId }: BenchServer): { own: Endpoint; azure: Endpoint } {
  const picture = { 'content-type': 'application/octet-stream' };
  return {
    own: { path: `/v1/projects/${projectId}/predict/bench`, headers: { authorization: `Bearer ${key}`, ...picture } },
    azure: {
      path: `/customvision/v3.1/prediction/${projectId}/classify/iterations/bench/image/nostore`,
      headers: { 'prediction-key': key, ...picture },
    },
  };
}

async function meanLatencyMs(url: string, { path, headers }: Endpoint, bodies: Buffer[], seconds: number) {
  const requests = bodies.map((body) => ({ method: 'POST' as const, path, headers, body }));
  const { latency, non2xx, errors } = await autocannon({ url, connections: callers, duration: seconds, requests });
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} predictions at ${path} failed.`);
  return latency.average;
}

/** How long a prediction over Azure's API takes beside one over our own endpoint, in turns with the same model. */
export async function benchAzure({ smoke }: BenchOptions): Promise<void> {
  const [rounds, seconds] = smoke ? [3, 2] : [7, 8];
  const bodies = await photographs(20);
  const server = await startServer();
  try {
    const { own, azure } = endpointsOf(server);
    const measured: { own: number; azure: number }[] = [];
    for (const endpoint of [own, azure]) await meanLatencyMs(server.url, endpoint, bodies, 2);
    for (let round = 0; round < rounds; round++)
      measured.push({
        own: await meanLatencyMs(server.url, own, bodies, seconds),
        azure: await meanLatencyMs(server.url, azure, bodies, seconds),
      });
    printTable(
      ['', 'own endpoint ms', 'Azure’s API ms', 'ratio'],
      measured.map((one, i) => [
        `${i + 1}`,
        one.own.toFixed(1),
        one.azure.toFixed(1),
        (one.azure / one.own).toFixed(2),
      ]),
    );
    const ratio = median(measured.map((one) => one.azure / one.own));
    console.log(`\nmedian ratio ${ratio.toFixed(2)} (aim: 1.10 or less)`);
  } finally {
    await server.stop();
  }
}
