import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { loadConfig, type Config } from '../../src/config.ts'
import type { LogDestination } from '../../src/http/logger.ts'
import { freshDatabase, type Test } from './database.ts'
import { inject } from './inject.ts'

export const PASSWORD = 'correct horse battery staple'
export const OTHER_PASSWORD = 'another quite long passphrase'
export const ADMIN_EMAIL = 'root@example.com'
export const ROOT_SECRET = 'a root secret for tests of more than 32 bytes'

/** Settings as the environment has them. */
export type Settings = Readonly<Record<string, string>>

/** Everything by default but the cost of a password hash, and silent. */
export const CHEAP: Settings = {
  LATCHKEY_SECRET: ROOT_SECRET,
  ISSUER: 'http://localhost:3000',
  ARGON2_MEMORY_KIB: '64',
  ARGON2_TIME_COST: '1',
  LOG_LEVEL: 'silent',
  BOOTSTRAP_ADMIN_EMAIL: ADMIN_EMAIL,
  BOOTSTRAP_ADMIN_PASSWORD: PASSWORD
}

export const testConfig = (databaseUrl: string, settings: Settings = {}): Config =>
  loadConfig({ ...CHEAP, DATABASE_URL: databaseUrl, ...settings })

export interface TestApp {
  readonly app: FastifyInstance
  readonly databaseUrl: string
  /** Sends a request; `body` as JSON, `token` as a bearer token. */
  send(method: Method, url: string, more?: Sent): Promise<LightMyRequestResponse>
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE' | 'PUT' | 'OPTIONS'

export interface Sent {
  readonly body?: unknown
  /** A body of application/x-www-form-urlencoded. */
  readonly form?: Readonly<Record<string, string>>
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: Readonly<Record<string, string>>
  readonly remoteAddress?: string
}

/** The whole service over a database of its own, of the engine that the run is about. */
export async function startApp(t: Test, settings: Settings = {}, logDestination?: LogDestination): Promise<TestApp> {
  return startAppOver(t, await freshDatabase(t), settings, logDestination)
}

/** Another instance over a database that is there already; two at once need PostgreSQL. */
export async function startAppOver(
  t: Test,
  databaseUrl: string,
  settings: Settings = {},
  logDestination?: LogDestination
): Promise<TestApp> {
  const app = await buildApp(testConfig(databaseUrl, settings), { ...(logDestination && { logDestination }) })
  t.teardown(() => app.close())
  return {
    app,
    databaseUrl,
    send(method, url, { body, form, token, headers, cookies, remoteAddress } = {}) {
      const options: InjectOptions = {
        method,
        url,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers
        },
        ...(cookies !== undefined && { cookies: { ...cookies } }),
        ...(remoteAddress !== undefined && { remoteAddress }),
        ...(body !== undefined && { payload: JSON.stringify(body) }),
        ...(form !== undefined && { payload: new URLSearchParams(form).toString() })
      }
      return inject(app, options)
    }
  }
}

/** What a sign-in with delivery `body` answers. */
export interface Person {
  readonly id: string
  readonly email: string
  readonly accessToken: string
  readonly refreshToken: string
}

/** Registers somebody and signs in. */
export async function join(app: TestApp, email: string, password = PASSWORD): Promise<Person> {
  const made = await app.send('POST', '/api/v1/auth/register', { body: { email, password } })
  if (made.statusCode !== 201) throw new Error(`register: ${made.statusCode} ${made.body}`)
  return signIn(app, email, password)
}

/** Signs in with delivery `body`. */
export async function signIn(app: TestApp, email: string, password = PASSWORD): Promise<Person> {
  const answer = await app.send('POST', '/api/v1/auth/login', { body: { email, password, delivery: 'body' } })
  if (answer.statusCode !== 200) throw new Error(`login: ${answer.statusCode} ${answer.body}`)
  const {
    user,
    access_token: accessToken,
    refresh_token: refreshToken
  } = answer.json<{
    user: { id: string; email: string }
    access_token: string
    refresh_token: string
  }>()
  return { id: user.id, email: user.email, accessToken, refreshToken }
}

/** The administrator that every test app has. */
export const signInAdmin = (app: TestApp): Promise<Person> => signIn(app, ADMIN_EMAIL)
