/**
 * The bytes that `text` encodes, or null where it is not the one canonical encoding of them: unpadded base64url
 * (RFC 7515 section 2) whose unused last bits are zero (RFC 4648 section 3.5). Otherwise one token would have many texts.
 */
export function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : null
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of UTF-8 bytes, or null where they are not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}
