import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { answeringApp, answersIn, exchange, type RawAnswer } from './support/answers.ts'

const HOST = 'Host: a\r\n'
const CHUNKED = `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`

const { app, log } = await answeringApp({ requestMilliseconds: 300, checkMilliseconds: 50 })
/** Ends the requests that `/slow` holds. */
const held: (() => void)[] = []
app.get('/', () => 'the root, which `*` is not')
app.get('/health', () => ({ status: 'ok' }))
app.get('/slow', async () => {
  await new Promise<void>((resolve) => held.push(resolve))
  return { status: 'ok' }
})
app.post('/echo', () => ({ status: 'ok' }))
app.post('/refused', { onRequest: async (_request, reply) => reply.code(204).send() }, () => 'unreached')
const reached = new Set<string | undefined>()
app.addHook('preParsing', async (request) => void reached.add(request.routeOptions.url))
await app.listen({ port: 0, host: '127.0.0.1' })
const { port } = app.server.address() as AddressInfo
t.teardown(() => app.close())

const until = async (met: () => boolean): Promise<void> => {
  while (!met()) await new Promise((resolve) => setTimeout(resolve, 5))
}
const letGo = async (): Promise<void> => {
  await until(() => held.length > 0)
  for (const end of held.splice(0)) end()
}

/** Lines of earlier requests come late, when their connections are gone. */
const logIsQuiet = async (): Promise<number> => {
  for (;;) {
    const { length } = log()
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (log().length === length) return length
  }
}

/** That the only answer is a whole problem, and that the connection is closed after it. */
function isRefusal(t: Test, answers: readonly RawAnswer[], status: number, code: string, name: string): void {
  const answer = answers.at(-1)
  t.equal(answers.length, 1, `${name}: one answer`)
  t.equal(answer?.status, status, `${name}: status`)
  t.equal(answer?.headers['content-type'], 'application/problem+json', `${name}: media type`)
  t.match(answer?.headers['content-security-policy'], /default-src 'none'/, `${name}: security headers`)
  t.equal(answer?.headers['cache-control'], 'no-store', `${name}: never cached`)
  const body = JSON.parse(answer?.body ?? '{}') as Record<string, unknown>
  t.match(body, { code, status, request_id: answer?.headers['x-request-id'] }, `${name}: problem`)
  t.equal(answer?.closed, true, `${name}: closed`)
}

