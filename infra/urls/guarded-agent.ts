import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import type { AddressPolicy } from './address-policy.ts';
import { UrlRefusal } from './url-refusal.ts';

/** Every address of a host name. */
export type Resolve = (host: string) => Promise<LookupAddress[]>;

const resolveBySystem: Resolve = (host) => lookup(host, { all: true, verbatim: true });

/**
 * Opens connections to permitted addresses only. The check happens inside the connection's own lookup, so the address
 * that was checked is the address that is dialled: a name that answers differently a second time gains nothing.
 */
export function guardedAgent(policy: AddressPolicy, timeoutMs: number, resolve: Resolve = resolveBySystem): Agent {
  const dial = buildConnector({ lookup: checkedLookup(policy, resolve), timeout: timeoutMs });
  const connect: buildConnector.connector = (options, callback) => {
    // Node never looks up an address that is written out.
    const host = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !policy.permits(host, host)) callback(refusal(), null);
    else dial(options, callback);
  };
  return new Agent({ connect });
}

function checkedLookup(policy: AddressPolicy, resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    resolveChecked(policy, resolve, host).then(
      (addresses) => answer(addresses, options, callback),
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}

/** One refused address refuses the name: a public host has no business with a private address among its own. */
async function resolveChecked(policy: AddressPolicy, resolve: Resolve, host: string): Promise<LookupAddress[]> {
  const addresses = await resolve(host);
  if (!addresses.every(({ address }) => policy.permits(host, address))) throw refusal();
  return addresses;
}

/** Node asks for all addresses when it races IPv4 against IPv6, and for one otherwise. */
function answer(addresses: LookupAddress[], options: LookupOptions, callback: Parameters<LookupFunction>[2]): void {
  const [first] = addresses;
  if (options.all) callback(null, addresses);
  else if (first) callback(null, first.address, first.family);
  else callback(Object.assign(new Error('The host has no address.'), { code: 'ENOTFOUND' }), '');
}

function refusal(): UrlRefusal {
  return new UrlRefusal(
    'ADDRESS_REFUSED',
    'The URL resolves to an address that is not public. ' +
      'An administrator can allow its host or range with the setting TAGLENS_URL_ALLOW.',
  );
}
