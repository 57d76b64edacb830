import { BlockList, isIPv6 } from 'node:net'

/**
 * Where a fetch may go. Checked at the moment of the connection, by the address and not by the name, so that a name that
 * resolves to one thing now and to another a moment later gains nothing.
 * - `loopback`: this machine alone, where plain http is taken;
 * - `named`: the host that the operator wrote into the settings. Companies keep their issuers in private networks, and the
 *   certificate proves that what answers is that host;
 * - `public`: a host that only a document named. Its issuer could point it at whatever is reachable from here, metadata
 *   services and the neighbours included (server-side request forgery, ASVS v5.0.0-1.3.6).
 */
export type Reach = 'loopback' | 'named' | 'public'

const LOOPBACK = listOf(['127.0.0.0/8', '::1/128'])

/** RFC 1918, RFC 6598, RFC 4193. */
const PRIVATE = listOf(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'])

/**
 * What no issuer is reached at, from the registries of special addresses (RFC 6890): this network, link-local with the
 * metadata services of clouds, protocol assignments, documentation, benchmarks, multicast, reserved; and the forms of IPv6
 * that hold an address of IPv4, which would get around the lists for it (mapped ones are compared as what they hold).
 */
const NEVER = listOf([
  ...['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', 'fe80::/10', 'fec0::/10', 'ff00::/8', '100::/64', '2001::/23', '2001:db8::/32', '3fff::/20'],
  ...['64:ff9b::/96', '64:ff9b:1::/48', '2002::/16']
])

export function isWithin(reach: Reach, address: string): boolean {
  const isIn = (list: BlockList) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  if (reach === 'loopback') return isIn(LOOPBACK)
  if (isIn(NEVER)) return false
  return reach === 'named' || !(isIn(PRIVATE) || isIn(LOOPBACK))
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4')
  }
  return list
}
