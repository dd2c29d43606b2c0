import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Address, number];

/** Public by its number, yet answered by the machine's own cloud: Azure's wire server, which hands out secrets. */
const azureWireServer: Range = ipaddr.parseCIDR('168.63.129.16/32');
/** The only IPv6 block that is handed out for public use; everything beside it translates, stays local or is unused. */
const publicIpv6: Range = ipaddr.parseCIDR('2000::/3');

/** Which addresses the fetching of users' URLs may connect to: public ones, and those the administrator named. */
export class AddressPolicy {
  private readonly hosts = new Set<string>();
  private readonly ranges: Range[] = [];

  /** @param allow host names, addresses and CIDR ranges that may be reached even though they are private */
  constructor(allow: readonly string[]) {
    for (const entry of allow) {
      if (entry.includes('/')) this.ranges.push(ipaddr.parseCIDR(entry));
      else if (ipaddr.isValid(entry)) this.ranges.push(wholeAddress(ipaddr.process(entry)));
      else this.hosts.add(normalHost(entry));
    }
  }

  /** Whether a connection to `address`, reached under the name `host`, may be made. */
  permits(host: string, address: string): boolean {
    // What the parser does not understand is not known to be public.
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return this.hosts.has(normalHost(host)) || this.ranges.some((range) => isWithin(parsed, range)) || isPublic(parsed);
  }
}

function wholeAddress(address: Address): Range {
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** `example.org.` and `EXAMPLE.org` are the same host. */
function normalHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}

function isPublic(address: Address): boolean {
  if (isWithin(address, azureWireServer)) return false;
  // Everything with a special meaning (loopback, link-local, private, NAT64, 6to4, multicast …) has another range name.
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || isWithin(address, publicIpv6);
}

function isWithin(address: Address, [network, bits]: Range): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}
