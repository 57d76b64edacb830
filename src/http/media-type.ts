const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/gi

/**
 * Whether a media type leaves the body UTF-8, as JSON always is (RFC 8259 section 8.1). The parameter means nothing for
 * JSON, but a client that says UTF-16 will have sent it. Other parameters are ignored (RFC 2045 section 5).
 */
export function isUtf8Type(contentType: string): boolean {
  if (!contentType.includes(';')) return true
  return [...contentType.matchAll(CHARSET)].every(([, charset]) => /^utf-?8$/i.test(charset ?? ''))
}
