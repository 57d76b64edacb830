import { before, denied, mayHold, type Account } from './evidence.ts'
import type { Operation, OperationOf, Tokens } from './history.ts'

/** What an access token says of where it comes from. */
export type Origin = Pick<Tokens, 'session' | 'version'>

/** The operation that gave tokens, with them. */
export interface Issue {
  readonly by: Operation
  readonly tokens: Tokens
}

/** What operations on one account make of its tokens. */
export interface Revoking {
  readonly issues: readonly Issue[]
  readonly refreshes: readonly OperationOf<'refresh'>[]
  /** Whether an access token with this origin was refused for good when `by` was acknowledged. */
  revokesAccess(by: Operation, origin: Origin): boolean
  /** Whether the session was over when `by` was acknowledged. */
  revokesSession(by: Operation, session: string): boolean
  /** Whether by the end of `asked` tokens of this issue may have been refused, the access token or both. */
  mayRevoke(by: Operation, issue: Issue, asked: Operation, what: 'access' | 'session'): boolean
}

/** Changes that end every session and token of the user. */
const isForAll = ({ kind }: Operation) => kind === 'password' || kind === 'revoke' || kind === 'disable'

export function createRevoking({ operations }: Account, graceMilliseconds: number): Revoking {
  const issues = operations.flatMap((by): Issue[] =>
    'tokens' in by && by.tokens !== null ? [{ by, tokens: by.tokens }] : []
  )
  const refreshes = operations.filter((each): each is OperationOf<'refresh'> => each.kind === 'refresh')

  /** The lowest version that was seen in a token of the session: it was opened at none above. */
  const openedAt = (session: string) =>
    Math.min(...issues.flatMap(({ tokens }) => (tokens.session === session ? [tokens.version] : [])))

  /**
   * Tokens with a lower version are over since `by` was acknowledged. Each such change raises the version, so that it is
   * above every one that had been seen before the change began.
   */
  const floorSetBy = (by: Operation) =>
    by.kind === 'password' && by.tokens !== null
      ? by.tokens.version
      : 1 + Math.max(0, ...issues.flatMap((issue) => (before(issue.by, by) ? [issue.tokens.version] : [])))

  /** The uses of what came of the refresh token that `by` presented. */
  const usesOfSuccessor = (by: OperationOf<'refresh'>) => {
    const same = refreshes.filter(({ presented }) => presented === by.presented)
    const successors = new Set(same.flatMap(({ tokens }) => (tokens === null ? [] : [tokens.refresh])))
    return refreshes.filter(({ presented }) => successors.has(presented))
  }

  /** A refresh token whose successor had been used already is presented by somebody who must not have it. */
  const isTheft = (by: OperationOf<'refresh'>) =>
    usesOfSuccessor(by).some((use) => use.outcome === 'ok' && before(use, by))

  /** The same for what may have been, or may yet be, done in another order; a late repetition is theft, too. */
  const mayBeTheft = (by: OperationOf<'refresh'>, until: number) =>
    by.outcome !== 'ok' &&
    (usesOfSuccessor(by).some((use) => mayHold(use) && use.start < until) ||
      refreshes.some(
        (other) =>
          other !== by && other.presented === by.presented && mayHold(other) && other.start + graceMilliseconds <= until
      ))

  const revokesSession = (by: Operation, session: string) => {
    if (by.kind === 'refresh') return by.session === session && denied(by) && isTheft(by)
    if (by.outcome !== 'ok') return false
    if (by.kind === 'sign-out') return by.session === session
    return isForAll(by) && openedAt(session) < floorSetBy(by)
  }

  return {
    issues,
    refreshes,
    revokesSession,
    revokesAccess: (by, { session, version }) =>
      revokesSession(by, session) ||
      (by.outcome === 'ok' && (isForAll(by) || by.kind === 'roles') && version < floorSetBy(by)),

    mayRevoke(by, issue, asked, what) {
      if (by.start >= asked.end || by === issue.by) return false
      if (by.kind === 'refresh') return by.session === issue.tokens.session && mayBeTheft(by, asked.end)
      // What was done before the tokens were given did not concern them; what is not known may yet be done.
      if (!mayHold(by) || (by.outcome === 'ok' && before(by, issue.by))) return false
      if (by.kind === 'sign-out') return by.session === issue.tokens.session
      return isForAll(by) || (what === 'access' && by.kind === 'roles')
    }
  }
}
