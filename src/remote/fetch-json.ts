import { lookup } from 'node:dns'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { decodeUtf8 } from '../domain/base64url.ts'
import { parseStrictJson } from '../domain/strict-json.ts'
import { isWithin, type Reach } from './addresses.ts'

/** What was asked for could not be had. The message says why; it holds nothing of what was answered. */
export class FetchFailed extends Error {
  override readonly name = 'FetchFailed'
  /** Of an answer other than 200; null where there was none. */
  readonly status: number | null

  constructor(url: URL, why: string, status: number | null = null) {
    super(`${url.href} ${why}`)
    this.status = status
  }
}

export interface Fetch {
  readonly url: URL
  readonly reach: Reach
  /** Ends it, wherever it is. */
  readonly signal: AbortSignal
}

/** The most that is read of an answer; the contract's number. */
const MOST_BYTES = 1024 * 1024

/**
 * Fetches a JSON document from a host that is not trusted with more than its own content: one request over a connection of
 * its own, no redirect, no compression (a small answer could become a huge one), so many bytes and no more, whatever
 * length it says to have, and strict JSON, where no name is repeated.
 *
 * @throws FetchFailed, or what the network or `signal` throws
 */
export async function fetchJson({ url, reach, signal }: Fetch): Promise<unknown> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // For an address, nothing is looked up, and so it would not be checked below.
  if (isIP(host) > 0 && !isWithin(reach, host)) throw outOfReach(url)
  const response = await answerTo(url, lookupWithin(url, reach), signal)
  try {
    const { statusCode = 0, headers } = response
    if (statusCode !== 200) throw new FetchFailed(url, `answers ${statusCode}`, statusCode)
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw new FetchFailed(url, 'answers compressed')
    return parseDocument(url, await bytesOf(url, response))
  } finally {
    response.destroy()
  }
}

function answerTo(url: URL, lookup: LookupFunction, signal: AbortSignal): Promise<IncomingMessage> {
  const { request } = url.protocol === 'https:' ? https : http
  const headers = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'latchkey' }
  return new Promise((resolve, reject) => {
    // Without an agent, so that the connection was made for this request, to an address that was looked at for it.
    const sent = request(url, { agent: false, headers, lookup, signal }, resolve)
    sent.on('error', reject)
    // Where the connection ends in some other way (101, which nobody asked for), there is no error.
    sent.once('close', () => {
      reject(new FetchFailed(url, 'does not answer'))
    })
    sent.end()
  })
}

async function bytesOf(url: URL, response: IncomingMessage): Promise<Buffer> {
  if (Number(response.headers['content-length'] ?? 0) > MOST_BYTES) throw tooLarge(url)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue
    length += chunk.length
    if (length > MOST_BYTES) throw tooLarge(url)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseDocument(url: URL, bytes: Buffer): unknown {
  const text = decodeUtf8(bytes)
  if (text === null) throw new FetchFailed(url, 'is not UTF-8')
  try {
    return parseStrictJson(text)
  } catch {
    throw new FetchFailed(url, 'is not JSON, or repeats a name')
  }
}

/** All the addresses of a name must do: one that is half private is not what it says to be. */
const lookupWithin =
  (url: URL, reach: Reach): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      // Where there is an error there is no list, whatever the types say.
      const [first] = error === null ? addresses : []
      if (error !== null) callback(error, [])
      else if (first === undefined || !addresses.every(({ address }) => isWithin(reach, address)))
        callback(outOfReach(url), [])
      else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }

const outOfReach = (url: URL) => new FetchFailed(url, 'is at an address that is not reached from here')
const tooLarge = (url: URL) => new FetchFailed(url, `is larger than ${MOST_BYTES} bytes`)
