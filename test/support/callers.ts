import { randomUUID } from 'node:crypto'
import { createSigner } from 'fast-jwt'
import { join, signIn, signInAdmin, type Person, type TestApp } from './app.ts'

/** Everybody who may come to a route, in the order of the columns of the access matrix. */
export const CALLERS = [
  'nobody',
  'garbage',
  'expired',
  'revoked',
  'stale',
  'disabled',
  'user',
  'admin',
  'service',
  'powerless'
] as const
export type CallerName = (typeof CALLERS)[number]

/** What comes with a request, and who it is where that is somebody with a record. */
export interface Visitor {
  readonly token: string | undefined
  readonly person: Person | null
}

const act = { actor: null, ip: null, requestId: null }
let made = 0
export const newEmail = (): string => `visitor${++made}@example.com`

/** A fresh user of that kind, so that no visit disturbs another. */
export async function newAdmin(app: TestApp): Promise<Person> {
  const { id, email } = await join(app, newEmail())
  await app.app.userChanges.change(id, { roles: ['admin'] }, act)
  return signIn(app, email)
}

/** Signs claims with the service's own key: what it would say, at another time or to another kind of caller. */
export function mint(app: TestApp, claims: Readonly<Record<string, unknown>>): string {
  const { kid, algorithm, privateKey } = app.app.keys.signing
  const sign = createSigner({ key: privateKey, algorithm, kid, header: { alg: algorithm, typ: 'at+jwt', kid } })
  return sign({ iss: 'http://localhost:3000', aud: 'latchkey-api', jti: randomUUID(), ver: 1, ...claims })
}

function serviceToken(app: TestApp, scope: string): string {
  const iat = Math.floor(Date.now() / 1000)
  const clientId = randomUUID()
  return mint(app, { sub: clientId, client_id: clientId, iat, exp: iat + 900, scope })
}

/** Whoever has lost a right had every right before: only what was lost keeps them out. */
export async function visitorOf(app: TestApp, caller: CallerName): Promise<Visitor> {
  switch (caller) {
    case 'nobody':
      return { token: undefined, person: null }
    case 'garbage':
      return { token: 'garbage.of.sorts', person: null }
    case 'expired': {
      const { id, email } = await newAdmin(app)
      const iat = Math.floor(Date.now() / 1000) - 1000
      const sid = randomUUID()
      const who = {
        sub: id,
        client_id: 'latchkey',
        sid,
        roles: ['admin'],
        email,
        scope: 'users:read audit:read revocations:read',
        ver: 2
      }
      return { token: mint(app, { ...who, iat, exp: iat + 900 }), person: null }
    }
    case 'revoked': {
      const person = await newAdmin(app)
      await app.send('POST', '/api/v1/auth/logout', { token: person.accessToken })
      return { token: person.accessToken, person: null }
    }
    case 'stale': {
      const person = await newAdmin(app)
      await app.app.userChanges.change(person.id, { roles: [] }, act)
      return { token: person.accessToken, person: null }
    }
    case 'disabled': {
      const person = await newAdmin(app)
      await app.app.userChanges.change(person.id, { disabled: true }, act)
      return { token: person.accessToken, person: null }
    }
    case 'user':
      return withToken(await join(app, newEmail()))
    case 'admin':
      return withToken(await newAdmin(app))
    case 'service':
      return { token: serviceToken(app, 'users:read audit:read revocations:read'), person: null }
    case 'powerless':
      return { token: serviceToken(app, 'metrics:read'), person: null }
  }
}

const withToken = (person: Person): Visitor => ({ token: person.accessToken, person })

/** A fresh administrator's token to prepare things with. */
export const adminToken = async (app: TestApp): Promise<string> => (await signInAdmin(app)).accessToken
