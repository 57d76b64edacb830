import { sql, type SQL } from 'drizzle-orm'
import type { Bucket } from '../domain/throttle.ts'

/**
 * Parts of statements that count attempts. An attempt is entered before its password is looked at and settled after, so
 * that a hundred at once are no better than a hundred in a row. Rows are locked in the order of their keys.
 */

/** Selects the buckets as rows (key, most_failures, most_at_once, window_seconds). */
export function bucketRows(buckets: readonly Bucket[]): SQL {
  return sql`select * from json_to_recordset(${JSON.stringify(
    buckets.map(({ key, mostFailures, mostAtOnce, windowSeconds }) => ({
      key,
      most_failures: mostFailures,
      most_at_once: mostAtOnce,
      window_seconds: windowSeconds
    }))
  )}::json) as b(key text, most_failures int, most_at_once int, window_seconds int)`
}

/** Enters an attempt into each bucket of the part named `buckets`. */
export const ENTER = sql`
  insert into throttles as t (key, pending, failures, expires_at)
  select key, 1, 0, clock_timestamp() + window_seconds * interval '1 second' from buckets order by key
  on conflict (key) do update set
    pending = case when t.expires_at <= clock_timestamp() then 1 else t.pending + 1 end,
    failures = case when t.expires_at <= clock_timestamp() then 0 else t.failures end,
    expires_at = case when t.expires_at <= clock_timestamp() then excluded.expires_at else t.expires_at end
  returning key, pending, failures, expires_at`

/** Seconds until the attempt that the part named `entered` recorded may be made again; null where it may be made now. */
export const WAIT = sql`(
  select ceil(max(greatest(1, extract(epoch from e.expires_at - clock_timestamp()))))::int
  from entered e join buckets b on b.key = e.key
  where e.failures >= b.most_failures or e.failures + e.pending > b.most_at_once) as wait`

const keysOf = (buckets: readonly Bucket[]) => JSON.stringify(buckets.map(({ key }) => key))
const lockedRows = (keys: string) => sql`
  select key from throttles where key in (select json_array_elements_text(${keys}::json)) order by key for update`

/** Settles a good attempt that was entered in `entered`, and ends the runs of failures in `others`, too. */
export function succeed(entered: readonly Bucket[], others: readonly Bucket[]): SQL {
  const ending = [...entered, ...others].filter((bucket) => bucket.endsWithSuccess)
  return sql`
    update throttles set
      pending = case when key in (select json_array_elements_text(${keysOf(entered)}::json)) then greatest(0, pending - 1) else pending end,
      failures = case when key in (select json_array_elements_text(${keysOf(ending)}::json)) then 0 else failures end
    where key in (${lockedRows(keysOf([...entered, ...others]))})`
}

/** Settles an attempt that failed. */
export function fail(entered: readonly Bucket[]): SQL {
  const sliding = JSON.stringify(
    entered.filter(({ slides }) => slides).map(({ key, windowSeconds }) => ({ key, seconds: windowSeconds }))
  )
  return sql`
    update throttles set
      pending = greatest(0, pending - 1),
      failures = failures + 1,
      expires_at = coalesce(
        (select clock_timestamp() + s.seconds * interval '1 second'
         from json_to_recordset(${sliding}::json) as s(key text, seconds int) where s.key = throttles.key),
        expires_at)
    where key in (${lockedRows(keysOf(entered))})`
}

/** Takes back an attempt that came to no verdict: refused, overloaded, disabled. */
export const release = (entered: readonly Bucket[]): SQL => sql`
  update throttles set pending = greatest(0, pending - 1) where key in (${lockedRows(keysOf(entered))})`
