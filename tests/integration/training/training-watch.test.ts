import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../../infra/storage/keys.ts';
import { hasTemporal, temporalAddress } from '../../backends/temporal.ts';
import { keysBelow, makeTrainableProject, startServer, type TestServer } from '../api/setup.ts';
import { until } from '../../until.ts';

const train = 'mutation ($input: TrainIterationInput!) { trainIteration(input: $input) { id status } }';
const cancel = 'mutation ($id: ID!) { cancelIteration(id: $id) { id } }';
const iterationQuery = 'query ($id: ID!) { iteration(id: $id) { status error } }';

/** A way to Temporal that can be cut. */
class Way {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  port = 0;

  async open(): Promise<void> {
    const [host, port] = temporalAddress.split(':');
    this.server = createServer((near) => {
      const far = connect(Number(port), host);
      for (const socket of [near, far]) {
        this.sockets.add(socket.on('error', () => socket.destroy()));
        socket.on('close', () => (near.destroy(), far.destroy()));
      }
      near.pipe(far).pipe(near);
    }).listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

describe.runIf(hasTemporal)('on Temporal', () => {
  let way: Way;
  let server: TestServer;

  beforeEach(async () => {
    way = new Way();
    await way.open();
  });
  afterEach(async () => {
    await server.close();
    await way.cut();
  });

  const statusOf = async (id: string) =>
    (await server.client.request<{ iteration: { status: string; error: string | null } }>(iterationQuery, { id }))
      .iteration;
  const start = async (projectId: string) =>
    (await server.client.request<{ trainIteration: { id: string; status: string } }>(train, { input: { projectId } }))
      .trainIteration;

  test('the API starts, answers and takes trainings while Temporal is away, and they run once it is back', async () => {
    await way.cut();
    server = await startServer({ TAGLENS_TEMPORAL_ADDRESS: `127.0.0.1:${way.port}` });
    const { id, status } = await start(await makeTrainableProject(server, 3, 91));
    expect(status).toBe('QUEUED');
    expect((await server.send(cancel, { id })).errors[0]?.extensions.code).toBe('ENGINE_UNAVAILABLE');
    await way.open();
    await until(async () => (await statusOf(id)).status === 'COMPLETED', { what: 'the training', timeoutMs: 90_000 });
  });

  test('a run that is terminated at the Temporal server ends its iteration and leaves nothing behind', async () => {
    server = await startServer({ TAGLENS_TEMPORAL_ADDRESS: `127.0.0.1:${way.port}` });
    const projectId = await makeTrainableProject(server, 8, 92);
    const { id } = await start(projectId);
    await until(async () => (await statusOf(id)).status === 'TRAINING', { what: 'the beginning' });
    const connection = await Connection.connect({ address: temporalAddress });
    await new Client({ connection }).workflow.getHandle(id).terminate('by hand');
    await connection.close();
    await until(async () => (await statusOf(id)).status === 'FAILED', { what: 'the failure' });
    expect((await statusOf(id)).error).not.toBe('');
    await until(async () => (await keysBelow(server.storage, keys.iteration(id))).length === 0, {
      what: 'nothing left',
    });
    expect((await start(projectId)).status).toBe('QUEUED');
  });
});
