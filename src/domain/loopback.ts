/** Whether the host of a URL, as the URL standard writes it, never leaves this machine (RFC 6761 section 6.3). */
export const isLoopbackHost = (hostname: string): boolean =>
  /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
