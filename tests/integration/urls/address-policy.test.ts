import { describe, expect, test } from 'vitest';
import { AddressPolicy } from '../../../infra/urls/address-policy.ts';

const refused: Record<string, string[]> = {
  unspecified: ['0.0.0.0', '0.1.2.3', '::'],
  loopback: ['127.0.0.1', '127.255.0.9', '::1'],
  'link-local': ['169.254.1.1', 'fe80::1', 'fe80::1%eth0'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  'unique-local and site-local': ['fc00::1', 'fd12:3456::1', 'fec0::1'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
  multicast: ['224.0.0.1', '239.1.2.3', 'ff02::1'],
  'broadcast and reserved': ['255.255.255.255', '240.0.0.1', '192.0.2.1', '198.18.0.1', '2001:db8::1', '3fff::1'],
  'cloud metadata': ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '192.0.0.192', '168.63.129.16'],
  'IPv4 inside IPv6': ['::ffff:127.0.0.1', '::ffff:a00:1', '::127.0.0.1', '::ffff:0:7f00:1'],
  'NAT64, 6to4 and Teredo': ['64:ff9b::7f00:1', '64:ff9b:1::1', '2002:7f00:1::', '2001:0:7f00:1::'],
  'not an address': ['', 'localhost', '1.2.3.4.5', '127.0.0.1:80', '[::1]'],
};

describe('without an allow-list', () => {
  const policy = new AddressPolicy([]);
  for (const [kind, addresses] of Object.entries(refused)) {
    test.each(addresses)(`refuses ${kind}: «%s»`, (address) => expect(policy.permits('host', address)).toBe(false));
  }
  test.each(['1.1.1.1', '93.184.216.34', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    'permits %s',
    (address) => {
      expect(policy.permits('host', address)).toBe(true);
    },
  );
});

describe('with an allow-list', () => {
  const policy = new AddressPolicy(['10.1.0.0/16', '192.168.1.5', 'fd00::/8', '::ffff:172.16.0.1', 'Camera.Local']);

  test('permits what it names, and nothing beside it', () => {
    expect(policy.permits('x', '10.1.200.3')).toBe(true);
    expect(policy.permits('x', '::ffff:10.1.200.3')).toBe(true);
    expect(policy.permits('x', '10.2.0.1')).toBe(false);
    expect(policy.permits('x', '192.168.1.5')).toBe(true);
    expect(policy.permits('x', '192.168.1.6')).toBe(false);
    expect(policy.permits('x', 'fd01::1')).toBe(true);
    expect(policy.permits('x', '172.16.0.1')).toBe(true);
  });

  test('permits a named host whatever its address and spelling, but no host below it', () => {
    expect(policy.permits('camera.local', '10.9.9.9')).toBe(true);
    expect(policy.permits('CAMERA.local.', 'fe80::1')).toBe(true);
    expect(policy.permits('evil.camera.local', '10.9.9.9')).toBe(false);
  });
});
