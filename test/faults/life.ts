import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import type { Acts, Person } from './acts.ts'
import type { InstanceNumber, Tokens } from './history.ts'

/** An access token that has been revoked, and whose it was. */
export interface Dead {
  readonly person: Person
  readonly tokens: Tokens
}

export interface Life {
  readonly acts: Acts
  readonly random: Random
  readonly isOver: () => boolean
  /** The instance that everything is asked of; null for one or the other. Who has one is not held up by the other. */
  readonly home: InstanceNumber | null
  /** What nobody waits for before going on. */
  readonly inBackground: (work: Promise<void>) => void
  /** Milliseconds after which nothing that was revoked may be accepted any more. */
  readonly bound: number
  /** Takes a token whose revocation has been acknowledged. */
  readonly bury: (dead: Dead) => void
}

export const ROLES = Array.from({ length: 12 }, (_, i) => `role-${i}`)
/** The longest that somebody waits between one thing and the next, in milliseconds. */
const LONGEST_PAUSE = 70
/** A lost answer to a refresh is asked for again: so often, so far apart in milliseconds. */
const REPEATS = 5
const REPEAT_AFTER = 150

const anywhere = ({ random, home }: Life): InstanceNumber => home ?? random.pick([0, 1])
const other = (instance: InstanceNumber): InstanceNumber => (instance === 0 ? 1 : 0)

/** One person: registers, signs in, does this and that, and comes to an end that revokes what is left, or to none. */
export async function live(life: Life, email: string): Promise<void> {
  const { acts, random, isOver } = life
  const person: Person = { email, id: null, password: `the first password of ${email}` }
  if ((await acts.register(anywhere(life), person)).outcome === 'refused') return
  let tokens = await acts.signIn(anywhere(life), person)
  const roles = random.shuffled(ROLES)
  for (let left = random.below(6); tokens !== null && left > 0 && !isOver(); left--) {
    await sleep(random.below(LONGEST_PAUSE))
    tokens = await doSomething(life, person, tokens, roles)
  }
  if (tokens !== null && !isOver()) await comeToAnEnd(life, person, tokens)
}

/** Gives the tokens that are good afterwards; null where that is not known. */
async function doSomething(life: Life, person: Person, tokens: Tokens, roles: string[]): Promise<Tokens | null> {
  const { acts, random } = life
  const on = anywhere(life)
  switch (random.below(7)) {
    case 0:
      await acts.wrongPassword(on, person)
      return tokens
    case 1:
      await acts.badToken(on, `${tokens.access.slice(0, -4)}AAAA`, 'a forged signature')
      return tokens
    case 2:
    case 3:
      return renew(life, person, tokens)
    case 4:
      return life.home === null ? renewTwice(life, person, tokens) : renew(life, person, tokens)
    case 5: {
      const role = roles.pop()
      if (role === undefined || (await acts.setRole(on, person, role)).outcome !== 'ok') return null
      life.inBackground(chase(life, other(on), { person, tokens }))
      return renew(life, person, tokens)
    }
    default:
      await acts.probe(on, person, tokens)
      return tokens
  }
}

/** A client whose answer was lost asks again with the same token, as it may within the grace window. */
async function renew(life: Life, person: Person, tokens: Tokens): Promise<Tokens | null> {
  for (let tries = 0; tries < REPEATS; tries++) {
    const renewal = await life.acts.refresh(anywhere(life), person, tokens)
    if (renewal.answer.outcome !== 'unknown') return renewal.tokens
    await sleep(REPEAT_AFTER)
  }
  return null
}

/** Two that share a session renew it at the same instant, on both instances. */
async function renewTwice({ acts }: Life, person: Person, tokens: Tokens): Promise<Tokens | null> {
  const renewals = await Promise.all([acts.refresh(0, person, tokens), acts.refresh(1, person, tokens)])
  return renewals.find((renewal) => renewal.tokens !== null)?.tokens ?? null
}

async function comeToAnEnd(life: Life, person: Person, tokens: Tokens): Promise<void> {
  const { acts, random } = life
  const on = anywhere(life)
  switch (random.below(6)) {
    case 0:
      if ((await acts.signOut(on, person, tokens)).outcome !== 'ok') return
      break
    case 1:
      if ((await acts.revoke(on, person)).outcome !== 'ok') return
      break
    case 2:
      if ((await acts.disable(on, person)).outcome !== 'ok') return
      break
    case 3: {
      const to = `the second password of ${person.email}`
      if ((await acts.changePassword(on, person, tokens, to)).answer.outcome !== 'ok') return
      break
    }
    case 4: {
      // Somebody who has copied a refresh token uses it after its owner has renewed it twice.
      const next = await renew(life, person, tokens)
      if (next === null || (await renew(life, person, next)) === null) return
      if ((await acts.refresh(on, person, tokens)).answer.status !== 401) return
      break
    }
    default:
      return
  }
  life.inBackground(chase(life, other(on), { person, tokens }))
}

/** Tries a token that was just revoked until it is refused: how long that takes is what is to be known. */
async function chase({ acts, bound, bury, isOver }: Life, on: InstanceNumber, dead: Dead): Promise<void> {
  bury(dead)
  const from = performance.now()
  while (!isOver() && performance.now() - from < bound * 1.2) {
    if ((await acts.probe(on, dead.person, dead.tokens, 'closed')).outcome !== 'ok') return
    await sleep(8)
  }
}
