/** Who does something, and from where: what the audit trail says of every change. */
export interface Act {
  /** Id of the user or client; null for somebody unknown and for the service itself. */
  readonly actor: string | null
  /** Network address; null for the command line. */
  readonly ip: string | null
  readonly requestId: string | null
}
