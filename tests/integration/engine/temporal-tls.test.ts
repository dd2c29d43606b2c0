import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, type TemporalConfig } from '../../../infra/config.ts';
import { trainingPolicies } from '../../../schema/contracts/training.ts';
import { newId } from '../../../schema/id.ts';
import { installRuntime } from '../../../workers/temporal-runtime.ts';
import { EngineUnavailableError } from '../../../workflows/engines/engine.ts';
import { TemporalEngine } from '../../../workflows/engines/temporal.ts';
import { TemporalWorker } from '../../../workflows/engines/temporal-worker.ts';
import { hasTemporal, temporalAddress, temporalBackend } from '../../backends/temporal.ts';
import { bundleOf } from '../../workflow/stage.ts';
import { trivialActivities } from '../../workflow/training-stand-in.ts';
import { until } from '../../until.ts';

/** A certificate and its key; without an issuer it may issue others itself. */
function issue(folder: string, name: string, issuer?: string): void {
  const path = (file: string) => join(folder, file);
  const facts = issuer
    ? ['-CA', path(`${issuer}.pem`), '-CAkey', path(`${issuer}.key`), '-addext', 'basicConstraints=critical,CA:FALSE']
    : [];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', path(`${name}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-days', '1'];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', path(`${name}.pem`), ...facts, ...subject], {
    stdio: 'pipe',
  });
}

describe.runIf(hasTemporal)('a Temporal server behind TLS that asks for a certificate', () => {
  let folder: string;
  const file = (name: string) => join(folder, name);
  const sockets = new Set<Socket>();
  let gate: Server;

  beforeAll(async () => {
    installRuntime(pino({ level: 'silent' }));
    folder = mkdtempSync(join(tmpdir(), 'taglens-tls-'));
    issue(folder, 'authority');
    for (const name of ['server', 'client']) issue(folder, name, 'authority');
    const [key, cert, ca] = ['server.key', 'server.pem', 'authority.pem'].map((name) => readFileSync(file(name)));
    const options = { key, cert, ca, requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] };
    gate = createServer(options as object, (near) => {
      const [host, port] = temporalAddress.split(':');
      const far = connect(Number(port), host);
      for (const socket of [near, far]) sockets.add(socket.on('error', () => socket.destroy()));
      near.pipe(far).pipe(near);
    }).listen(0, 'localhost');
    await once(gate, 'listening');
  });
  afterAll(async () => {
    const closed = new Promise((resolve) => gate.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
    rmSync(folder, { recursive: true });
  });

  async function temporalConfig(certificate: object): Promise<TemporalConfig> {
    const { settings = {} } = (await temporalBackend()) ?? {};
    const address = `localhost:${(gate.address() as AddressInfo).port}`;
    const tls = { TAGLENS_TEMPORAL_TLS_CA_FILE: file('authority.pem'), ...certificate };
    const { engine } = loadConfig({ ...settings, ...tls, TAGLENS_TEMPORAL_ADDRESS: address });
    if (engine.kind !== 'temporal') throw new Error('The settings name no Temporal server.');
    return engine;
  }

  test('client and worker come through with the certificate', async () => {
    const temporal = await temporalConfig({
      TAGLENS_TEMPORAL_TLS_CERT_FILE: file('client.pem'),
      TAGLENS_TEMPORAL_TLS_KEY_FILE: file('client.key'),
    });
    const engine = new TemporalEngine(temporal);
    const own = { activities: { ...trivialActivities() }, policies: trainingPolicies, concurrency: 4, drainMs: 0 };
    const worker = await TemporalWorker.start({ ...own, temporal, bundle: await bundleOf() });
    const id = newId();
    await engine.start('trainIteration', { iterationId: id }, { id });
    await until(async () => (await engine.describe(id))?.status === 'COMPLETED', { what: 'the end' });
    await worker.stop();
    await engine.close();
  });

  test('neither comes through without', async () => {
    const temporal = await temporalConfig({});
    const engine = new TemporalEngine(temporal);
    await expect(engine.describe(newId())).rejects.toThrow(EngineUnavailableError);
    const own = { activities: {}, policies: {}, concurrency: 1, drainMs: 0 };
    await expect(TemporalWorker.start({ ...own, temporal, bundle: await bundleOf() })).rejects.toThrow(
      EngineUnavailableError,
    );
    await engine.close();
  });
});
