import postgres from 'postgres'
import t from 'tap'
import { openKeeper } from '../../src/db/key-keeper.ts'
import { createKeyRepository } from '../../src/db/keys.ts'
import { openDatabase } from '../../src/db/open.ts'
import { stateOfKey } from '../../src/domain/key-life.ts'
import { ROOT_SECRET } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { holdBack } from '../support/hold-back.ts'

t.setTimeout(300_000)
const ROUNDS = 50
const MONTH = 2_592_000
const act = { actor: null, ip: null, requestId: null }

// What each of several instances does to the keys, over one database.
const url = await freshDatabase(t, { engine: 'postgres' })
const sql = postgres(url, { max: 1 })
t.teardown(() => sql.end())
const holder = holdBack(t, url, 'keys')
const instances = await Promise.all(
  [1, 2, 3, 4].map(async () => {
    const database = await openDatabase({ url, poolSize: 2, timeoutMilliseconds: 30_000 })
    t.teardown(() => database.close())
    const repository = createKeyRepository(database, () => undefined)
    const secrets = { rootSecrets: [ROOT_SECRET], rootSecretFile: null }
    const { keeper } = await openKeeper(repository, secrets, { algorithm: 'ES256', intervalSeconds: MONTH })
    return { keeper, repository }
  })
)
const stored = async () =>
  (await instances[0]?.repository.read())?.keys.filter(({ purpose }) => purpose === 'sign') ?? []

/** What there is of each state and algorithm, but earlier and revoked keys; those come and go. */
async function standing() {
  return (await stored())
    .map((key) => `${stateOfKey(key)} ${key.algorithm}`)
    .filter((text) => /^(current|next)/.test(text))
    .sort()
    .join()
}
const ONE_OF_EACH = 'current ES256,next ES256,next EdDSA'

const eventsOf = async (action: string) => {
  const [row] = await sql<{ n: number }[]>`select count(*)::int as n from audit_events where action = ${action}`
  return row?.n ?? Number.NaN
}

t.test('instances that find keys missing at the same instant make one of each', async (t) => {
  const outcomes = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    await sql`delete from keys`
    await holder.letGoAtOnce('table', instances.length, () =>
      Promise.all(instances.map(({ keeper }) => keeper.upkeep(true)))
    )
    const [row] = await sql<{ n: number }[]>`select count(*)::int as n from keys`
    outcomes.add(`${await standing()} of ${row?.n}`)
  }
  t.strictSame([...outcomes], [`${ONE_OF_EACH} of 5`], `in ${ROUNDS} rounds`)
})

t.test('a rotation that all instances find due at the same instant happens once', async (t) => {
  const outcomes = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const before = await eventsOf('key.rotated')
    await sql`
      update keys set published_at = published_at - interval '31 days', signs_from = signs_from - interval '31 days'
      where purpose = 'sign'`
    await holder.letGoAtOnce('rows', instances.length, () =>
      Promise.all(instances.map(({ keeper }) => keeper.upkeep(false)))
    )
    outcomes.add(`${(await eventsOf('key.rotated')) - before} rotation, ${await standing()}`)
  }
  t.strictSame([...outcomes], [`1 rotation, ${ONE_OF_EACH}`], `in ${ROUNDS} rounds`)
})

t.test('rotations that are asked for at the same instant are made one after the other', async (t) => {
  const outcomes = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const before = await eventsOf('key.rotated')
    const made = await holder.letGoAtOnce('rows', instances.length, () =>
      Promise.all(instances.map(({ keeper }) => keeper.rotate(act)))
    )
    const turns = (await eventsOf('key.rotated')) - before
    outcomes.add(`${new Set(made.map(({ kid }) => kid)).size} keys, ${turns} rotations, ${await standing()}`)
  }
  t.strictSame([...outcomes], [`4 keys, 4 rotations, ${ONE_OF_EACH}`], `in ${ROUNDS} rounds`)
})

t.test('a key that is revoked while it is rotated, and revoked twice, signs no more, and one key does', async (t) => {
  const outcomes = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const before = await eventsOf('key.revoked')
    const kid = (await stored()).find((key) => stateOfKey(key) === 'current')?.kid ?? ''
    await holder.letGoAtOnce('rows', instances.length, () =>
      Promise.all(instances.map(({ keeper }, i) => (i % 2 === 0 ? keeper.revoke(kid, act) : keeper.rotate(act))))
    )
    const [row] = await sql<{ revoked: boolean; entries: number }[]>`
      select revoked_at is not null as revoked,
        (select count(*)::int from revocations where kind = 'key' and id = ${kid}) as entries
      from keys where kid = ${kid}`
    const events = (await eventsOf('key.revoked')) - before
    outcomes.add(`revoked ${row?.revoked}, ${row?.entries} entry, ${events} event, ${await standing()}`)
  }
  t.strictSame([...outcomes], [`revoked true, 1 entry, 1 event, ${ONE_OF_EACH}`], `in ${ROUNDS} rounds`)
})
