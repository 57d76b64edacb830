/** The service cannot start as it is configured; the message says what to change. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
}
