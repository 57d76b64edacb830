import type { Random } from '../support/random.ts'
import type { Acts, Person } from './acts.ts'
import { accountsOf, mayHold, type Account } from './evidence.ts'
import type { InstanceNumber, Operation, Tokens } from './history.ts'

/** Accounts that are asked about at the same time. */
const AT_ONCE = 8

/**
 * Asks the service, when all is quiet and whole again, for everything that the history says is there or is over: every
 * password that an account may have, every token that it was given. The answers go to the history and are judged as
 * all others are.
 */
export async function askAtRest(acts: Acts, random: Random, operations: readonly Operation[]): Promise<void> {
  const accounts = accountsOf(operations).filter((account) => account.operations.some(isRegistration))
  const work = async () => {
    for (let next = accounts.pop(); next !== undefined; next = accounts.pop()) await askAbout(acts, random, next)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

const isRegistration = (operation: Operation) => operation.kind === 'register' && mayHold(operation)

async function askAbout(acts: Acts, random: Random, { subject, operations }: Account): Promise<void> {
  const anywhere = (): InstanceNumber => random.pick([0, 1])
  const person: Person = { email: subject, id: null, password: '' }

  const given = operations.flatMap((by) => ('tokens' in by && by.tokens !== null ? [by.tokens] : []))
  const accesses = new Map(given.map((tokens): [string, Tokens] => [`${tokens.session} ${tokens.version}`, tokens]))
  for (const tokens of accesses.values()) {
    await Promise.all([acts.probe(0, person, tokens), acts.probe(1, person, tokens)])
  }

  const passwords = operations.flatMap((by) =>
    by.kind === 'register' ? [by.password] : by.kind === 'password' ? [by.to] : []
  )
  for (const password of new Set(passwords)) await acts.signIn(anywhere(), person, password)

  // The newest of each session; then one that a thief may hold.
  const newest = new Map(given.map((tokens) => [tokens.session, tokens]))
  for (const tokens of newest.values()) await acts.refresh(anywhere(), person, tokens)
}
