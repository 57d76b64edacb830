import { createPublicKey } from 'node:crypto'
import { decodeBase64url } from './base64url.ts'
import { isEd25519Point } from './ed25519-point.ts'

/** The signature algorithms (RFC 7518 section 3.1, RFC 8037) that keys of others can be for. */
export const JWS_ALGORITHMS = ['ES256', 'EdDSA', 'RS256', 'PS256'] as const
export type JwsAlgorithm = (typeof JWS_ALGORITHMS)[number]

/** A public key of somebody else, read from a JWK. */
export interface ImportedKey {
  /** Null where the JWK names none. */
  readonly kid: string | null
  readonly algorithm: JwsAlgorithm
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicPem: string
  /** The members that make the key and no others, as RFC 7638 section 3.2 lists them, and `kid`, `alg`: what may be stored and shown. */
  readonly publicJwk: Readonly<Record<string, string>>
}

export type Imported = ImportedKey | { readonly wrong: string }

type Members = ReadonlyMap<string, unknown>

/** Members that only a private or a symmetric key has (RFC 7518 section 6): whoever publishes one has lost the key. */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const COORDINATE_BYTES = 32
/** NIST SP 800-131A: less is broken; more than 8,192 is work without a use, that a stranger makes us do. */
const RSA_BITS = { least: 2048, most: 8192 }
const LONGEST_KID = 256

/**
 * Reads a public JWK (RFC 7517) as a key to verify signatures with, for one of `allowed`. Strict, since what is accepted
 * here signs in somebody's name: a key that says it is for something else, whose parts are not canonical, that is weak or
 * off its curve, or whose algorithm it does not say and cannot be told, is refused. Certificates (`x5c`, `x5u`) are not looked at.
 */
export function importJwk(jwk: unknown, allowed: readonly JwsAlgorithm[]): Imported {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return { wrong: 'is not an object' }
  const members: Members = new Map(Object.entries(jwk))
  const secret = PRIVATE.find((name) => members.has(name))
  if (secret !== undefined) return { wrong: `holds the private member ${secret}` }
  const fault = faultOfUse(members)
  if (fault !== null) return { wrong: fault }
  const kid = members.get('kid') ?? null
  if (kid !== null && (typeof kid !== 'string' || kid === '' || kid.length > LONGEST_KID)) {
    return { wrong: `has a kid that is not 1 to ${LONGEST_KID} characters` }
  }
  const algorithm = algorithmOf(members, allowed)
  if (algorithm === null) return { wrong: `is not plainly a key for ${allowed.join(' or ')}` }
  const parts = algorithm === 'ES256' || algorithm === 'EdDSA' ? curveParts(members, algorithm) : rsaParts(members)
  if (typeof parts === 'string') return { wrong: parts }
  try {
    const publicPem = createPublicKey({ key: parts, format: 'jwk' }).export({ format: 'pem', type: 'spki' }).toString()
    return { kid, algorithm, publicPem, publicJwk: { ...parts, alg: algorithm, ...(kid !== null && { kid }) } }
  } catch {
    return { wrong: 'is not a sound point of its curve' }
  }
}

/** RFC 7517 sections 4.2 and 4.3: a key that is for encryption, or for signing alone, verifies nothing. */
function faultOfUse(members: Members): string | null {
  if (members.has('use') && members.get('use') !== 'sig') return 'is not for signatures (use)'
  if (!members.has('key_ops')) return null
  const operations = members.get('key_ops')
  if (!Array.isArray(operations) || new Set(operations).size !== operations.length) return 'has a bad key_ops'
  // RFC 7517 section 4.3: operations of different kinds do not go together.
  const isForSignatures = operations.every((operation) => operation === 'verify' || operation === 'sign')
  return isForSignatures && operations.includes('verify') ? null : 'is not for verifying (key_ops)'
}

/** The one algorithm that the key is for: what it says, where that fits its kind, else the only one that does. */
function algorithmOf(members: Members, allowed: readonly JwsAlgorithm[]): JwsAlgorithm | null {
  const fitting = allowed.filter((algorithm) => {
    const { kty, crv } = KINDS[algorithm]
    return members.get('kty') === kty && members.get('crv') === crv
  })
  // RFC 9864 section 2.2: the name of EdDSA over Ed25519 that says which curve.
  const said = members.get('alg') === 'Ed25519' ? 'EdDSA' : members.get('alg')
  if (members.has('alg')) return fitting.find((algorithm) => algorithm === said) ?? null
  const [only, another] = fitting
  return only !== undefined && another === undefined ? only : null
}

const KINDS: Readonly<Record<JwsAlgorithm, { readonly kty: string; readonly crv?: string }>> = {
  ES256: { kty: 'EC', crv: 'P-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  RS256: { kty: 'RSA' },
  PS256: { kty: 'RSA' }
}

/** What makes the key, or what is wrong with it. */
type Parts = Readonly<Record<string, string>> | string

function curveParts(members: Members, algorithm: 'ES256' | 'EdDSA'): Parts {
  const x = coordinate(members.get('x'))
  if (x === null) return 'has an x that is not 32 bytes in base64url'
  if (algorithm === 'EdDSA') {
    return isEd25519Point(x.bytes) ? { crv: 'Ed25519', kty: 'OKP', x: x.text } : 'is not a sound point of its curve'
  }
  const y = coordinate(members.get('y'))
  return y === null ? 'has a y that is not 32 bytes in base64url' : { crv: 'P-256', kty: 'EC', x: x.text, y: y.text }
}

/** RFC 7518 section 6.2.1.2 and RFC 8037 section 2: as many bytes as the field, leading zeros included. */
function coordinate(value: unknown): { readonly text: string; readonly bytes: Buffer } | null {
  const bytes = typeof value === 'string' ? decodeBase64url(value) : null
  return typeof value === 'string' && bytes?.length === COORDINATE_BYTES ? { text: value, bytes } : null
}

function rsaParts(members: Members): Parts {
  const n = unsigned(members.get('n'))
  const e = unsigned(members.get('e'))
  if (n === null || e === null) return 'has an n or e that is no number in base64url without leading zeros'
  const bits = n.value.toString(2).length
  if (bits < RSA_BITS.least || bits > RSA_BITS.most) return `is of ${bits} bits`
  // FIPS 186-5 section 5.4: e is odd and above 2^16. A long one only makes each verification slow.
  if (n.value % 2n === 0n || e.value % 2n === 0n || e.value < 65_537n || e.value > 0xff_ff_ff_ffn) {
    return 'has an n or e that no sound key has'
  }
  return { e: e.text, kty: 'RSA', n: n.text }
}

/** Base64urlUInt (RFC 7518 section 2): the fewest bytes. */
function unsigned(value: unknown): { readonly text: string; readonly value: bigint } | null {
  if (typeof value !== 'string' || value.length > RSA_BITS.most / 4) return null
  const bytes = decodeBase64url(value)
  if (bytes === null || bytes.length === 0 || bytes[0] === 0) return null
  return { text: value, value: BigInt(`0x${bytes.toString('hex')}`) }
}
