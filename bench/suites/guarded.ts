import { createFleet, type Fleet, type Load, type Server } from '../support/fleet.ts'
import { getsWith, headersOf, MANY_TOKENS, onLoadCore, onServerCore, startLatchkey } from '../support/guarded.ts'
import { ratioOf, spreadOf } from '../support/spread.ts'
import type { Cell, Scale, Suite, Table } from '../support/suite.ts'
import { loadInTurn, loadOnce, rates, type Contender, type Windows } from '../support/windows.ts'

const SCALES: Record<Scale, Windows & { readonly tokens: number }> = {
  full: { requests: 3000, atOnce: 32, warmUp: 4, rounds: 16, tokens: MANY_TOKENS },
  quick: { requests: 300, atOnce: 8, warmUp: 1, rounds: 2, tokens: 50 }
}

/** Peers that check a token, and what is said of them. */
const PEERS = {
  'fastify-jwt HS256': { file: 'fastify-jwt', env: { ALGORITHM: 'HS256' } },
  'fastify-jwt HS256, its cache': { file: 'fastify-jwt', env: { ALGORITHM: 'HS256', CACHE: '1' } },
  'fastify-jwt ES256': { file: 'fastify-jwt', env: { ALGORITHM: 'ES256' } },
  'fastify-jwt HS256, look-up': { file: 'fastify-jwt', env: { ALGORITHM: 'HS256' }, looksUp: true },
  'express-oauth2-jwt-bearer ES256': { file: 'express-jwt', env: {} }
} as const

export default {
  about: [
    "A GET with a guard (`requireRole('admin')`), whose answer is 90 bytes with a response schema, over TCP with keep-alive, 32 at once. The service is the production build over PostgreSQL; tokens are those of an administrator, ES256, some 900 bytes. One token, or 5,000 in turn. Each answer is compared as a whole. The server has one core, the load and the database the other; the load does not sleep, so that the server is not slowed down by having to wake it.",
    'The first table: the same route with `anyone`, in the same process and with the same tokens, with a window of it on both sides of each window of the guard; default settings, log to a pipe. The second: bare Fastify with the same route, schema and response headers, no log on either side (`LOG_LEVEL=silent`), and beside it what people use today, without a log too: @fastify/jwt as its README shows, with its cache of verified tokens, and with a look-up of the session in PostgreSQL for each request; express-oauth2-jwt-bearer. The third: both with their default log to a pipe.',
    '"Busy" is the least share of time, of all windows, in which the event loop of the server was: near one, it is the server that was measured.'
  ],
  async run(scale) {
    const fleet = createFleet()
    try {
      const { url } = await fleet.postgres()
      const load = fleet.load(onLoadCore)
      const logging = await startLatchkey(fleet, url)
      const headers = await headersOf(logging)
      const bareLogging = await fleet.server('bare', { ...onServerCore, env: { HEADERS: headers, LOG: '1' } })
      const tables = [
        await besideAnyone(load, logging, scale),
        await besideBare(fleet, load, { url, headers, scale }),
        await besideLogging(load, { logging, bareLogging, scale })
      ]
      return tables
    } finally {
      await fleet.stop()
    }
  }
} satisfies Suite

/** Windows of the route that anyone may call on both sides of each of the guarded one. */
async function besideAnyone(load: Load, server: Server, scale: Scale): Promise<Table> {
  const { tokens: count, warmUp, rounds, requests, atOnce } = SCALES[scale]
  const tokens = await server.tell<string[]>('tokens', count)
  const rows: Cell[][] = []
  for (const [what, some] of [
    ['one token', tokens.slice(0, 1)],
    [`${count.toLocaleString('en')} tokens in turn`, tokens]
  ] as const) {
    await load.prepare('anyone', getsWith(some, '/bench/anyone'))
    await load.prepare('guarded', getsWith(some))
    const window = (set: string) => loadOnce(load, { server, set }, { count: requests, atOnce })
    const [open, guarded, busy]: [number[], number[], number[]] = [[], [], []]
    for (let round = 0; round < warmUp + rounds; round += 1) {
      const [before, between, after] = [await window('anyone'), await window('guarded'), await window('anyone')]
      if (round < warmUp) continue
      open.push((before.perSecond + after.perSecond) / 2)
      guarded.push(between.perSecond)
      busy.push(before.busy, between.busy, after.busy)
    }
    rows.push([what, spreadOf(guarded), spreadOf(open), ratioOf(guarded, open), Math.min(...busy)])
  }
  const columns = ['', 'guarded, a second', 'anyone, a second', 'guarded / anyone', 'busy']
  return { title: 'Beside the same route with `anyone`', columns, rows }
}

