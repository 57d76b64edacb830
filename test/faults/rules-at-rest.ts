import { mayHold, type Account, type Stored, type Violation } from './evidence.ts'
import type { Kind, Operation, OperationOf } from './history.ts'
import { createRevoking } from './revoking.ts'
import { possibleRoles } from './rules-in-time.ts'

/** Events that stand for a change which raises the version of a user's tokens, and writes an entry about the user. */
const RAISING = [
  'user.roles_changed',
  'user.disabled',
  'user.password_changed',
  'user.revoked',
  'user.signed_out_everywhere'
] as const

/** What of an account is there when all is quiet, compared with its history and with itself. */
export function* judgeAtRest(
  account: Account,
  stored: Stored | undefined,
  graceMilliseconds: number
): Generator<Violation> {
  const { operations } = account
  const registered = operations.filter(({ kind }) => kind === 'register')
  yield* judgeSignIns(operations)
  if (stored === undefined) {
    const lost = registered.find(({ outcome }) => outcome === 'ok')
    if (lost !== undefined)
      yield { rule: 'an acknowledged registration is not lost', what: 'there is no such user', shownBy: [lost] }
    return
  }
  yield* judgeCounts(account, stored)
  yield* judgeConsistency(stored, operations)

  const now = { start: Infinity, end: Infinity }
  const { known, roles } = possibleRoles(account, now)
  if (!roles.includes(stored.roles.join())) {
    const what = `the user has [${stored.roles.join()}], not [${roles.join('] or [')}]`
    yield { rule: 'an acknowledged role change is not lost', what, shownBy: known === undefined ? [] : [known] }
  }

  const revoking = createRevoking(account, graceMilliseconds)
  const sessions = new Set(revoking.issues.map(({ tokens }) => tokens.session))
  for (const by of operations) {
    if (by.kind !== 'sign-out' && by.kind !== 'refresh') continue
    for (const session of sessions) {
      if (!revoking.revokesSession(by, session)) continue
      if (!stored.ended.includes(session))
        yield { rule: 'an acknowledged revocation is not lost', what: `${session} has not ended`, shownBy: [by] }
    }
  }
}

/** Every password that an account ever had, or may have, was tried at rest: one is right, and only one. */
function* judgeSignIns(operations: readonly Operation[]): Generator<Violation> {
  const tried = operations.filter((by): by is OperationOf<'sign-in'> => by.kind === 'sign-in' && by.atRest)
  const good = tried.filter(({ outcome }) => outcome === 'ok')
  const [, second] = good
  if (second !== undefined && new Set(good.map(({ password }) => password)).size > 1)
    yield { rule: 'a user has one password', what: `${good.length} are accepted`, shownBy: good }
  const exists = operations.find(({ kind, outcome }) => kind === 'register' && outcome === 'ok')
  const maybeDisabled = operations.some((by) => by.kind === 'disable' && mayHold(by))
  const judged = tried.length > 0 && tried.every(({ outcome }) => outcome !== 'unknown')
  if (exists !== undefined && judged && !maybeDisabled && good.length === 0)
    yield {
      rule: 'an acknowledged registration is not lost',
      what: 'no password is right',
      shownBy: [exists, ...tried]
    }
}

/** What was acknowledged left its event; what left one was asked for. */
function* judgeCounts({ operations }: Account, { audit }: Stored): Generator<Violation> {
  const actions: Readonly<Partial<Record<Kind, string>>> = {
    register: 'user.registered',
    'sign-in': 'user.signed_in',
    roles: 'user.roles_changed',
    revoke: 'user.revoked',
    disable: 'user.disabled',
    password: 'user.password_changed'
  }
  const compare = function* (
    action: string,
    asked: readonly Operation[],
    least: number,
    most: number
  ): Generator<Violation> {
    const written = audit[action] ?? 0
    if (written >= least && written <= most) return
    const what = `${action}: ${written} events, where ${least} changes were acknowledged and ${most} may have been made`
    yield { rule: 'every change has its event, and every event its change', what, shownBy: asked }
  }
  for (const [kind, action] of Object.entries(actions)) {
    const asked = operations.filter((by) => by.kind === kind && mayHold(by))
    yield* compare(action, asked, asked.filter(({ outcome }) => outcome === 'ok').length, asked.length)
  }
  // Repeated, these two are acknowledged again and change nothing.
  const turns = operations.filter((by): by is OperationOf<'refresh'> => by.kind === 'refresh' && mayHold(by))
  const outs = operations.filter((by): by is OperationOf<'sign-out'> => by.kind === 'sign-out' && mayHold(by))
  const good = <O extends Operation>(all: readonly O[]) => all.filter(({ outcome }) => outcome === 'ok')
  const presented = (all: typeof turns) => new Set(all.map((by) => by.presented)).size
  const sessions = (all: typeof outs) => new Set(all.map((by) => by.session)).size
  yield* compare('session.refreshed', turns, presented(good(turns)), presented(turns))
  yield* compare('user.signed_out', outs, sessions(good(outs)), sessions(outs))
}

/** One statement writes a change, its event and its entry in the journal: none is there without the others. */
function* judgeConsistency(stored: Stored, shownBy: readonly Operation[]): Generator<Violation> {
  const { audit, journal, version, sessions, turns, ended, disabled } = stored
  const count = (action: string) => audit[action] ?? 0
  const raised = RAISING.reduce((sum, action) => sum + count(action), 0)
  const pairs: readonly (readonly [string, number | string, number | string])[] = [
    ['the version and the events that raise it', version, 1 + raised],
    ['the version and the entries about the user', version, 1 + journal.subject],
    ['the sessions and the events that open one', sessions, count('user.signed_in') + count('user.password_changed')],
    ['the turns of the sessions and their events', turns, count('session.refreshed')],
    [
      'the sessions that ended and their events',
      ended.length,
      count('user.signed_out') + count('session.theft_assumed')
    ],
    [
      'the sessions that ended and the entries about them',
      [...ended].sort().join(),
      [...journal.sessions].sort().join()
    ],
    ['whether the user is disabled and the events', disabled ? 1 : 0, count('user.disabled')]
  ]
  for (const [what, one, other] of pairs) {
    if (one !== other)
      yield { rule: 'a change, its event and its entry are one', what: `${what}: ${one} and ${other}`, shownBy }
  }
}