t.test('whatever RFC 9112 calls invalid is answered with a 400 problem, and the connection is closed', async (t) => {
  const get = (fields: string) => `GET /health HTTP/1.1\r\n${fields}\r\n`
  const post = (fields: string, body = '') => `POST /echo HTTP/1.1\r\n${HOST}${fields}\r\n${body}`
  const target = (line: string) => `${line}\r\n${HOST}\r\n`
  const malformed: Record<string, string> = {
    'no Host': get(''),
    'two Hosts': get(`${HOST}Host: b\r\n`),
    'two equal Hosts': get(HOST + HOST),
    'two Hosts, HTTP/1.0': `GET /health HTTP/1.0\r\n${HOST}${HOST}\r\n`,
    'empty Host': get('Host:\r\n'),
    'Host with a space': get('Host: a b\r\n'),
    'Host with a path': get('Host: a/b\r\n'),
    'Host with a user': get('Host: u@a\r\n'),
    'Host with a bad port': get('Host: a:b\r\n'),
    'Host with a bad escape': get('Host: a%zz\r\n'),
    'Host with a bad address': get('Host: [a]\r\n'),
    'Content-Length, then Transfer-Encoding': post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    'Transfer-Encoding, then Content-Length': post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'),
    'empty Transfer-Encoding': post('Transfer-Encoding:\r\n'),
    'empty Transfer-Encoding and Content-Length': post('Transfer-Encoding:\r\nContent-Length: 2\r\n', '{}'),
    'two different Content-Lengths': post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello'),
    'a list of Content-Lengths': post('Content-Length: 5, 5\r\n', 'hello'),
    'signed Content-Length': post('Content-Length: +5\r\n', 'hello'),
    'negative Content-Length': post('Content-Length: -5\r\n', 'hello'),
    'hexadecimal Content-Length': post('Content-Length: 0x5\r\n', 'hello'),
    'huge Content-Length': post('Content-Length: 99999999999999999999\r\n'),
    'transfer coding gzip': post('Transfer-Encoding: gzip\r\n'),
    'transfer coding identity': post('Transfer-Encoding: identity\r\n'),
    'transfer coding xchunked': post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'),
    'transfer codings gzip, chunked': post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'),
    'transfer codings in two fields': post('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    'transfer codings chunked, gzip': post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'),
    'transfer coding chunked twice': post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'),
    'transfer coding with a parameter': post('Transfer-Encoding: chunked;a=b\r\n', '0\r\n\r\n'),
    'transfer coding on GET': get(`${HOST}Transfer-Encoding: gzip\r\n`),
    'transfer coding on HTTP/1.0': `POST /echo HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'folded line': get(`${HOST}X-A: a\r\n b\r\n`),
    'folded line with a tab': get(`${HOST}X-A: a\r\n\tb\r\n`),
    'space before the first field': get(` ${HOST}`),
    'bare CR in a value': get(`${HOST}X-A: a\rb\r\n`),
    'bare CR in a line': `GET /health HTTP/1.1\r${HOST}\r\n`,
    'bare LF': `GET /health HTTP/1.1\n${HOST}\r\n`,
    'space before the colon': get(`${HOST}X-A : a\r\n`),
    'space before the colon of Host': get('Host : a\r\n'),
    'no colon': get(`${HOST}X-A\r\n`),
    'empty name': get(`${HOST}: a\r\n`),
    'name that is no token': get(`${HOST}X(A): a\r\n`),
    'NUL in a value': get(`${HOST}X-A: a\0b\r\n`),
    'control character in a value': get(`${HOST}X-A: a\x01b\r\n`),
    'two Content-Types': post(
      'Content-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n',
      '{}'
    ),
    'unknown expectation': post('Expect: miracle\r\nContent-Length: 2\r\n', '{}'),
    'chunk size that is no number': `${CHUNKED}ZZ\r\n{}\r\n0\r\n\r\n`,
    'chunk size 0x2': `${CHUNKED}0x2\r\n{}\r\n0\r\n\r\n`,
    'negative chunk size': `${CHUNKED}-2\r\n{}\r\n0\r\n\r\n`,
    'empty chunk size': `${CHUNKED}\r\n{}\r\n0\r\n\r\n`,
    'huge chunk size': `${CHUNKED}FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n`,
    'chunk longer than its size': `${CHUNKED}1\r\n{}\r\n0\r\n\r\n`,
    'chunk lines ending in LF': `${CHUNKED}2\n{}\n0\n\n`,
    'malformed trailer': `${CHUNKED}2\r\n{}\r\n0\r\nX-A : a\r\n\r\n`,
    'version 0.9': 'GET /health\r\n\r\n',
    'version 1.2': target('GET /health HTTP/1.2'),
    'version 2.0 in words': target('GET /health HTTP/2.0'),
    'preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'lower-case version': target('GET /health http/1.1'),
    TLS: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'unknown method': target('BREW /health HTTP/1.1'),
    'lower-case method': target('get /health HTTP/1.1'),
    'method of RTSP': target('DESCRIBE /health RTSP/1.0'),
    CONNECT: target('CONNECT a:80 HTTP/1.1'),
    'empty target': target('GET  HTTP/1.1'),
    'target with a space': target('GET /health x HTTP/1.1'),
    'target with a control character': target('GET /\x01 HTTP/1.1'),
    'target with a fragment': target('GET /health#x HTTP/1.1'),
    'target with a NUL': target('GET /health%00 HTTP/1.1'),
    'target without a slash': target('GET health HTTP/1.1'),
    'target with a star before the path': target('GET *health HTTP/1.1'),
    'target *': target('GET * HTTP/1.1'),
    'target of another scheme': target('GET ftp://a/health HTTP/1.1'),
    'target with a user': target('GET http://u@a/health HTTP/1.1')
  }
  for (const [name, bytes] of Object.entries(malformed)) {
    isRefusal(t, await exchange(port, Buffer.from(bytes, 'latin1')), 400, 'bad_request', name)
  }
})

t.test('what is valid although it is rare is served', async (t) => {
  const valid: Record<string, string> = {
    'a name and a port': `GET /health HTTP/1.1\r\nHost: auth.example.com:8443\r\n\r\n`,
    'an IPv6 address': 'GET /health HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n',
    'HTTP/1.0 without Host': 'GET /health HTTP/1.0\r\n\r\n',
    'an absolute target': `GET http://b/health?x=1 HTTP/1.1\r\n${HOST}\r\n`,
    'an expectation in HTTP/1.0': `GET /health HTTP/1.0\r\n${HOST}Expect: miracle\r\n\r\n`,
    'an offer to upgrade': `GET /health HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    'an offer of h2c': `GET /health HTTP/1.1\r\n${HOST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n`,
    'an empty line first': `\r\nGET /health HTTP/1.1\r\n${HOST}\r\n`,
    'chunked in capitals': `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n`,
    'chunk extensions and trailers': `${CHUNKED}2;a=b\r\n{}\r\n0\r\nX-A: a\r\n\r\n`
  }
  for (const [name, bytes] of Object.entries(valid)) t.equal((await exchange(port, bytes, 1))[0]?.status, 200, name)
  const [first, second] = await exchange(
    port,
    `POST /echo HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
    2
  )
  t.match([first?.status, second?.status], [100, 200], 'the expectation of 100')
})

t.test('odd requests get an ordinary refusal on a connection that lives on', async (t) => {
  const odd: Record<string, [string, number, string]> = {
    'OPTIONS *': [`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, 404, 'not_found'],
    TRACE: [`TRACE /health HTTP/1.1\r\n${HOST}\r\n`, 405, 'method_not_allowed'],
    QUERY: [`QUERY /health HTTP/1.1\r\n${HOST}\r\n`, 405, 'method_not_allowed'],
    PROPFIND: [`PROPFIND /health HTTP/1.1\r\n${HOST}\r\n`, 405, 'method_not_allowed'],
    'SEARCH nowhere': [`SEARCH /nowhere HTTP/1.1\r\n${HOST}\r\n`, 404, 'not_found'],
    'bad percent-encoding': [`GET /%zz HTTP/1.1\r\n${HOST}\r\n`, 400, 'bad_request'],
    'percent-encoded Latin-1': [`GET /%E9 HTTP/1.1\r\n${HOST}\r\n`, 400, 'bad_request'],
    'a percent-encoded surrogate': [`GET /%ED%A0%80 HTTP/1.1\r\n${HOST}\r\n`, 400, 'bad_request'],
    'bad percent-encoding with an odd method': [`PROPFIND /%zz HTTP/1.1\r\n${HOST}\r\n`, 400, 'bad_request'],
    'a target without a host': [`GET http:///health HTTP/1.1\r\n${HOST}\r\n`, 400, 'bad_request'],
    'a very long path': [`GET /${'a'.repeat(12_000)} HTTP/1.1\r\n${HOST}\r\n`, 404, 'not_found']
  }
  for (const [name, [bytes, status, code]] of Object.entries(odd)) {
    const [answer, next] = await exchange(port, bytes + `GET /health HTTP/1.1\r\n${HOST}\r\n`, 2)
    t.equal(answer?.status, status, name)
    t.match(JSON.parse(answer?.body ?? '{}'), { code, request_id: answer?.headers['x-request-id'] }, name)
    t.match(answer?.headers['content-security-policy'], /default-src 'none'/, name)
    t.equal(next?.status, 200, `${name}: the next request`)
  }
})

t.test('header fields that are too large or too many are 431', async (t) => {
  const large = `GET /health HTTP/1.1\r\n${HOST}X-A: ${'a'.repeat(20_000)}\r\n\r\n`
  isRefusal(t, await exchange(port, large), 431, 'headers_too_large', 'one large field')
  const target = `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`
  isRefusal(t, await exchange(port, target), 431, 'headers_too_large', 'a large target')
  const many = `GET /health HTTP/1.1\r\n${HOST}${'a:\r\n'.repeat(3_000)}Host: b\r\n\r\n`
  isRefusal(
    t,
    await exchange(port, many),
    431,
    'headers_too_large',
    'many fields, of which a second Host would be lost'
  )
})

t.test('chunks with more about them than in them are 413', async (t) => {
  const extended = `${CHUNKED}2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`
  isRefusal(t, await exchange(port, extended), 413, 'payload_too_large', 'chunk extensions')
})

t.test('a request that does not arrive in time is 408, whatever is missing', async (t) => {
  const unfinished: Record<string, string> = {
    'the request line': 'GET /hea',
    'the end of the header': `GET /health HTTP/1.1\r\n${HOST}`,
    'the body': `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    'the last chunk': `${CHUNKED}2\r\n{}\r\n`
  }
  for (const [name, bytes] of Object.entries(unfinished)) {
    isRefusal(t, await exchange(port, bytes), 408, 'request_timeout', name)
  }
  const [refused, ...more] = await exchange(port, `POST /refused HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\n{`)
  t.equal(refused?.status, 204, 'who has an answer gets no second one')
  t.strictSame(more, [])
  t.equal(refused?.closed, true)
})

t.test('a request that its client breaks off is 400 where anybody is left to read it', async (t) => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  socket.end(`POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{`)
  await new Promise((resolve) => socket.on('end', resolve))
  socket.destroy()
  t.match(text, /^HTTP\/1\.1 400 /)
})

t.test('a malformed request on a connection does not take the answer of the one before it', async (t) => {
  const before = await logIsQuiet()
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.write(`GET /slow HTTP/1.1\r\n${HOST}X-Request-Id: first\r\n\r\nGET /health HTTP/1.1\r\nX : y\r\n`)
  await until(() => held.length > 0)
  socket.write('more of it\r\n\r\n')
  await new Promise((resolve) => setTimeout(resolve, 20))
  await letGo()
  await closed
  const [first, second, ...more] = answersIn(text)
  t.match([first?.status, first?.headers['x-request-id'], second?.status], [200, 'first', 400])
  t.strictSame(more, [])
  await until(() => log().length >= before + 2)
  t.match(log().slice(before), [
    { request_id: 'first', status: 200 },
    { route: 'unmatched', status: 400 }
  ])
  t.equal(log().length, before + 2)
})

t.test('nor does a malformed body of a request that was sent without waiting for that answer', async (t) => {
  const before = await logIsQuiet()
  const answers = exchange(port, `GET /slow HTTP/1.1\r\n${HOST}X-Request-Id: first\r\n\r\n${CHUNKED}Z`)
  await letGo()
  const seen = (await answers).map(({ status, headers }) => [status, headers['x-request-id'] === 'first'])
  t.strictSame(seen, [
    [200, true],
    [400, false]
  ])
  await until(() => log().length >= before + 2)
})

t.test('bytes after the last request of a connection do it no harm', async (t) => {
  const before = await logIsQuiet()
  const answers = exchange(port, `GET /slow HTTP/1.1\r\n${HOST}Connection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n`)
  await letGo()
  t.match(await answers, [{ status: 200, closed: true }])
  await until(() => log().length > before)
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.match(log().slice(before), [{ route: '/slow', status: 200 }])
  t.equal(log().length, before + 1)
})

t.test('a client that goes on sending sees the refusal all the same', async (t) => {
  const rest = Buffer.alloc(4_000_000, 'X-A: a\r\n')
  isRefusal(
    t,
    await exchange(port, Buffer.concat([Buffer.from('GET / HTTP/1.1\r\nX : y\r\n'), rest])),
    400,
    'bad_request',
    'header'
  )
  isRefusal(t, await exchange(port, Buffer.concat([Buffer.from(`${CHUNKED}Z`), rest])), 400, 'bad_request', 'body')
})

t.test('a body of a type that is not taken is refused without waiting for it', async (t) => {
  const head = `POST /echo HTTP/1.1\r\n${HOST}Content-Type: text/plain\r\n`
  for (const framing of ['Content-Length: 9\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n9\r\n1']) {
    t.match(await exchange(port, head + framing, 1), [{ status: 415 }], framing)
  }
})

t.test('a client that leaves, at whatever moment, is one line in the log and nothing else', async (t) => {
  const rejections: unknown[] = []
  const onRejection = (reason: unknown) => rejections.push(reason)
  process.on('unhandledRejection', onRejection)
  t.teardown(() => process.off('unhandledRejection', onRejection))
  const moments: [string, string][] = [
    ['/slow', `GET /slow HTTP/1.1\r\n${HOST}X-Request-Id: gone-1\r\n\r\n`],
    [
      '/echo',
      `POST /echo HTTP/1.1\r\n${HOST}X-Request-Id: gone-2\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`
    ],
    ['/echo', `POST /echo HTTP/1.1\r\n${HOST}Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n`]
  ]
  for (const [route, bytes] of moments) {
    reached.clear()
    const before = await logIsQuiet()
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(bytes)
    await until(() => reached.has(route))
    socket.resetAndDestroy()
    await until(() => log().length > before)
    if (route === '/slow') await letGo()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const lines = log().slice(before)
    t.match(lines, [{ level: 'info', route, aborted: true }])
    t.equal(lines.length, 1)
  }
  t.strictSame(rejections, [])
})

t.test('a body that is refused unread leaves the connection usable, and its sender hears of it', async (t) => {
  const body = 'x'.repeat(300_000)
  const [refused, next] = await exchange(
    port,
    `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n` +
      body +
      `GET /health HTTP/1.1\r\n${HOST}\r\n`,
    2
  )
  t.equal(refused?.status, 413)
  t.equal(next?.status, 200)
})

t.test('the refusals are in the log, one line each, without what was sent', async (t) => {
  const before = await logIsQuiet()
  await exchange(port, `GET /canary HTTP/1.1\r\n${HOST}Canary : canary\r\n\r\n`)
  await exchange(port, `GET /health HTTP/1.1\r\n${HOST}X-Request-Id: mine\r\nTransfer-Encoding: canary\r\n\r\n`)
  await exchange(port, `${CHUNKED.replace('chunked', 'chunked\r\nX-Request-Id: theirs')}canary`)
  // The connection is gone here before it is gone there.
  await until(() => log().length >= before + 3)
  const lines = log().slice(before)
  t.match(lines, [
    { level: 'info', method: null, route: 'unmatched', status: 400, remote_address: '127.0.0.1' },
    { level: 'info', method: 'GET', route: '/health', status: 400, request_id: 'mine' },
    { level: 'info', method: 'POST', route: '/echo', status: 400, request_id: 'theirs' }
  ])
  t.equal(lines.length, 3)
  t.notMatch(JSON.stringify(lines), /canary/i)
})
