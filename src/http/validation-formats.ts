/**
 * The formats that schemas may name. Those that are checked take exactly what goes on to work: the library's own take
 * `urn:uuid:…`, which PostgreSQL does not read as a UUID, and times that JavaScript does not read as one, such as 23:59:60.
 */
export const FORMATS = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  'date-time': isDateTime,
  // For the document alone.
  email: true,
  password: true,
  uri: true,
  'uri-reference': true
} as const

/** RFC 3339 section 5.6. */
const DATE_TIME =
  /^(\d{4}-(\d\d)-(\d\d))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i

function isDateTime(text: string): boolean {
  const [, date, month, day] = DATE_TIME.exec(text) ?? []
  if (date === undefined) return false
  // JavaScript rolls 30 February over to 1 March.
  const midnight = new Date(`${date}T00:00:00Z`)
  return midnight.getUTCMonth() + 1 === Number(month) && midnight.getUTCDate() === Number(day)
}
