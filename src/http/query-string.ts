/** A query as it was sent: a list where a name came more than once, null where the percent-encoding is not UTF-8. */
export type SentQuery = Record<string, SentValue | SentValue[]>
type SentValue = string | null

const NOTHING: SentQuery = Object.freeze(emptyQuery())

/**
 * Reads `a=1&b=2` (application/x-www-form-urlencoded, so that `+` is a space). Never throws, since the router would take the
 * process with it: what is malformed is marked, and refused by the routes that describe a query.
 */
export function parseQuery(text: string): SentQuery {
  if (text === '') return NOTHING
  const query = emptyQuery()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const sentName = equals < 0 ? pair : pair.slice(0, equals)
    // One that cannot be decoded is kept as it was sent: no route describes it. The name alone, since answers repeat it.
    const name = decode(sentName) ?? sentName
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1))
    const before = query[name]
    if (before === undefined) query[name] = value
    else if (Array.isArray(before)) before.push(value)
    else query[name] = [before, value]
  }
  return query
}

/** Without a prototype, so that `?__proto__=` and `?constructor=` are parameters like any other. */
function emptyQuery(): SentQuery {
  const query: SentQuery = {}
  Object.setPrototypeOf(query, null)
  return query
}

function decode(text: string): SentValue {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}
