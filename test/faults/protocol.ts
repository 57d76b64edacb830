/**
 * As much of PostgreSQL's protocol as a link has to understand (version 3.0, "Message Flow" and "Message Formats"),
 * without TLS.
 */

/** A whole message; the first one of a client has no type. */
export interface Message {
  readonly type: string
  readonly bytes: Buffer
}

/** A message of a client. */
export interface Sent extends Message {
  readonly listens: boolean
  /** The server is told to run a statement that changes data. */
  readonly modifies: boolean
  /** The server says ReadyForQuery when it is done with everything up to here; what was changed is committed by then. */
  readonly asks: boolean
}

const LISTEN = /^\s*listen\b/i
/** `for update` locks, and changes nothing. */
const MODIFYING = /\b(insert\s+into|delete\s+from|update\s+\S+\s+(\S+\s+)?set)\b/i

/** Cuts a stream into its messages, however its chunks fall. */
export function createFramer(firstHasType: boolean): (chunk: Buffer) => readonly Message[] {
  let rest = Buffer.alloc(0)
  let typed = firstHasType
  return (chunk) => {
    const messages: Message[] = []
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const head = typed ? 1 : 0
      if (rest.length < head + 4) return messages
      const length = head + rest.readInt32BE(head)
      if (rest.length < length) return messages
      messages.push({ type: rest.toString('latin1', 0, head), bytes: rest.subarray(0, length) })
      rest = rest.subarray(length)
      typed = true
    }
  }
}

/** Reads what a client sends. A prepared statement is named when it is run, so its text is kept from when it was parsed. */
export function createClientReader(): (chunk: Buffer) => readonly Sent[] {
  const frame = createFramer(false)
  const prepared = new Map<string, string>()

  const textOf = ({ type, bytes }: Message): string => {
    const parts = bytes.toString('latin1', 5).split('\0')
    if (type === 'Q') return parts[0] ?? ''
    // Parse: name, text. Bind: portal, name.
    if (type === 'P') prepared.set(parts[0] ?? '', parts[1] ?? '')
    return type === 'B' ? (prepared.get(parts[1] ?? '') ?? '') : ''
  }

  return (chunk) =>
    frame(chunk).map((message) => {
      const text = textOf(message)
      return {
        ...message,
        listens: LISTEN.test(text),
        modifies: MODIFYING.test(text),
        asks: message.type === 'Q' || message.type === 'S'
      }
    })
}
