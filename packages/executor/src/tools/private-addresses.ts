// The special-purpose addresses of IANA's registries (RFC 6890 and its updates), and others that are not plainly
// public.
import { BlockList, isIP } from 'node:net'

const loopback = blockList(['127.0.0.0/8', '::1/128'])

const notPublic = blockList([
  '0.0.0.0/8', // this network
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's host, in a public range
  '169.254.0.0/16', // link-local, where clouds serve their metadata
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
  '::/96', // unspecified, loopback, and IPv4-compatible
  '::ffff:0:0:0/96', // IPv4-translated
  '64:ff9b::/96', // NAT64
  '64:ff9b:1::/48',
  '100::/64',
  '100:0:0:1::/64',
  '2001::/23', // Teredo and other protocols
  '2001:db8::/32',
  '2002::/16', // 6to4
  '3fff::/20',
  '5f00::/16',
  'fc00::/7', // unique local
  'fe80::/10', // link-local
  'fec0::/10',
  'ff00::/8', // multicast
])

/**
 * Returns whether an address, in any spelling that `net.isIP` knows, is this machine's loopback; `::ffff:127.0.0.1` is.
 */
export function isLoopbackAddress(address: string): boolean {
  return contains(loopback, address) ?? false
}

/** Returns whether an address may be private, local or reserved. Text that is no address counts as private. */
export function isPrivateAddress(address: string): boolean {
  return contains(notPublic, address) ?? true
}

function contains(list: BlockList, address: string): boolean | undefined {
  const [bare = ''] = address.split('%', 1)
  const family = isIP(bare)
  return family === 0 ? undefined : list.check(bare, family === 4 ? 'ipv4' : 'ipv6')
}

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/')
    list.addSubnet(network, Number(bits), network.includes(':') ? 'ipv6' : 'ipv4')
  }
  return list
}
