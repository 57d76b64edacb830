import t from 'tap'
import { isWithin } from '../../src/remote/addresses.ts'
import { fetchJson } from '../../src/remote/fetch-json.ts'
import { JWKS, startIssuer } from '../support/issuer.ts'

const LOOPBACK = ['127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1']
const PRIVATE = [
  '10.0.0.1',
  '10.255.255.255',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '100.127.0.1'
]
const PRIVATE_6 = ['fc00::1', 'fdff::1', '::ffff:10.0.0.1', '::ffff:c0a8:101']
const NEVER = [
  ...['0.0.0.0', '0.1.2.3', '169.254.169.254', '169.254.0.1', '192.0.0.192', '192.0.2.1', '198.18.0.1', '198.51.100.7'],
  ...['203.0.113.9', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ...['::', 'fe80::1', 'febf::1', 'fec0::1', 'ff02::1', '2001:db8::1', '2001::1', '2002:a00:1::', '64:ff9b::a00:1'],
  ...['64:ff9b:1::1', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '::ffff:0.0.0.0', '100::1']
]
const PUBLIC = ['1.1.1.1', '9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0', '192.167.0.1', '100.63.0.1']
const PUBLIC_6 = ['100.128.0.1', '128.0.0.1', '2606:4700::1111', '2a00::1', '::ffff:1.1.1.1']

t.test('a fetch goes to what was meant by whoever named it, and to nothing else', async (t) => {
  for (const [addresses, loopback, named, anybody] of [
    [LOOPBACK, true, true, false],
    [[...PRIVATE, ...PRIVATE_6], false, true, false],
    [NEVER, false, false, false],
    [[...PUBLIC, ...PUBLIC_6], false, true, true]
  ] as const) {
    for (const address of addresses) {
      const found = [isWithin('loopback', address), isWithin('named', address), isWithin('public', address)]
      t.strictSame(found, [loopback, named, anybody], address)
    }
  }
})

t.test('a name is judged by what it resolves to, as it is connected to', async (t) => {
  const issuer = await startIssuer(t)
  const { port } = new URL(issuer.url)
  const signal = new AbortController().signal
  for (const host of ['localhost', '127.0.0.1']) {
    const url = new URL(`http://${host}:${port}${JWKS}`)
    t.strictSame(await fetchJson({ url, reach: 'loopback', signal }), { keys: [] }, `${host} is this machine`)
    const before = issuer.asked.length
    await t.rejects(
      fetchJson({ url, reach: 'public', signal }),
      /is at an address that is not reached/,
      `${host} is not public`
    )
    t.equal(issuer.asked.length, before)
  }
})
