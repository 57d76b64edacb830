import { before, denied, mayHold, type Account, type Bounds, type Violation } from './evidence.ts'
import type { Operation, OperationOf } from './history.ts'
import { createRevoking, type Revoking } from './revoking.ts'

/** Milliseconds from the acknowledgement of a revocation to the beginning of a request that was accepted nevertheless. */
export type OnLateness = (milliseconds: number) => void

/** What the operations on one account, and their answers, show to be wrong. */
export function* judgeInTime(account: Account, bounds: Bounds, onLateness: OnLateness): Generator<Violation> {
  const revoking = createRevoking(account, bounds.graceMilliseconds)
  for (const asked of account.operations) {
    switch (asked.kind) {
      case 'probe':
        yield* judgeAccess(account, revoking, asked, bounds, onLateness)
        break
      case 'password':
        yield* judgeAccess(account, revoking, asked, bounds, onLateness)
        yield* judgePassword(account, asked, asked.from)
        yield* judgeRoles(account, asked)
        break
      case 'refresh':
        yield* judgeRefresh(account, revoking, asked, bounds)
        yield* judgeRoles(account, asked)
        break
      case 'sign-in':
        yield* judgePassword(account, asked, asked.password)
        yield* judgeRoles(account, asked)
        break
      case 'bad':
        if (asked.outcome === 'ok')
          yield { rule: 'a bad credential is never accepted', what: asked.credential, shownBy: [asked] }
        break
      default:
    }
  }
}

function* judgeAccess(
  { operations }: Account,
  revoking: Revoking,
  asked: OperationOf<'probe' | 'password'>,
  { stalenessMilliseconds }: Bounds,
  onLateness: OnLateness
): Generator<Violation> {
  const revocations = operations.filter((by) => before(by, asked) && revoking.revokesAccess(by, asked))
  if (asked.outcome === 'ok') {
    for (const by of revocations) {
      const lateness = asked.start - by.end
      onLateness(lateness)
      // It is in force on the instance that acknowledged it before it does so.
      const bound = by.instance === asked.instance ? 0 : stalenessMilliseconds
      if (lateness <= bound) continue
      const what = `${lateness.toFixed(0)} ms after the acknowledgement, where ${bound} ms are the bound`
      yield { rule: 'nothing revoked is accepted after the bound', what, shownBy: [by, asked] }
    }
  } else if (denied(asked) && revocations.length === 0) {
    const issue = revoking.issues.find(
      ({ tokens }) => tokens.session === asked.session && tokens.version === asked.version
    )
    if (issue === undefined || operations.some((by) => revoking.mayRevoke(by, issue, asked, 'access'))) return
    yield { rule: 'a good token is not refused', what: asked.answer, shownBy: [issue.by, asked] }
  }
}

function* judgeRefresh(
  { operations }: Account,
  revoking: Revoking,
  asked: OperationOf<'refresh'>,
  { graceMilliseconds }: Bounds
): Generator<Violation> {
  const same = revoking.refreshes.filter(({ presented }) => presented === asked.presented)
  if (asked.outcome === 'ok') {
    const over = operations.find((by) => before(by, asked) && revoking.revokesSession(by, asked.session))
    if (over !== undefined)
      yield { rule: 'a session that is over cannot be renewed', what: asked.answer, shownBy: [over, asked] }
    const other = same.find(({ tokens }) => tokens !== null && tokens.refresh !== asked.tokens?.refresh)
    if (other !== undefined && other.id < asked.id)
      yield { rule: 'a refresh token has one successor', what: 'it has two', shownBy: [other, asked] }
    const first = same.find((each) => each.outcome === 'ok' && each.end + graceMilliseconds < asked.start)
    if (first !== undefined)
      yield { rule: 'a refresh token is used once', what: 'also after the grace window', shownBy: [first, asked] }
  } else if (denied(asked)) {
    const issue = revoking.issues.find(({ tokens }) => tokens.refresh === asked.presented)
    if (issue === undefined || operations.some((by) => revoking.mayRevoke(by, issue, asked, 'session'))) return
    yield { rule: 'an acknowledged refresh token is not lost', what: asked.answer, shownBy: [issue.by, asked] }
  }
}

function* judgePassword(
  { operations }: Account,
  asked: OperationOf<'sign-in' | 'password'>,
  password: string
): Generator<Violation> {
  const replaced = operations.find(
    (by) => by.kind === 'password' && by.from === password && by.outcome === 'ok' && before(by, asked)
  )
  const disabled = operations.find((by) => by.kind === 'disable' && by.outcome === 'ok' && before(by, asked))
  if (asked.outcome === 'ok') {
    if (replaced !== undefined)
      yield { rule: 'a password that was replaced is over', what: password, shownBy: [replaced, asked] }
    if (disabled !== undefined)
      yield { rule: 'a disabled user does not come in', what: password, shownBy: [disabled, asked] }
  } else if (denied(asked)) {
    const set = operations.find((by) => passwordSetBy(by) === password && by.outcome === 'ok' && before(by, asked))
    const maybeOver = operations.some(
      (by) =>
        by !== asked &&
        mayHold(by) &&
        by.start < asked.end &&
        (by.kind === 'disable' || (by.kind === 'password' && by.from === password))
    )
    // Who changes a password may be refused for the token as well, which is judged by itself.
    if (set === undefined || maybeOver || asked.kind === 'password') return
    const rule =
      set.kind === 'register' ? 'an acknowledged registration is not lost' : 'an acknowledged password is not lost'
    yield { rule, what: asked.answer, shownBy: [set, asked] }
  }
}

const passwordSetBy = (by: Operation): string | null =>
  by.kind === 'register' ? by.password : by.kind === 'password' ? by.to : null

/** The roles that a user can have when something began: those of the newest change that was known to be done, or of a later one. */
export function possibleRoles({ operations }: Account, asked: { readonly start: number; readonly end: number }) {
  const changes = operations.filter((by): by is OperationOf<'roles'> => by.kind === 'roles' && mayHold(by))
  const known = changes.filter((by) => by.outcome === 'ok' && before(by, asked)).at(-1)
  // What is not known may have been done at any time since, or never.
  const others = changes.filter((by) => by.start < asked.end && (by.outcome === 'unknown' || !before(by, asked)))
  return { known, roles: [known?.role ?? '', ...others.map(({ role }) => role)] }
}

function* judgeRoles(account: Account, asked: OperationOf<'sign-in' | 'refresh' | 'password'>): Generator<Violation> {
  if (asked.tokens === null) return
  const { known, roles } = possibleRoles(account, asked)
  const has = asked.tokens.roles.join()
  if (roles.includes(has)) return
  const what = `the token has [${has}], not [${roles.join('] or [')}]`
  yield {
    rule: 'an acknowledged role change is not lost',
    what,
    shownBy: known === undefined ? [asked] : [known, asked]
  }
}
