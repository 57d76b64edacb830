import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { decodeBase64url } from './base64url.ts'
import type { MacKey } from './key-ring.ts'
import { bytesOfUuid, uuidOfBytes } from './uuid-bytes.ts'

/** What a refresh token says, once its MAC has been found good. */
export interface RefreshToken {
  readonly kid: string
  readonly sessionId: string
  /** How often the session had turned when it was made. */
  readonly counter: number
  /** What only the session's row can confirm: see `proofOf`. */
  readonly proof: Buffer
}

/** Random bytes of a session that its refresh tokens are derived from. */
export const SEED_BYTES = 32
/** The largest counter that PostgreSQL's `int4send` and the four bytes of the token write alike. */
const MOST_TURNS = 0x7fff_ffff
const PREFIX = 'lkr_'
const KID = 8
const UUID = 16
const COUNTER = 4
const HASH = 32
const HEAD = KID + UUID + COUNTER
const LENGTH = HEAD + HASH + HASH

/**
 * Refresh tokens are derived, not stored: kid, session id, counter, proof and MAC, in that order, as one run of base64url.
 *
 * - The proof is SHA-256 over the session's random seed and the counter. The database can check it (`sha256(seed ||
 *   int4send(counter))`) inside the statement that rotates, so that a rotation is one round trip. Who has the keys but
 *   not the database cannot compute it.
 * - The MAC is HMAC-SHA-256 over all before it, under a key of the ring that exists for this alone and that the session
 *   pins, so that no rotation of keys changes a successor. It is checked before the database is asked, and who has the
 *   database but not the root secret cannot compute it.
 *
 * The prefix lets secret scanners find a leaked one; without a dot it cannot be taken for a JWT.
 */
export function makeRefreshToken(key: MacKey, sessionId: string, seed: Uint8Array, counter: number): string {
  const head = Buffer.alloc(HEAD)
  head.write(key.kid, 0, KID, 'hex')
  bytesOfUuid(sessionId).copy(head, KID)
  head.writeUInt32BE(counter, KID + UUID)
  const signed = Buffer.concat([head, proofOf(seed, counter)])
  return PREFIX + Buffer.concat([signed, macOf(key, signed)]).toString('base64url')
}

/**
 * Reads a refresh token and checks its MAC. Null for anything that the service did not make; whether the session is
 * still there, and whether the proof fits it, only the database knows.
 */
export function readRefreshToken(text: string, findKey: (kid: string) => MacKey | null): RefreshToken | null {
  if (!text.startsWith(PREFIX)) return null
  const bytes = decodeBase64url(text.slice(PREFIX.length))
  if (bytes?.length !== LENGTH) return null
  const signed = bytes.subarray(0, HEAD + HASH)
  const kid = bytes.toString('hex', 0, KID)
  const key = findKey(kid)
  if (key === null || !timingSafeEqual(macOf(key, signed), bytes.subarray(HEAD + HASH))) return null
  const counter = bytes.readUInt32BE(KID + UUID)
  if (counter > MOST_TURNS) return null
  return {
    kid,
    sessionId: uuidOfBytes(bytes.subarray(KID, KID + UUID)),
    counter,
    proof: Buffer.from(bytes.subarray(HEAD, HEAD + HASH))
  }
}

function proofOf(seed: Uint8Array, counter: number): Buffer {
  const turn = Buffer.alloc(COUNTER)
  turn.writeUInt32BE(counter)
  return createHash('sha256').update(seed).update(turn).digest()
}

const macOf = (key: MacKey, signed: Uint8Array) =>
  createHmac('sha256', key.secret).update('latchkey refresh token 1').update(signed).digest()
