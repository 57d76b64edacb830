import { sql } from 'drizzle-orm'
import t from 'tap'
import { stateOfKey } from '../../src/domain/key-life.ts'
import type { StoredKey } from '../../src/domain/keys.ts'
import { join, OTHER_PASSWORD, PASSWORD, startApp, type Person, type Sent, type TestApp } from '../support/app.ts'
import { adminToken, CALLERS, newEmail, visitorOf, type CallerName, type Visitor } from '../support/callers.ts'
import { inject } from '../support/inject.ts'
import { makeIssuerKey, startIssuer, tokenOf } from '../support/issuer.ts'

t.setTimeout(240_000)
const key = makeIssuerKey('one')
const issuer = await startIssuer(t, key)
const app = await startApp(t, {
  RATE_LIMIT: 'off',
  ARGON2_QUEUE: '1000',
  OIDC_ISSUERS: JSON.stringify([{ ...issuer.entry, role_claim: 'groups', role_map: { root: 'admin' } }])
})
const preparing = await adminToken(app)

/** A request that is right but for who sends it. `person` is the one who sends it, where that is somebody. */
type Prepare = (
  app: TestApp,
  person: Person | null
) => Promise<{ url: string; sent?: Sent }> | { url: string; sent?: Sent }

const at =
  (url: string, body?: unknown): Prepare =>
  () => ({ url, ...(body !== undefined && { sent: { body } }) })
/** About another user, who is made for it. */
const about =
  (path: string, body?: unknown): Prepare =>
  async (app) => {
    const { id } = await join(app, newEmail())
    return { url: `/api/v1/users/${id}${path}`, ...(body !== undefined && { sent: { body } }) }
  }

