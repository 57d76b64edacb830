import { once } from 'node:events'
import { createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { startApp, type TestApp } from '../support/app.ts'
import { freePort } from '../support/free-port.ts'
import {
  json,
  JWKS,
  makeIssuerKey,
  OAUTH,
  OPENID,
  startIssuer,
  tokenOf,
  type Issuer,
  type Said
} from '../support/issuer.ts'

t.setTimeout(120_000)
const key = makeIssuerKey('one')
const MIB = 1024 * 1024
/** A good set, as long as is said, and not good any more for its length alone. */
const longSet = (bytes: number) => {
  const text = JSON.stringify({ keys: [key.jwk], filler: '' })
  return text.replace('""}', `"${'x'.repeat(bytes - text.length)}"}`)
}
const moved = (url: string) => json({ issuer: url, jwks_uri: `${url}/elsewhere` })

/** Each does something to an issuer that is good without it. */
type Harm = (issuer: Issuer, good: Issuer) => void | Promise<void>
const metadata =
  (change: (url: string) => Said): Harm =>
  ({ on, url }) => {
    on(OPENID, json({ issuer: url, jwks_uri: `${url}${JWKS}`, ...change(url) }))
  }
const answering =
  (path: string, text: string | Buffer, headers: Readonly<Record<string, string>> = {}, status = 200): Harm =>
  ({ on }) => {
    on(path, (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
    })
  }
const redirecting =
  (path: string): Harm =>
  ({ on }, good) => {
    on(path, (_request, response) => {
      response.writeHead(302, { location: `${good.url}${path}` }).end()
    })
  }

const HARMS: Readonly<Record<string, Harm>> = {
  'is down': (issuer) => issuer.close(),
  'never answers': ({ on }) => {
    on(JWKS, () => undefined)
  },
  'answers a byte at a time and never ends': ({ on }) => {
    on(OPENID, (_request, response) => {
      response.writeHead(200)
      const dripping = setInterval(() => response.write(' '), 100)
      response.once('close', () => {
        clearInterval(dripping)
      })
    })
  },
  'breaks off in the middle': ({ on }) => {
    on(JWKS, (_request, response) => {
      response.writeHead(200, { 'content-length': '500' })
      response.write('{"keys":[')
      setTimeout(() => response.destroy(), 20)
    })
  },
  'says that its keys are huge': answering(JWKS, longSet(MIB + 1)),
  'sends huge keys and does not say so': ({ on }) => {
    on(JWKS, (_request, response) => {
      response.writeHead(200)
      const text = longSet(MIB + 1)
      response.write(text.slice(0, MIB))
      response.end(text.slice(MIB))
    })
  },
  'sends keys without end': ({ on }) => {
    on(JWKS, (_request, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    })
  },
  'sends its keys compressed': answering(JWKS, gzipSync(longSet(1000)), { 'content-encoding': 'gzip' }),
  'sends its metadata elsewhere': redirecting(OPENID),
  'sends its keys elsewhere': redirecting(JWKS),
  'switches protocols': ({ on }) => {
    on(OPENID, (request) => {
      request.socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')
    })
  },
  'does not speak HTTP': async (issuer) => {
    const { port } = new URL(issuer.url)
    await issuer.close()
    const server = createServer((socket) => socket.on('error', () => undefined).end('220 ready\r\n'))
    server.listen(Number(port), '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
  },
  fails: answering(JWKS, longSet(1000), {}, 500),
  'created its keys': answering(JWKS, longSet(1000), {}, 201)
}
const MORE_HARMS: Readonly<Record<string, Harm>> = {
  'names another issuer': (issuer, good) => {
    return metadata(() => ({ issuer: good.url }))(issuer, good)
  },
  'names itself with a slash more': metadata((url) => ({ issuer: `${url}/` })),
  'names no issuer': metadata(() => ({ issuer: undefined })),
  'names no keys': metadata(() => ({ jwks_uri: undefined })),
  'names keys that are no URL': metadata(() => ({ jwks_uri: JWKS })),
  'names keys with a password': metadata((url) => ({ jwks_uri: url.replace('//', '//u:p@') + JWKS })),
  'names a file': metadata(() => ({ jwks_uri: 'file:///etc/passwd' })),
  'names keys by http on another machine': metadata(() => ({ jwks_uri: 'http://192.0.2.1/jwks' })),
  'names keys in a private network': metadata(() => ({ jwks_uri: 'https://10.0.0.1/jwks' })),
  'names the metadata service of a cloud': metadata(() => ({ jwks_uri: 'http://169.254.169.254/latest' })),
  'is not JSON': answering(OPENID, '<html>'),
  'is a list': answering(OPENID, '[]'),
  'repeats a name': (issuer, good) => {
    const { url } = issuer
    return answering(OPENID, `{"issuer":"${url}","jwks_uri":"${url}/x","jwks_uri":"${url}${JWKS}"}`)(issuer, good)
  },
  'is not UTF-8': answering(JWKS, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
  'is deep': answering(JWKS, '['.repeat(500_000)),
  'has no set': answering(JWKS, '{"keys":{}}'),
  'has more keys than anybody needs': ({ publish }) => {
    publish(key.jwk, ...Array.from({ length: 100 }, (_, i) => ({ ...key.jwk, kid: `k${i}` })))
  },
  'has moved its metadata': ({ on, url }) => {
    on(OPENID, moved(url))
  }
}

/** What the log says of each. */
const REASONS: Readonly<Record<string, RegExp>> = {
  'is down': /ECONNREFUSED/,
  'never answers': /aborted|timeout/i,
  'answers a byte at a time and never ends': /aborted|timeout/i,
  'breaks off in the middle': /aborted/,
  'says that its keys are huge': /jwks is larger than 1048576 bytes/,
  'sends huge keys and does not say so': /jwks is larger/,
  'sends keys without end': /jwks is larger/,
  'sends its keys compressed': /jwks answers compressed/,
  'sends its metadata elsewhere': /openid-configuration answers 302/,
  'sends its keys elsewhere': /jwks answers 302/,
  'switches protocols': /does not answer|ECONNRESET|hang up/,
  'does not speak HTTP': /Parse Error/,
  fails: /jwks answers 500/,
  'created its keys': /jwks answers 201/,
  'names another issuer': /metadata of another issuer/,
  'names itself with a slash more': /metadata of another issuer/,
  'names no issuer': /metadata of another issuer/,
  'names keys in a private network': /10\.0\.0\.1\/jwks is at an address that is not reached/,
  'is not JSON': /openid-configuration is not JSON/,
  'is a list': /metadata of another issuer/,
  'repeats a name': /openid-configuration is not JSON, or repeats a name/,
  'is not UTF-8': /jwks is not UTF-8/,
  'is deep': /jwks is not JSON|no JWK Set/,
  'has no set': /no JWK Set/,
  'has more keys than anybody needs': /more than 100 keys/,
  'has moved its metadata': /elsewhere answers 404/
}
const NO_PLACE = /says no jwks_uri that is fetched from/

for (const harms of [HARMS, MORE_HARMS]) {
  t.test(`a good token is 503 while its issuer ${Object.keys(harms).join(', ')}`, async (t) => {
    const good = await startIssuer(t, key)
    const rows = await Promise.all(
      Object.entries(harms).map(async ([name, harm]) => {
        const issuer = await startIssuer(t, key)
        await harm(issuer, good)
        return { name, issuer }
      })
    )
    const log: { issuer?: string; why?: string }[] = []
    const settings = { ...settingsFor(good, ...rows.map(({ issuer }) => issuer)), LOG_LEVEL: 'warn' }
    const app = await startApp(t, settings, { write: (line) => void log.push(JSON.parse(line) as object) })
    t.equal(await outcome(app, tokenOf(good, key)), '200', 'a good issuer is not concerned')
    const before = good.asked.length
    const answers = await Promise.all(rows.map(async ({ issuer }) => outcome(app, tokenOf(issuer, key))))
    for (const [i, { name, issuer }] of rows.entries()) {
      t.equal(answers[i], '503 unavailable, Retry-After', name)
      const reasons = log.flatMap((line) => (line.issuer === issuer.url && line.why !== undefined ? [line.why] : []))
      t.equal(reasons.length, 1, 'the log says so, once')
      t.match(reasons[0], REASONS[name] ?? NO_PLACE, 'and why')
    }
    t.equal(good.asked.length, before, 'and nobody was sent to it')
    // What was asked for once is not asked for again within the cool-down, and the answer comes at once.
    const asked = rows.map(({ issuer }) => issuer.asked.length)
    for (const { name, issuer } of rows)
      t.equal(await outcome(app, tokenOf(issuer, key)), '503 unavailable, Retry-After', name)
    t.strictSame(
      rows.map(({ issuer }) => issuer.asked.length),
      asked
    )
  })
}

t.test('an issuer is found by its OpenID metadata, or else by those of RFC 8414', async (t) => {
  const [openid, oauth, tenant] = await Promise.all([1, 2, 3].map(() => startIssuer(t, key)))
  if (openid === undefined || oauth === undefined || tenant === undefined) return
  oauth.on(OPENID, json({}, 404))
  oauth.on(OAUTH, json({ issuer: oauth.url, jwks_uri: `${oauth.url}${JWKS}` }))
  // A path of the issuer stands before the one name, and after the other (RFC 8414 section 3.1).
  const url = `${tenant.url}/realms/a`
  tenant.on(`/realms/a${OPENID}`, json({}, 404))
  tenant.on(`${OAUTH}/realms/a`, json({ issuer: url, jwks_uri: `${tenant.url}${JWKS}` }))
  const entry = { ...tenant.entry, issuer: url }
  const app = await startApp(t, { OIDC_ISSUERS: JSON.stringify([openid.entry, oauth.entry, entry]) })
  for (const issuer of [openid, oauth, { url }]) t.equal(await outcome(app, tokenOf(issuer, key)), '200', issuer.url)
  t.strictSame(openid.asked, [OPENID, JWKS])
  t.strictSame(oauth.asked, [OPENID, OAUTH, JWKS])
  t.strictSame(tenant.asked, [`/realms/a${OPENID}`, `${OAUTH}/realms/a`, JWKS])
})

t.test('whatever is wrong with one issuer, the service starts, and tokens of its own are good', async (t) => {
  const entry = { issuer: `http://127.0.0.1:${await freePort()}`, audience: 'latchkey-api' }
  const app = await startApp(t, { OIDC_ISSUERS: JSON.stringify([entry]) })
  const body = { email: 'ann@example.com', password: 'correct horse battery staple', delivery: 'body' }
  await app.send('POST', '/api/v1/auth/register', { body: { email: body.email, password: body.password } })
  const token = (await app.send('POST', '/api/v1/auth/login', { body })).json<{ access_token: string }>().access_token
  t.equal(await outcome(app, token), '200')
  const lost = tokenOf({ url: entry.issuer }, key)
  t.equal(await outcome(app, lost), '503 unavailable, Retry-After')
  t.equal(
    (await app.send('POST', '/api/v1/auth/logout', { token: lost })).statusCode,
    204,
    'who signs out needs no issuer'
  )
})

t.test('forged kids by the hundred cost the issuer one fetch', async (t) => {
  const issuer = await startIssuer(t, key)
  const app = await startApp(t, settingsFor(issuer))
  const forged = Array.from({ length: 300 }, (_, i) => tokenOf(issuer, { ...key, kid: `forged-${i}` }))
  const outcomes = await Promise.all([...forged, tokenOf(issuer, key)].map((token) => outcome(app, token)))
  t.strictSame([...new Set(outcomes)], ['401 invalid_token', '200'])
  t.equal(outcomes.at(-1), '200')
  t.strictSame(issuer.asked, [OPENID, JWKS])
})

const settingsFor = (...issuers: readonly Issuer[]) => ({
  OIDC_ISSUERS: JSON.stringify(issuers.map(({ entry }) => entry))
})

async function outcome(app: TestApp, token: string): Promise<string> {
  const answer = await app.send('GET', '/api/v1/auth/session', { token })
  if (answer.statusCode === 200) return '200'
  const wait = Number(answer.headers['retry-after']) > 0 ? ', Retry-After' : ''
  return `${answer.statusCode} ${answer.json<{ code: string }>().code}${wait}`
}
