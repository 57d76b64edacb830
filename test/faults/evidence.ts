import type { InstanceNumber, Operation } from './history.ts'

/** What a user's rows are when all is quiet, read past the service. */
export interface Stored {
  readonly subject: string
  readonly version: number
  readonly disabled: boolean
  readonly roles: readonly string[]
  /** Of the sessions: how often their refresh token was replaced in all, and the ids of those that have ended. */
  readonly sessions: number
  readonly turns: number
  readonly ended: readonly string[]
  /** Events of the audit trail by action, `user.signed_in`, and entries of the journal by what they are about. */
  readonly audit: Readonly<Record<string, number>>
  readonly journal: { readonly subject: number; readonly sessions: readonly string[] }
}

/** What the database holds when all is quiet. */
export interface AtRest {
  readonly users: readonly Stored[]
  /** Transactions that somebody has left open. */
  readonly openTransactions: readonly string[]
  /** What has become different of accounts that nobody has touched since it was looked at before. */
  readonly altered: readonly string[]
}

/** How long an instance took to answer a sign-in and a protected request once PostgreSQL could be had again. */
export interface Recovery {
  readonly instance: InstanceNumber
  /** Who tried, and since when on the driver's clock. */
  readonly subject: string
  readonly from: number
  /** Null where it did not within the time it was watched. */
  readonly milliseconds: number | null
}

/** An instance was told to end in order at that time, on the driver's clock. */
export interface Drain {
  readonly instance: InstanceNumber
  readonly at: number
  readonly exitCode: number | null
}

/** All that is known of a round. */
export interface Evidence {
  readonly operations: readonly Operation[]
  readonly atRest: AtRest
  readonly recoveries: readonly Recovery[]
  readonly drains: readonly Drain[]
  /** Instances that ended and were not told to. */
  readonly crashes: readonly string[]
}

export interface Bounds {
  /** How long after it was acknowledged a revocation may not be in force yet where it was not made. */
  readonly stalenessMilliseconds: number
  readonly recoveryMilliseconds: number
  readonly graceMilliseconds: number
}

/** What is promised. */
export const RULES = [
  'an acknowledged registration is not lost',
  'an acknowledged password is not lost',
  'an acknowledged role change is not lost',
  'an acknowledged revocation is not lost',
  'an acknowledged refresh token is not lost',
  'nothing revoked is accepted after the bound',
  'a good token is not refused',
  'a session that is over cannot be renewed',
  'a refresh token has one successor',
  'a refresh token is used once',
  'a bad credential is never accepted',
  'a password that was replaced is over',
  'a user has one password',
  'a disabled user does not come in',
  'every change has its event, and every event its change',
  'a change, its event and its entry are one',
  'no transaction is left open',
  'what was at rest stays as it was',
  'the service comes back in time, by itself',
  'no instance ends by itself',
  'what is in flight is answered before the end'
] as const
export type Rule = (typeof RULES)[number]

/** A promise that was not kept, and the part of the history that shows it. */
export interface Violation {
  readonly rule: Rule
  readonly what: string
  readonly shownBy: readonly Operation[]
}

/** The history of one account, and what the rules ask of it. */
export interface Account {
  readonly subject: string
  readonly operations: readonly Operation[]
}

export function accountsOf(operations: readonly Operation[]): readonly Account[] {
  const accounts = new Map<string, Operation[]>()
  for (const operation of operations) {
    const known = accounts.get(operation.subject)
    if (known === undefined) accounts.set(operation.subject, [operation])
    else known.push(operation)
  }
  return [...accounts].map(([subject, all]) => ({ subject, operations: all }))
}

/** Whether `operation` had been acknowledged before the other began. */
export const before = (operation: Operation, other: { readonly start: number }) => operation.end <= other.start
/** Whether it had an effect, or may have had. */
export const mayHold = ({ outcome }: Operation) => outcome !== 'refused'
/** Whether the service said no; a connection that nobody took is refused too, and says nothing. */
export const denied = ({ outcome, answer }: Operation) => outcome === 'refused' && answer.startsWith('4')
