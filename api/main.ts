import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { loadConfig } from '../infra/config.ts';
import { openDatabase } from '../infra/database.ts';
import { createMetrics } from '../infra/metrics.ts';
import { migrations } from '../migrations/index.ts';
import { entities } from '../schema/entities/index.ts';
import { ensureOwnerKey } from './keys.ts';

/** A running server. `ownerKey` is the key that this start made, to be shown once; null when one existed or was preset. */
export interface RunningServer {
  url: string;
  ownerKey: string | null;
  close(): Promise<void>;
}

/** Composition root: reads the configuration, opens the database, listens. Throws `ConfigError` with every problem. */
export async function serve(env: NodeJS.ProcessEnv): Promise<RunningServer> {
  const config = loadConfig(env);
  const database = await openDatabase(config, entities, migrations, { migrate: true });
  const ownerKey = await ensureOwnerKey(database, config.ownerKey);
  const metrics = createMetrics();
  const app = Fastify();
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    await database.ping().catch(() => reply.code(503));
    return { status: reply.statusCode === 503 ? 'unavailable' : 'ready' };
  });
  app.get('/metrics', (_request, reply) => reply.type(metrics.registry.contentType).send(metrics.registry.metrics()));
  await app.listen({ host: config.host, port: config.port });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    ownerKey,
    close: async () => {
      await app.close();
      await database.close();
    },
  };
}