async function besideBare(
  fleet: Fleet,
  load: Load,
  { url, headers, scale }: { readonly url: string; readonly headers: string; readonly scale: Scale }
): Promise<Table> {
  const windows = SCALES[scale]
  const silent = await startLatchkey(fleet, url, { LOG_LEVEL: 'silent' })
  const bare = await fleet.server('bare', { ...onServerCore, env: { HEADERS: headers } })
  const tokens = await silent.tell<string[]>('tokens', windows.tokens)
  await load.prepare('bare, one', getsWith(tokens.slice(0, 1), '/bench/anyone'))
  await load.prepare('bare', getsWith(tokens, '/bench/anyone'))
  await load.prepare('latchkey, one', getsWith(tokens.slice(0, 1)))
  await load.prepare('latchkey', getsWith(tokens))
  const one: Record<string, Contender> = {
    bare: { server: bare, set: 'bare, one' },
    Latchkey: { server: silent, set: 'latchkey, one' }
  }
  const many: Record<string, Contender> = {
    bare: { server: bare, set: 'bare' },
    Latchkey: { server: silent, set: 'latchkey' }
  }
  for (const [name, peer] of Object.entries(PEERS)) {
    const database = 'looksUp' in peer ? { DATABASE_URL: url } : {}
    const server = await fleet.server(peer.file, {
      ...onServerCore,
      env: { HEADERS: headers, ...peer.env, ...database }
    })
    const theirs = await server.tell<string[]>('tokens', windows.tokens)
    await load.prepare(`${name}, one`, getsWith(theirs.slice(0, 1)))
    await load.prepare(name, getsWith(theirs))
    one[name] = { server, set: `${name}, one` }
    many[name] = { server, set: name }
  }
  const figures = { one: await loadInTurn(load, one, windows), many: await loadInTurn(load, many, windows) }
  const rows = Object.keys(one).map((name): Cell[] => {
    const cells = (of: typeof figures.one) => {
      const [theirs, base] = [rates(of[name] ?? []), rates(of['bare'] ?? [])]
      return [spreadOf(theirs), name === 'bare' ? '' : ratioOf(theirs, base)]
    }
    return [name, ...cells(figures.one), ...cells(figures.many), leastBusy(figures.one[name], figures.many[name])]
  })
  return {
    title: 'Beside bare Fastify, no log',
    columns: ['', 'one token, a second', '/ bare', 'in turn, a second', '/ bare', 'busy'],
    rows
  }
}

async function besideLogging(
  load: Load,
  { logging, bareLogging, scale }: { readonly logging: Server; readonly bareLogging: Server; readonly scale: Scale }
): Promise<Table> {
  const windows = SCALES[scale]
  const tokens = await logging.tell<string[]>('tokens', windows.tokens)
  const rows: Cell[][] = []
  for (const [what, some] of [
    ['one token', tokens.slice(0, 1)],
    [`${windows.tokens.toLocaleString('en')} tokens in turn`, tokens]
  ] as const) {
    await load.prepare('bare', getsWith(some, '/bench/anyone'))
    await load.prepare('latchkey', getsWith(some))
    const contenders = { bare: { server: bareLogging, set: 'bare' }, latchkey: { server: logging, set: 'latchkey' } }
    const { bare, latchkey } = await loadInTurn(load, contenders, windows)
    const [ours, theirs] = [rates(latchkey), rates(bare)]
    rows.push([what, spreadOf(ours), spreadOf(theirs), ratioOf(ours, theirs), leastBusy(latchkey, bare)])
  }
  const columns = ['', 'Latchkey, a second', 'bare Fastify, a second', 'Latchkey / bare', 'busy']
  return { title: 'Beside bare Fastify, both with their default log', columns, rows }
}

const leastBusy = (...windows: readonly (readonly { readonly busy: number }[] | undefined)[]) =>
  Math.min(...windows.flatMap((of = []) => of.map(({ busy }) => busy)))