interface Made {
  readonly id: string
  readonly authorization: string
}
/** A client of everything, with its credentials, which no caller of the matrix brings along. */
async function newClient(app: TestApp): Promise<Made> {
  const permissions = ['tokens:introspect', 'tokens:revoke', 'users:read']
  const made = await app.send('POST', CLIENTS, { token: preparing, body: { name: 'matrix', permissions } })
  const { client_id: id, client_secret: secret } = made.json<{ client_id: string; client_secret: string }>()
  return { id, authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}
const aboutClient =
  (path: string, body?: unknown): Prepare =>
  async (app) => ({
    url: `${CLIENTS}/${(await newClient(app)).id}${path}`,
    ...(body !== undefined && { sent: { body } })
  })
/** What counts is the client's own authentication, in the place of whatever token the caller has. */
const asClient =
  (url: string, form: Readonly<Record<string, string>>): Prepare =>
  async (app) => ({ url, sent: { form, headers: { authorization: (await newClient(app)).authorization } } })

// The columns are those of CALLERS: nobody, garbage, expired, revoked, stale, disabled, user, admin, service with the
// permission, service without it.
const ALL_200 = [200, 200, 200, 200, 200, 200, 200, 200, 200, 200]
const ALL_201 = [201, 201, 201, 201, 201, 201, 201, 201, 201, 201]
const ALL_204 = [204, 204, 204, 204, 204, 204, 204, 204, 204, 204]
const AUTH = '/api/v1/auth'
const isNext = (key: StoredKey) => stateOfKey(key) === 'next'
const USERS = '/api/v1/users'
const CLIENTS = '/api/v1/clients'
/** For administrators only. */
const adminOnly = (status: number) => [401, 401, 401, 401, 401, 401, 403, status, 403, 403]

const MATRIX: Readonly<Record<string, readonly [readonly number[], Prepare]>> = {
  'GET /health': [ALL_200, at('/health')],
  'GET /health/ready': [ALL_200, at('/health/ready')],
  'GET /openapi.json': [ALL_200, at('/openapi.json')],
  'GET /.well-known/jwks.json': [ALL_200, at('/.well-known/jwks.json')],
  'GET /docs': [ALL_200, at('/docs')],
  'GET /docs/json': [ALL_200, at('/docs/json')],
  'GET /docs/yaml': [ALL_200, at('/docs/yaml')],
  'GET /docs/static/*': [ALL_200, at('/docs/static/swagger-ui.css')],

  'POST /api/v1/auth/register': [
    ALL_201,
    () => ({ url: `${AUTH}/register`, sent: { body: { email: newEmail(), password: PASSWORD } } })
  ],
  'POST /api/v1/auth/login': [
    ALL_200,
    async (app) => ({
      url: `${AUTH}/login`,
      sent: { body: { email: (await join(app, newEmail())).email, password: PASSWORD } }
    })
  ],
  'POST /api/v1/auth/refresh': [
    ALL_200,
    async (app) => ({
      url: `${AUTH}/refresh`,
      sent: { body: { refresh_token: (await join(app, newEmail())).refreshToken } }
    })
  ],
  'POST /api/v1/auth/logout': [ALL_204, at(`${AUTH}/logout`)],
  'POST /api/v1/auth/logout-all': [[401, 401, 401, 401, 401, 401, 204, 204, 403, 403], at(`${AUTH}/logout-all`)],
  'POST /api/v1/auth/password': [
    [401, 401, 401, 401, 401, 401, 200, 200, 403, 403],
    at(`${AUTH}/password`, { current_password: PASSWORD, new_password: OTHER_PASSWORD })
  ],
  'POST /api/v1/auth/password/reset': [
    ALL_204,
    async (app) => {
      const { url } = await about('/password-reset')(app, null)
      const { reset_token: token } = (await app.send('POST', url, { token: preparing })).json<{ reset_token: string }>()
      return { url: `${AUTH}/password/reset`, sent: { body: { token, new_password: OTHER_PASSWORD } } }
    }
  ],
  'GET /api/v1/auth/session': [[200, 401, 401, 401, 401, 401, 200, 200, 403, 403], at(`${AUTH}/session`)],

  'GET /api/v1/users/me': [[401, 401, 401, 401, 401, 401, 200, 200, 403, 403], at(`${USERS}/me`)],
  'PATCH /api/v1/users/me': [
    [401, 401, 401, 401, 401, 401, 200, 200, 403, 403],
    at(`${USERS}/me`, { display_name: 'Somebody' })
  ],
  'DELETE /api/v1/users/me': [
    [401, 401, 401, 401, 401, 401, 204, 204, 403, 403],
    at(`${USERS}/me`, { password: PASSWORD })
  ],

  'GET /api/v1/users': [[401, 401, 401, 401, 401, 401, 403, 200, 200, 403], at(USERS)],
  'GET /api/v1/users/:id': [[401, 401, 401, 401, 401, 401, 403, 200, 200, 403], about('')],
  'POST /api/v1/users': [
    [401, 401, 401, 401, 401, 401, 403, 201, 403, 403],
    () => ({ url: USERS, sent: { body: { email: newEmail() } } })
  ],
  'PATCH /api/v1/users/:id': [[401, 401, 401, 401, 401, 401, 403, 200, 403, 403], about('', { roles: ['admin'] })],
  'DELETE /api/v1/users/:id': [[401, 401, 401, 401, 401, 401, 403, 204, 403, 403], about('')],
  'POST /api/v1/users/:id/revoke': [[401, 401, 401, 401, 401, 401, 403, 204, 403, 403], about('/revoke')],
  'POST /api/v1/users/:id/password-reset': [
    [401, 401, 401, 401, 401, 401, 403, 200, 403, 403],
    about('/password-reset')
  ],

  'GET /api/v1/keys': [[401, 401, 401, 401, 401, 401, 403, 200, 403, 403], at('/api/v1/keys')],
  'POST /api/v1/keys/rotate': [[401, 401, 401, 401, 401, 401, 403, 201, 403, 403], at('/api/v1/keys/rotate')],
  'POST /api/v1/keys/:kid/revoke': [
    [401, 401, 401, 401, 401, 401, 403, 204, 403, 403],
    // The key that nobody here has a token of, so that no caller loses one.
    async (app) => ({ url: `/api/v1/keys/${(await app.app.keys.list()).find(isNext)?.kid}/revoke` })
  ],

  'GET /api/v1/audit': [[401, 401, 401, 401, 401, 401, 403, 200, 200, 403], at('/api/v1/audit')],

  'GET /api/v1/clients': [adminOnly(200), at(CLIENTS)],
  'POST /api/v1/clients': [adminOnly(201), at(CLIENTS, { name: 'made', permissions: ['some:thing'] })],
  'GET /api/v1/clients/:id': [adminOnly(200), aboutClient('')],
  'PATCH /api/v1/clients/:id': [adminOnly(200), aboutClient('', { permissions: [] })],
  'DELETE /api/v1/clients/:id': [adminOnly(204), aboutClient('')],
  'POST /api/v1/clients/:id/secrets': [adminOnly(201), aboutClient('/secrets')],
  'DELETE /api/v1/clients/:id/secrets/:secret_id': [
    adminOnly(204),
    async (app) => {
      const { id } = await newClient(app)
      const added = await app.send('POST', `${CLIENTS}/${id}/secrets`, { token: preparing })
      return { url: `${CLIENTS}/${id}/secrets/${added.json<{ id: string }>().id}` }
    }
  ],

  'GET /.well-known/oauth-authorization-server': [ALL_200, at('/.well-known/oauth-authorization-server')],
  'POST /oauth2/token': [ALL_200, asClient('/oauth2/token', { grant_type: 'client_credentials' })],
  'POST /oauth2/introspect': [ALL_200, asClient('/oauth2/introspect', { token: 'unknown' })],
  'POST /oauth2/revoke': [ALL_200, asClient('/oauth2/revoke', { token: 'unknown' })],
  'GET /oauth2/revocations': [[401, 401, 401, 401, 401, 401, 403, 200, 200, 403], at('/oauth2/revocations')]
}

/** About one's own record, which users of other issuers have not. */
const OWN_RECORD: ReadonlySet<string> = new Set([
  'POST /api/v1/auth/logout-all',
  'POST /api/v1/auth/password',
  'GET /api/v1/users/me',
  'PATCH /api/v1/users/me',
  'DELETE /api/v1/users/me'
])

/** Everybody: who it is, whose column says what to expect, and what comes with the request. */
interface Comer {
  readonly caller: string
  readonly column: CallerName
  readonly visit: () => Promise<Visitor> | Visitor
}
const external = (caller: string, column: CallerName, groups: readonly string[]): Comer => ({
  caller,
  column,
  visit: () => ({ token: tokenOf(issuer, key, { groups }), person: null })
})
const EVERYBODY: readonly Comer[] = [
  ...CALLERS.map((caller) => ({ caller, column: caller, visit: () => visitorOf(app, caller) })),
  // Whom another issuer vouches for may do what a user of ours may who has the same roles.
  external('user of another issuer', 'user', []),
  external('administrator by another issuer', 'admin', ['root'])
]

const invalid = (why: string) => `Bearer realm="latchkey", error="invalid_token", error_description="${why}"`
/** What a 401 is called and how it challenges (RFC 6750 section 3), by who was refused. */
const UNAUTHENTICATED: Readonly<Record<string, readonly [code: string, challenge: string]>> = {
  nobody: ['unauthenticated', 'Bearer realm="latchkey"'],
  garbage: ['invalid_token', invalid('The access token is not valid.')],
  expired: ['token_expired', invalid('The access token has expired.')],
  revoked: ['token_revoked', invalid('The access token has been revoked.')],
  stale: ['token_stale', invalid('The access token no longer says what its subject may do.')],
  disabled: ['token_revoked', invalid('The access token has been revoked.')]
}
/** Where a permission is asked for, which. A 403 for anything else challenges nobody. */
const SCOPES: Readonly<Record<string, string>> = {
  'GET /api/v1/audit': 'audit:read',
  'GET /api/v1/users': 'users:read',
  'GET /api/v1/users/:id': 'users:read',
  'GET /oauth2/revocations': 'revocations:read'
}
function refusalOf(route: string, caller: string): readonly [code: string, challenge: string | undefined] {
  const scope = SCOPES[route]
  const insufficient = `Bearer realm="latchkey", error="insufficient_scope", scope="${scope}"`
  const refusal = UNAUTHENTICATED[caller] ?? (['forbidden', scope === undefined ? undefined : insufficient] as const)
  // There, the form is that of RFC 6749 section 5.2, and the challenge the same.
  return route.includes(' /oauth2/') ? [OAUTH[refusal[0]] ?? 'invalid_token', refusal[1]] : refusal
}
const OAUTH: Readonly<Record<string, string>> = { forbidden: 'insufficient_scope' }

/** One change writes one event. */
async function eventsSoFar(): Promise<unknown> {
  const [row] = await app.app.database.run(sql`select count(*)::int as events from audit_events`)
  return row?.['events']
}

t.test('the matrix has every route, and no other', (t) => {
  const routes = app.app.accessTable.flatMap(({ method, url }) => method.split(', ').map((one) => `${one} ${url}`))
  t.strictSame(Object.keys(MATRIX).sort(), routes.filter((route) => !route.startsWith('HEAD ')).sort())
  t.end()
})

for (const [route, [expected, prepare]] of Object.entries(MATRIX)) {
  const method = route.split(' ')[0] as 'GET' | 'POST' | 'PATCH' | 'DELETE'
  t.test(`${route} answers each kind of caller as it should`, async (t) => {
    for (const { caller, column, visit } of EVERYBODY) {
      const { token, person } = await visit()
      const isRefused = caller !== column && OWN_RECORD.has(route)
      const { url, sent } = await prepare(app, person)
      const before = await eventsSoFar()
      const answer = await app.send(method, url, { ...sent, token })
      const status = isRefused ? 403 : expected[CALLERS.indexOf(column)]
      t.equal(answer.statusCode, status, `${caller}: ${answer.statusCode >= 400 ? answer.body : ''}`)
      if (answer.statusCode >= 400) {
        const refusal = refusalOf(route, caller)
        const { code, error } = answer.json<{ code?: string; error?: string }>()
        t.strictSame([code ?? error, answer.headers['www-authenticate']], refusal, caller)
        const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
        const unread = await inject(app.app, { method, url, headers, payload: '{' })
        t.equal(unread.statusCode, answer.statusCode, `${caller} is refused before the body is read`)
        t.equal(await eventsSoFar(), before, `nothing changes for ${caller}`)
      }
      if (method === 'GET') {
        const head = await app.send('HEAD', url, { token })
        t.strictSame([head.statusCode, head.body], [answer.statusCode, ''], `HEAD is as GET for ${caller}`)
      }
    }
  })
}
