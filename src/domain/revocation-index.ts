import { createEndedIds } from './ended-ids.ts'
import { PARTS } from './uuid-table.ts'

/** One entry of the journal of revocations, as it is stored, announced and held in memory. */
export interface Revocation {
  readonly kind: 'token' | 'session' | 'subject' | 'client' | 'key'
  /** `jti`, `sid`, id of the user, `client_id` or `kid`. */
  readonly id: string
  /** Subjects and clients: tokens whose `ver` is below are stale; a new token can be had at once. */
  readonly staleBelow: number | null
  /** Subjects and clients: tokens whose `ver` is below are over, and so are the sessions they came from. */
  readonly revokedBelow: number | null
  /** Milliseconds since the epoch until which a token that it concerns and the service made may be alive, leeway included. */
  readonly until: number
}

/** What of a verified token the index is asked about. */
export interface Revocable {
  readonly jti: string
  readonly sid: string | null
  readonly sub: string
  readonly clientId: string
  readonly ver: number
}

export interface RevocationIndex {
  /** Takes an entry in, and says whether anything is refused by it that was not before. Idempotent, in any order: floors and times only rise. */
  apply(entry: Revocation): boolean
  /** Whether the key is compromised: what it signed may be anybody's. */
  isKeyRevoked(kid: string): boolean
  /** What has become of the token, at worst, the key that signed it aside. Makes no garbage. */
  stateOf(token: Revocable): 'good' | 'stale' | 'revoked'
  /** Forgets entries that concern no living token at `now` (milliseconds). Keys stay. */
  prune(now: number): void
  /**
   * The next of PRUNE_STEPS equal shares of `prune`, in turn. At a million entries all of it takes some 40 ms, in which
   * nothing else is done, and a step about one.
   */
  pruneStep(now: number): void
  /**
   * The live entries, `until` in whole seconds. The index may change while they are taken: an entry that is there at the
   * beginning and is not dropped is given at least once, as it was then or is meanwhile; of what comes later some is given.
   */
  entries(): Iterable<Revocation>
  readonly size: number
}

/** Calls of `pruneStep` in which everything has had its turn. */
export const PRUNE_STEPS = PARTS

/**
 * The last second that 32 bits hold, in February 2106. It stands for any time from then on and never passes: to forget too
 * late costs some bytes, too early lets a revoked token in.
 */
const FOR_EVER = 2 ** 32 - 1

interface Floors {
  readonly staleBelow: number
  readonly revokedBelow: number
  readonly seconds: number
}

/**
 * The deny-list in memory. A flood of sign-outs fills tokens and sessions, so those are compact. Floors are one a user or
 * client, however often it happens, and only of those whose password, roles or standing changed within the last hour; keys
 * are a handful. A Map is right for them.
 */
export function createRevocationIndex(): RevocationIndex {
  const ended = { token: createEndedIds(), session: createEndedIds() }
  const floors = { subject: new Map<string, Floors>(), client: new Map<string, Floors>() }
  const keys = new Map<string, number>()
  let step = 0

  function prunePart(part: number, now: number) {
    const last = Math.min(now / 1000, FOR_EVER - 1)
    ended.token.drop(part, last)
    ended.session.drop(part, last)
    if (part > 0) return
    for (const map of [floors.subject, floors.client]) {
      for (const [id, { seconds }] of map) if (seconds <= last) map.delete(id)
    }
    // Who holds a compromised key gives what it signs any `exp`, so there is no time after which that is over.
  }

  return {
    apply({ kind, id, staleBelow, revokedBelow, until }) {
      const seconds = secondsOf(until)
      if (kind === 'subject' || kind === 'client') return raise(floors[kind], id, { staleBelow, revokedBelow, seconds })
      const isNew = kind === 'key' ? !keys.has(id) : !ended[kind].has(id)
      if (kind === 'key') keys.set(id, Math.max(keys.get(id) ?? 0, seconds))
      else ended[kind].raise(id, seconds)
      return isNew
    },
    isKeyRevoked: (kid) => keys.has(kid),
    stateOf({ jti, sid, sub, clientId, ver }) {
      if (ended.token.has(jti)) return 'revoked'
      if (sid !== null && ended.session.has(sid)) return 'revoked'
      const floor = sid === null ? floors.client.get(clientId) : floors.subject.get(sub)
      if (floor === undefined || ver >= Math.max(floor.staleBelow, floor.revokedBelow)) return 'good'
      return ver < floor.revokedBelow ? 'revoked' : 'stale'
    },
    prune(now) {
      for (let part = 0; part < PARTS; part += 1) prunePart(part, now)
    },
    pruneStep(now) {
      prunePart(step, now)
      step = (step + 1) % PARTS
    },
    *entries() {
      for (const [id, seconds] of keys) yield entryOf('key', id, seconds)
      for (const kind of ['subject', 'client'] as const) {
        for (const [id, floor] of floors[kind]) yield entryOf(kind, id, floor.seconds, floor)
      }
      for (const kind of ['session', 'token'] as const) {
        for (const [id, seconds] of ended[kind].entries()) yield entryOf(kind, id, seconds)
      }
    },
    get size() {
      return ended.token.size + ended.session.size + keys.size + floors.subject.size + floors.client.size
    }
  }
}

function raise(
  of: Map<string, Floors>,
  id: string,
  to: { readonly staleBelow: number | null; readonly revokedBelow: number | null; readonly seconds: number }
): boolean {
  const had = of.get(id) ?? { staleBelow: 0, revokedBelow: 0, seconds: 0 }
  const has = {
    staleBelow: Math.max(had.staleBelow, to.staleBelow ?? 0),
    revokedBelow: Math.max(had.revokedBelow, to.revokedBelow ?? 0),
    seconds: Math.max(had.seconds, to.seconds)
  }
  of.set(id, has)
  return has.staleBelow > had.staleBelow || has.revokedBelow > had.revokedBelow
}

/** Up, so that nothing is forgotten too early; and what is no time is never forgotten. */
function secondsOf(milliseconds: number): number {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000))
  return seconds < FOR_EVER ? seconds : FOR_EVER
}

function entryOf(kind: Revocation['kind'], id: string, seconds: number, floors?: Floors): Revocation {
  const { staleBelow = 0, revokedBelow = 0 } = floors ?? {}
  return {
    kind,
    id,
    staleBelow: floorOrNull(staleBelow),
    revokedBelow: floorOrNull(revokedBelow),
    until: seconds * 1000
  }
}

/** No version is below 0: that is no floor. */
const floorOrNull = (floor: number) => (floor === 0 ? null : floor)
