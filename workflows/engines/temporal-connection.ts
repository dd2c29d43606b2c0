import type { TemporalConfig } from '../../infra/config.ts';

/** How client and worker reach the server. */
export function connectionOptions({ address, apiKey, tls }: TemporalConfig) {
  return {
    address,
    ...(apiKey === undefined ? {} : { apiKey }),
    // A server that asks for a key never asks for it over a plain connection.
    ...(tls === undefined ? { tls: apiKey !== undefined } : { tls: tlsOptions(tls) }),
  };
}

function tlsOptions({ serverCa, clientCertificate, clientKey }: NonNullable<TemporalConfig['tls']>) {
  return {
    ...(serverCa ? { serverRootCACertificate: serverCa } : {}),
    ...(clientCertificate && clientKey ? { clientCertPair: { crt: clientCertificate, key: clientKey } } : {}),
  };
}
