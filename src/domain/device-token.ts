import { createHmac, timingSafeEqual } from 'node:crypto'
import { decodeBase64url } from './base64url.ts'
import type { MacKey } from './key-ring.ts'
import { bytesOfUuid, uuidOfBytes } from './uuid-bytes.ts'

/** A device on which a user has signed in before. It opens nothing: it only lets failures be counted apart. */
export interface Device {
  readonly userId: string
  readonly deviceId: string
}

const KID = 8
const UUID = 16
const SIGNED = KID + UUID + UUID
const LENGTH = SIGNED + 32

/** The value of the known-device cookie: kid, user, device and HMAC-SHA-256 over the three. */
export function makeDeviceToken(key: MacKey, { userId, deviceId }: Device): string {
  const signed = Buffer.concat([Buffer.from(key.kid, 'hex'), bytesOfUuid(userId), bytesOfUuid(deviceId)])
  return Buffer.concat([signed, macOf(key, signed)]).toString('base64url')
}

/** Null for anything that the service did not make. Whether the user is the one who signs in, the caller checks. */
export function readDeviceToken(text: string, findKey: (kid: string) => MacKey | null): Device | null {
  const bytes = decodeBase64url(text)
  if (bytes?.length !== LENGTH) return null
  const signed = bytes.subarray(0, SIGNED)
  const key = findKey(bytes.toString('hex', 0, KID))
  if (key === null || !timingSafeEqual(macOf(key, signed), bytes.subarray(SIGNED))) return null
  return {
    userId: uuidOfBytes(bytes.subarray(KID, KID + UUID)),
    deviceId: uuidOfBytes(bytes.subarray(KID + UUID, SIGNED))
  }
}

const macOf = (key: MacKey, signed: Uint8Array) =>
  createHmac('sha256', key.secret).update('latchkey known device 1').update(signed).digest()
