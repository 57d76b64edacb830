import { createHash } from 'node:crypto'
import t from 'tap'
import { hashOfClientSecret, newClientSecret } from '../../src/domain/client-secret.ts'
import { clientBuckets } from '../../src/domain/throttle.ts'

t.test('a secret is 256 random bits behind a prefix by which scanners find it', async (t) => {
  const secrets = Array.from({ length: 1000 }, () => newClientSecret().secret)
  for (const secret of secrets.slice(0, 50)) {
    t.match(secret, /^lks_[A-Za-z0-9_-]{43}$/)
    t.equal(Buffer.from(secret.slice(4), 'base64url').length, 32)
  }
  t.equal(new Set(secrets).size, 1000)
  const bytes = secrets.map((secret) => Buffer.from(secret.slice(4), 'base64url'))
  for (let bit = 0; bit < 256; bit++) {
    const ones = bytes.filter((each) => ((each[bit >> 3] ?? 0) >> (bit & 7)) & 1).length
    if (ones < 350 || ones > 650) t.fail(`bit ${bit} is set in ${ones} of 1000`)
  }
})

t.test('what is stored is the SHA-256 of all of it', async (t) => {
  const { secret: made, stored } = newClientSecret()
  t.equal(stored.hash.toString('hex'), createHash('sha256').update(made).digest('hex'))
  const secret = 'lks_Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm8'
  t.equal(hashOfClientSecret(secret).toString('hex'), createHash('sha256').update(secret).digest('hex'))
  t.equal(
    hashOfClientSecret('lks_').toString('hex'),
    '7d436c7ad432c2243d9c8d7d42f35f163b4396fb4805d53c7f514cb114c64472',
    'a fixed point: a change of it would shut every client out'
  )
  t.notSame(hashOfClientSecret(secret), hashOfClientSecret(secret.slice(4)))
  t.notSame(hashOfClientSecret(secret), hashOfClientSecret(`${secret}\0`))
  t.equal(hashOfClientSecret('').length, 32)
})

t.test('failures of one client and of one network are counted apart, in digests', async (t) => {
  const [pair, network] = clientBuckets('192.0.2.1', 'a')
  t.match(
    [pair, network],
    [
      { mostFailures: 10, windowSeconds: 900, slides: false },
      { mostFailures: 100, windowSeconds: 900, slides: false }
    ]
  )
  const keysOf = (address: string, id: string) => clientBuckets(address, id).map(({ key }) => key)
  t.strictSame(keysOf('::ffff:192.0.2.1', 'a'), [pair?.key, network?.key])
  const [otherClient, sameNetwork] = keysOf('192.0.2.1', 'b')
  t.strictSame([otherClient === pair?.key, sameNetwork === network?.key], [false, true])
  const other = keysOf('192.0.2.2', 'a')
  t.notOk(other.includes(pair?.key ?? '') || other.includes(network?.key ?? ''))
  for (const key of keysOf('192.0.2.1', 'a')) t.match(key, /^[\w-]{43}$/)
})
