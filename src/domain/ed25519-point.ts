/** The field and the constant of the curve (RFC 8032 section 5.1). */
const P = 2n ** 255n - 19n
const D = mod(-121_665n * power(121_666n, P - 2n))

/**
 * The y coordinates of the points whose order divides 8. With such a public key one signature is good for any message, or
 * for one in eight, so that nobody in particular holds it. (The last two: y² = (1 ± √(d + 1)) / d, of order 8.)
 */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  P - 1n,
  littleEndian(Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex')),
  littleEndian(Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex'))
])

/**
 * Whether 32 bytes are the one encoding (RFC 8032 section 5.1.3) of a point of Ed25519 that is fit for a public key.
 * OpenSSL takes any 32 bytes.
 */
export function isEd25519Point(bytes: Uint8Array): boolean {
  const number = littleEndian(bytes)
  const y = number & (2n ** 255n - 1n)
  if (y >= P || SMALL_ORDER.has(y)) return false
  const square = mod(y * y)
  const u = mod(square - 1n)
  const v = mod(D * square + 1n)
  // x² = u / v has a root where Euler's criterion says so, and u·v is a square where u / v is.
  return power(mod(u * v), (P - 1n) / 2n) === 1n
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

function mod(a: bigint): bigint {
  const rest = a % P
  return rest < 0n ? rest + P : rest
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let left = exponent, square = mod(base); left > 0n; left >>= 1n, square = mod(square * square)) {
    if ((left & 1n) === 1n) result = mod(result * square)
  }
  return result
}
