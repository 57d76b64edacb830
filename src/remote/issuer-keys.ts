import { keysOfSet, type KeySet } from '../domain/jwk-set.ts'
import type { JwsAlgorithm } from '../domain/jwk.ts'
import { isLoopbackHost } from '../domain/loopback.ts'
import type { Reach } from './addresses.ts'
import { FetchFailed, fetchJson } from './fetch-json.ts'

/** How long it is believed where an issuer's keys are; they are looked for anew as soon as they are not there. */
const BELIEVED_MILLISECONDS = 60 * 60_000

/**
 * Fetches the keys of an issuer each time that it is called: where they are, as the issuer's metadata says, and then the set.
 *
 * @param issuer an https URL, or an http one on a loopback address
 */
export function issuerKeys(
  issuer: string,
  algorithms: readonly JwsAlgorithm[],
  monotonic: () => number = () => performance.now()
): (signal: AbortSignal) => Promise<KeySet> {
  let place: { readonly url: URL; readonly reach: Reach; readonly foundAt: number } | null = null
  return async (signal) => {
    try {
      if (place === null || monotonic() - place.foundAt > BELIEVED_MILLISECONDS) {
        place = { ...(await findKeys(issuer, signal)), foundAt: monotonic() }
      }
      return keysOfSet(await fetchJson({ ...place, signal }), algorithms)
    } catch (error) {
      place = null
      throw error
    }
  }
}

/** OpenID Connect Discovery section 4, then RFC 8414 section 3 where the first is not there. */
async function findKeys(issuer: string, signal: AbortSignal): Promise<{ readonly url: URL; readonly reach: Reach }> {
  const own = new URL(issuer)
  const reach = own.protocol === 'https:' ? 'named' : 'loopback'
  const path = own.pathname.replace(/\/$/, '')
  const openid = new URL(`${own.origin}${path}/.well-known/openid-configuration`)
  const oauth = new URL(`${own.origin}/.well-known/oauth-authorization-server${path}`)
  const document = await fetchJson({ url: openid, reach, signal }).catch((error: unknown) => {
    if (!(error instanceof FetchFailed) || error.status === null || Math.floor(error.status / 100) !== 4) throw error
    return fetchJson({ url: oauth, reach, signal })
  })
  return placeOfKeys(own, issuer, document)
}

function placeOfKeys(own: URL, issuer: string, document: unknown): { readonly url: URL; readonly reach: Reach } {
  const members: ReadonlyMap<string, unknown> = new Map(
    typeof document === 'object' && document !== null ? Object.entries(document) : []
  )
  // Identical, to the last slash: else one issuer could speak for another that it names (RFC 8414 section 3.3).
  if (members.get('issuer') !== issuer) throw new FetchFailed(own, 'has metadata of another issuer')
  const text = members.get('jwks_uri')
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : own
  const reach = typeof text === 'string' && url !== own ? reachOf(own, url) : null
  if (reach === null) throw new FetchFailed(own, 'says no jwks_uri that is fetched from')
  return { url, reach }
}

/** How far a place may be that the issuer's document names; null for not at all. */
function reachOf(own: URL, url: URL): Reach | null {
  if (url.username !== '' || url.password !== '') return null
  if (isLoopbackHost(own.hostname) && isLoopbackHost(url.hostname))
    return /^https?:$/.test(url.protocol) ? 'loopback' : null
  if (url.protocol !== 'https:') return null
  return url.hostname === own.hostname ? 'named' : 'public'
}
