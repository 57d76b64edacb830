/** What came of an operation, as far as whoever asked for it can tell. */
export type Outcome =
  /** Acknowledged: a 2xx; for a token, that it was accepted. */
  | 'ok'
  /** A 4xx, or nobody was there to take it: it has no effect. */
  | 'refused'
  /** A 5xx, a connection that broke, no answer in time: it may have happened, and may yet. */
  | 'unknown'

/** What an operation that signs somebody in or renews gave. */
export interface Tokens {
  readonly access: string
  readonly refresh: string
  /** The claims `sid`, `ver` and `roles` of the access token. */
  readonly session: string
  readonly version: number
  readonly roles: readonly string[]
}

/** What was asked for, and what is needed to judge the answer. */
export type What =
  | { readonly kind: 'register'; readonly password: string }
  | { readonly kind: 'sign-in'; readonly password: string; readonly tokens: Tokens | null }
  /** `presented` is the refresh token that was to be renewed. */
  | {
      readonly kind: 'refresh'
      readonly presented: string
      readonly session: string
      readonly tokens: Tokens | null
    }
  | { readonly kind: 'sign-out'; readonly session: string }
  /** By the user, with the access token of a session; the answer has those of a fresh one. */
  | {
      readonly kind: 'password'
      readonly session: string
      readonly version: number
      readonly from: string
      readonly to: string
      readonly tokens: Tokens | null
    }
  /** By an administrator, as are the next two. A role that the user never had, so that every change is one. */
  | { readonly kind: 'roles'; readonly role: string }
  | { readonly kind: 'revoke' }
  | { readonly kind: 'disable' }
  /** A protected request with an access token that was good once. */
  | { readonly kind: 'probe'; readonly session: string; readonly version: number }
  /** With what never was good, or has been revoked for so long that no bound matters. */
  | { readonly kind: 'bad'; readonly credential: string }

export type Kind = What['kind']

export interface Circumstances {
  readonly id: number
  /** The address of the account that it is about. */
  readonly subject: string
  /** Which of the two instances was asked. */
  readonly instance: InstanceNumber
  /** Milliseconds of the driver's monotonic clock. */
  readonly start: number
  readonly end: number
  readonly outcome: Outcome
  /** `200`, `401 token_revoked`, `broken ECONNRESET`. */
  readonly answer: string
  /** Asked when all was quiet and whole again. */
  readonly atRest: boolean
}

export type Operation = Circumstances & What
/** Operations of one kind. */
export type OperationOf<K extends Kind> = Extract<Operation, { readonly kind: K }>
export type InstanceNumber = 0 | 1

/** What the driver saw, in the order in which it saw the ends. Nothing is ever changed or taken away. */
export interface History {
  readonly operations: readonly Operation[]
  append(operation: Omit<Circumstances, 'id'> & What): void
}

export function createHistory(): History {
  const operations: Operation[] = []
  return {
    operations,
    append: (operation) => void operations.push({ id: operations.length, ...operation })
  }
}

/** One line to be read by a person, without a credential in it. */
export function lineOf(operation: Operation): string {
  const { id, subject, instance, start, end, answer, kind } = operation
  const times = `${start.toFixed(1).padStart(10)} ${end.toFixed(1).padStart(10)}`
  return `#${id} ${times} on ${instance + 1} ${subject} ${kind}${detailOf(operation)}: ${answer}`
}

function detailOf(operation: Operation): string {
  switch (operation.kind) {
    case 'register':
      return ` with ${operation.password}`
    case 'sign-in':
      return ` with ${operation.password}${gave(operation.tokens)}`
    case 'refresh':
      return ` of ${operation.session.slice(-6)} by ${operation.presented.slice(-6)}${gave(operation.tokens)}`
    case 'sign-out':
      return ` of ${operation.session.slice(-6)}`
    case 'password':
      return ` by ${operation.session.slice(-6)} from ${operation.from} to ${operation.to}${gave(operation.tokens)}`
    case 'roles':
      return ` to ${operation.role}`
    case 'probe':
      return ` by ${operation.session.slice(-6)} version ${operation.version}`
    case 'bad':
      return ` with ${operation.credential}`
    case 'revoke':
    case 'disable':
      return ''
  }
}

const gave = (tokens: Tokens | null) =>
  tokens === null
    ? ''
    : ` gave ${tokens.session.slice(-6)} version ${tokens.version} [${tokens.roles.join()}] ${tokens.refresh.slice(-6)}`
