import type { Bounds, Evidence, Stored } from './evidence.ts'
import {
  createHistory,
  type Circumstances,
  type InstanceNumber,
  type Operation,
  type Tokens,
  type What
} from './history.ts'

export const BOUNDS: Bounds = { stalenessMilliseconds: 2000, recoveryMilliseconds: 2000, graceMilliseconds: 10_000 }

/** When, how long, where and with which answer; what is left out is a quick 200 of the first instance. */
type Told = Partial<Pick<Circumstances, 'start' | 'end' | 'instance' | 'answer' | 'atRest'>>

/** Tells what a driver might have seen. */
export interface Teller {
  readonly operations: Operation[]
  readonly tell: (subject: string, what: What, told?: Told) => void
}

export function createTeller(): Teller {
  const history = createHistory()
  const operations: Operation[] = []
  return {
    operations,
    tell(subject, what, told = {}) {
      const start = told.start ?? (operations.at(-1)?.end ?? 0) + 10
      const answer = told.answer ?? '200'
      const outcome = answer.startsWith('2') ? 'ok' : answer.startsWith('4') ? 'refused' : 'unknown'
      const instance: InstanceNumber = told.instance ?? 0
      const end = told.end ?? start + 5
      history.append({ subject, start, end, instance, outcome, answer, atRest: told.atRest ?? false, ...what })
      operations.splice(0, operations.length, ...history.operations)
    }
  }
}

export const tokens = (session: string, version: number, refresh: string, roles: readonly string[] = []): Tokens => ({
  access: `${session}.${version}.${refresh}`,
  refresh,
  session,
  version,
  roles
})

export const [FIRST, SECOND] = ['the first password', 'the second password']

export const WATCHED = { instance: 1, subject: 'ann', from: 9000 } as const

/** A round in which every promise was kept, with one of everything. */
export function tellGoodStory(): Evidence & Teller {
  const { tell, operations } = createTeller()
  const refresh = (presented: string, given: Tokens | null): What => ({
    kind: 'refresh',
    presented,
    session: 's1',
    tokens: given
  })
  tell('ann', { kind: 'register', password: FIRST })
  tell('ann', { kind: 'sign-in', password: FIRST, tokens: tokens('s1', 1, 'r1') })
  tell('ann', { kind: 'probe', session: 's1', version: 1 }, { instance: 1 })
  tell('ann', refresh('r1', tokens('s1', 1, 'r2')))
  // The same successor again is right: its answer was lost, or two raced.
  tell('ann', refresh('r1', null), { answer: 'broken ECONNRESET' })
  tell('ann', refresh('r1', tokens('s1', 1, 'r2')), { instance: 1 })
  tell('ann', { kind: 'roles', role: 'role-1' }, { start: 1000, end: 1010 })
  tell('ann', { kind: 'probe', session: 's1', version: 1 }, { start: 3000, instance: 1 })
  tell('ann', { kind: 'probe', session: 's1', version: 1 }, { start: 3020, instance: 1, answer: '401 token_stale' })
  tell('ann', refresh('r2', tokens('s1', 2, 'r3', ['role-1'])))
  tell('ann', { kind: 'bad', credential: 'a wrong password' }, { answer: '401 invalid_credentials' })
  tell('ann', { kind: 'bad', credential: 'garbage' }, { answer: '503 revocation_unavailable' })
  const change = { from: FIRST, to: SECOND, tokens: tokens('s2', 3, 'r9', ['role-1']) }
  tell('ann', { kind: 'password', session: 's1', version: 2, ...change }, { start: 4000, end: 4010 })
  tell('ann', { kind: 'probe', session: 's1', version: 2 }, { answer: '401 token_revoked' })
  tell('ann', { kind: 'sign-in', password: FIRST, tokens: null }, { answer: '401 invalid_credentials', instance: 1 })
  tell('ann', { kind: 'sign-out', session: 's2' }, { start: 5000, end: 5010 })
  tell('ann', { kind: 'probe', session: 's2', version: 3 }, { start: 6000, instance: 1 })

  // What is not known may have happened or not: whether there is a Bob, and whether he still is welcome.
  tell('bob', { kind: 'register', password: FIRST }, { answer: 'broken ECONNRESET' })
  tell('bob', { kind: 'sign-in', password: FIRST, tokens: tokens('s5', 1, 'r5') })
  tell('bob', { kind: 'disable' }, { answer: '503 unavailable' })
  tell('bob', { kind: 'probe', session: 's5', version: 1 }, { answer: '401 token_revoked' })
  tell('cat', { kind: 'register', password: FIRST }, { answer: '503 unavailable' })
  tell('dan', { kind: 'register', password: FIRST })
  tell('dan', { kind: 'sign-in', password: FIRST, tokens: tokens('s7', 1, 'r7') })
  tell('dan', { kind: 'disable' })
  tell('dan', { kind: 'sign-in', password: FIRST, tokens: null }, { answer: '403 account_disabled' })

  const atRest = true
  tell('ann', { kind: 'sign-in', password: FIRST, tokens: null }, { answer: '401 invalid_credentials', atRest })
  tell('ann', { kind: 'sign-in', password: SECOND, tokens: tokens('s3', 3, 'r8', ['role-1']) }, { atRest })
  return {
    tell,
    operations,
    atRest: GOOD_REST,
    recoveries: [{ ...WATCHED, instance: 0, milliseconds: 300 }],
    drains: [],
    crashes: []
  }
}

const ann: Stored = {
  subject: 'ann',
  version: 3,
  disabled: false,
  roles: ['role-1'],
  sessions: 3,
  turns: 2,
  ended: ['s2'],
  audit: {
    'user.registered': 1,
    'user.signed_in': 2,
    'session.refreshed': 2,
    'user.roles_changed': 1,
    'user.password_changed': 1,
    'user.signed_out': 1,
    'user.sign_in_failed': 2
  },
  journal: { subject: 2, sessions: ['s2'] }
}
const disabled = (subject: string): Stored => ({
  subject,
  version: 2,
  disabled: true,
  roles: [],
  sessions: 1,
  turns: 0,
  ended: [],
  audit: { 'user.registered': 1, 'user.signed_in': 1, 'user.disabled': 1 },
  journal: { subject: 1, sessions: [] }
})
const GOOD_REST = { users: [ann, disabled('bob'), disabled('dan')], openTransactions: [], altered: [] }

/** The same, but for what is there of one user. */
export const withStored = (
  evidence: Evidence,
  subject: string,
  change: (stored: Stored) => Partial<Stored> | null
) => ({
  ...evidence,
  atRest: {
    ...evidence.atRest,
    users: evidence.atRest.users.flatMap((user): Stored[] => {
      if (user.subject !== subject) return [user]
      const changed = change(user)
      return changed === null ? [] : [{ ...user, ...changed }]
    })
  }
})
