import t from 'tap'
import { deviceBuckets, networkOf, sessionBuckets, strangerBuckets, type Bucket } from '../../src/domain/throttle.ts'
import { createRandom } from '../support/random.ts'

t.test('the network of an IPv4 address is the address, however it is written', async (t) => {
  for (const address of [
    '192.0.2.1',
    '::ffff:192.0.2.1',
    '::FFFF:192.0.2.1',
    '0:0:0:0:0:ffff:192.0.2.1',
    '0000:0000:0000:0000:0000:ffff:192.0.2.1',
    '0::ffff:192.0.2.1',
    '::ffff:c000:201',
    '::ffff:C000:0201',
    '0:0:0:0:0:FFFF:C000:201',
    '::ffff:192.0.2.1%eth0',
    '192.0.2.1:51234',
    '[::ffff:192.0.2.1]:51234'
  ]) {
    t.equal(networkOf(address), '192.0.2.1', address)
  }
  for (const address of ['0.0.0.0', '10.0.0.1', '255.255.255.255']) {
    t.equal(networkOf(address), address)
    t.equal(networkOf(`::ffff:${address}`), address)
  }
})

t.test('all addresses of one IPv6 /64 are one network', async (t) => {
  for (const [network, addresses] of [
    [
      '2001:db8:0:1::/64',
      [
        '2001:db8:0:1::',
        '2001:db8:0:1::1',
        '2001:DB8:0:1::ABCD',
        '2001:0db8:0000:0001:0000:0000:0000:0001',
        '2001:db8::1:0:0:0:1',
        '2001:db8::1:2:3:4:5',
        '2001:db8::1:ffff:ffff:ffff:ffff',
        '2001:db8:0:1:1:2:3:4',
        '2001:db8:0:1:1::',
        '2001:db8:0:1::192.0.2.1',
        '2001:db8::1:0:0:192.0.2.1',
        '2001:db8:0:1::1%eth0',
        '[2001:db8:0:1::1]',
        '[2001:db8:0:1::1]:51234',
        '[2001:db8:0:1::1%eth0]:51234'
      ]
    ],
    ['1:2:0:3::/64', ['1:2:0:3:4:5:102:304', '1:2::3:4:5:102:304', '1:2::3:4:5:1.2.3.4', '1:2:0:3::']],
    ['0:0:0:0::/64', ['::', '::1', '::ffff', '::192.0.2.1', '::ffff:0:192.0.2.1', '::fffe:192.0.2.1']],
    ['0:0:0:1::/64', ['::1:0:0:0:0', '0:0:0:1::', '::1:0:0:192.0.2.1']],
    ['0:1:2:3::/64', ['::1:2:3:4:5:6:7', '0:1:2:3:4:5:6:7']],
    ['1:2:3:4::/64', ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0']],
    ['fe80:0:0:0::/64', ['fe80::1', 'fe80::1%eth0', 'FE80::1%25']],
    ['ffff:ffff:ffff:ffff::/64', ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']]
  ] as const) {
    for (const address of addresses) t.equal(networkOf(address), network, address)
  }
})

t.test('addresses that differ in the first 64 bits are of different networks', async (t) => {
  for (const [one, other] of [
    ['2001:db8:0:1::1', '2001:db8:0:2::1'],
    ['2001:db8:0:1::', '2001:db8:1::'],
    ['2001:db8::1', '2001:db8:1::1'],
    ['::1:0:0:0:0', '::'],
    ['192.0.2.1', '192.0.2.2'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2'],
    ['::ffff:192.0.2.1', '::192.0.2.1'],
    ['::ffff:c000:201', '::c000:201']
  ] as const) {
    t.not(networkOf(one), networkOf(other), `${one} ${other}`)
  }
})

t.test('however an IPv6 address is written, its network is the same', async (t) => {
  const random = createRandom(64)
  const different: string[] = []
  for (let round = 0; round < 500; round += 1) {
    const groups = Array.from({ length: 8 }, () => (random.below(2) === 0 ? 0 : random.below(65_536)))
    const expected = `${groups
      .slice(0, 4)
      .map((group) => group.toString(16))
      .join(':')}::/64`
    for (let spelling = 0; spelling < 4; spelling += 1) {
      const address = spell(groups)
      if (networkOf(address) !== expected) different.push(`${address} ${networkOf(address)}`)
    }
  }
  t.strictSame(different, [])

  function spell(groups: readonly number[]): string {
    const texts = groups.map((group) => group.toString(16).padStart(1 + random.below(4), '0'))
    const [, , , , , , g = 0, h = 0] = groups
    if (random.below(3) === 0) texts.splice(6, 2, [g >> 8, g & 255, h >> 8, h & 255].join('.'))
    const from = groups.findIndex((group, at) => group === 0 && at < texts.length && random.below(2) === 0)
    const zeros = texts.slice(from).findIndex((text) => !/^0+$/.test(text))
    const to = zeros === -1 ? texts.length : from + zeros
    const text =
      from === -1 || to === from ? texts.join(':') : `${texts.slice(0, from).join(':')}::${texts.slice(to).join(':')}`
    return random.below(2) === 0 ? text : text.toUpperCase()
  }
})

t.test('what is no address is its own network, and nothing makes it throw', async (t) => {
  for (const text of [
    '',
    'unknown',
    '_hidden',
    '192.0.2.1:',
    '192.0.2.1:x',
    '[2001:db8::1',
    '2001:db8::1]:1',
    'host:80',
    ':::',
    '1:2',
    '::ffff:',
    '%',
    '\ud800'
  ]) {
    t.equal(networkOf(text), text, JSON.stringify(text))
  }
})

const device = { userId: 'u1', deviceId: 'd1' }
const keysOf = (buckets: readonly Bucket[]) => buckets.map(({ key }) => key)

t.test('what is counted together has one key, and nothing else has', async (t) => {
  const stranger = keysOf(strangerBuckets('192.0.2.1', 'ann@example.com'))
  t.strictSame(stranger, keysOf(strangerBuckets('::ffff:c000:201', 'ann@example.com')), 'by the network')
  for (const [address, email, same] of [
    ['192.0.2.1', 'bob@example.com', [false, true, false]],
    ['192.0.2.2', 'ann@example.com', [false, false, true]],
    ['192.0.2.2', 'bob@example.com', [false, false, false]]
  ] as const) {
    const other = keysOf(strangerBuckets(address, email))
    t.strictSame(
      other.map((key, at) => key === stranger[at]),
      same,
      `${address} ${email}`
    )
  }
  const all = [
    ...stranger,
    ...keysOf(strangerBuckets('u1', 'd1')),
    ...keysOf(strangerBuckets('d1', 'u1')),
    ...keysOf(deviceBuckets(device)),
    ...keysOf(deviceBuckets({ userId: 'd1', deviceId: 'u1' })),
    ...keysOf(sessionBuckets('u1')),
    ...keysOf(sessionBuckets('d1'))
  ]
  t.equal(new Set(all).size, all.length, 'the same words for another purpose are another bucket')
  for (const key of all) t.match(key, /^[\w-]{43}$/, 'and none can be read')
})

t.test('no separator in a name makes it another', async (t) => {
  const names = ['a', 'b', '', 'a,b', 'a","b', '"', '\\', '\\"', '","', 'a\0b', '[]', ' '] as const
  const keys = names.flatMap((userId) => names.flatMap((deviceId) => keysOf(deviceBuckets({ userId, deviceId }))))
  const pairs = names.flatMap((address) =>
    names.flatMap((email) => keysOf(strangerBuckets(address, email)).slice(0, 1))
  )
  t.equal(new Set([...keys, ...pairs]).size, names.length ** 2 * 3)
})

t.test('the limits are those that were published', async (t) => {
  const [pair, address, account] = strangerBuckets('192.0.2.1', 'ann@example.com')
  const common = { mostAtOnce: 100, windowSeconds: 900, slides: false }
  t.match(pair, { ...common, mostFailures: 10, endsWithSuccess: true })
  t.match(address, { ...common, mostFailures: 100, mostAtOnce: 1000, endsWithSuccess: false })
  // NIST SP 800-63B-4 section 3.2.2: at most 100 in a row, however long the pauses within the run.
  const run = { mostFailures: 100, mostAtOnce: 100, windowSeconds: 86_400, slides: true, endsWithSuccess: true }
  t.match(account, run)
  const [few, many] = deviceBuckets(device)
  t.match(few, { ...common, mostFailures: 10, endsWithSuccess: true })
  t.match(many, run)
  t.match(sessionBuckets('s1'), [{ ...common, mostFailures: 10, endsWithSuccess: true }])
})
