import { join, signIn, type Sent, type TestApp } from './app.ts'
import { newAdmin } from './callers.ts'
import { REFRESH, type Answer } from './reading.ts'
import { createSecrets, type Secrets } from './secrets.ts'
import { inject } from './inject.ts'

/** Secrets on their way through the service, and what they are looked for with. */
export interface Canary {
  /** What must not be in the log, in an answer that does not hand it out, in the audit trail or in a table. */
  readonly secrets: Secrets
  /** What has its place in tables and in answers about a person, and none in the log and in refusals. */
  readonly personal: Secrets
  /** An administrator's access token. */
  readonly token: string
  readonly email: string
  readonly password: string
  /** Sends the request. @throws Error where the answer holds a secret that it does not hand out. */
  readonly drive: (method: Method, url: string, sent?: Sent & { readonly raw?: string }) => Promise<Answer>
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

const AUTH = '/api/v1/auth'
const USERS = '/api/v1/users'
const PASSWORD = 'canary password of theirs'
const NEXT = 'canary password that follows'
const WRONG = 'canary password "wrong", ünd odd'
const WEAK = 'canary-weak'
const EMAIL = 'canary.person@example.com'
const NAME = 'Canary Personal Name'
const AGENT = 'canary-user-agent/1.0'

export async function createCanary(app: TestApp): Promise<Canary> {
  const secrets = createSecrets()
  const personal = createSecrets()
  for (const password of [PASSWORD, NEXT, WRONG, WEAK]) secrets.add(password)
  for (const text of [EMAIL, NAME, AGENT]) personal.add(text)
  const token = secrets.add((await newAdmin(app)).accessToken)

  function look(answer: Answer, what: string): void {
    // A redirect takes along the query that the same client sent.
    const { location, ...headers } = answer.headers
    const redirect = answer.statusCode >= 300 && answer.statusCode < 400
    let text = answer.body + JSON.stringify(redirect ? headers : { ...headers, location })
    for (const handedOut of handedOutBy(answer)) {
      if (secrets.has(handedOut)) throw new Error(`${what} hands out again what it did before`)
      text = text.replaceAll(handedOut, '')
      secrets.add(handedOut)
    }
    const found = [...secrets.foundIn(text), ...(answer.statusCode < 400 ? [] : personal.foundIn(text))]
    if (found.length > 0) throw new Error(`${what} is ${answer.statusCode} and holds ${found.join()}`)
  }

  return {
    secrets,
    personal,
    token,
    email: EMAIL,
    password: NEXT,
    async drive(method, url, { raw, ...sent } = {}) {
      const headers = {
        'user-agent': AGENT,
        ...(raw !== undefined && { 'content-type': 'application/json' }),
        ...sent.headers
      }
      const answer =
        raw === undefined
          ? await app.send(method, url, { ...sent, headers })
          : await inject(app.app, { method, url, headers, payload: raw })
      look(answer, `${method} ${url}`)
      return answer
    }
  }
}

/** Access, refresh and reset tokens and the secrets of clients, in bodies and cookies. */
function handedOutBy({ body, cookies, headers, statusCode }: Answer): string[] {
  const json = statusCode < 300 && String(headers['content-type']).startsWith('application/json')
  const members: [string, unknown][] = json ? Object.entries(JSON.parse(body) ?? {}) : []
  const tokens = members.flatMap(([name, value]) =>
    /_token$|^client_secret$/.test(name) && typeof value === 'string' ? [value] : []
  )
  return [...tokens, ...cookies.map(({ value }) => value).filter((value) => value !== '')]
}

const memberOf = (answer: Answer, name: string) => String(answer.json<Record<string, unknown>>()[name])
const refreshCookieOf = ({ cookies }: Answer) => ({
  cookies: { [REFRESH]: cookies.find(({ name }) => name === REFRESH)?.value ?? '' }
})

/** Secrets where they belong: right, wrong and weak ones, used once and once more, by people and administrators. */
export async function driveLives(app: TestApp, { drive, secrets, token }: Canary): Promise<void> {
  const credentials = { email: EMAIL, password: PASSWORD }
  await drive('POST', `${AUTH}/register`, { body: { ...credentials, password: WEAK } })
  await drive('POST', `${AUTH}/register`, { body: { ...credentials, display_name: NAME } })
  await drive('POST', `${AUTH}/register`, { body: credentials })
  await drive('POST', `${AUTH}/login`, { body: { email: EMAIL, password: WRONG } })
  // People type passwords where the address belongs.
  const typed = secrets.add('canary.typed.as.address@example.com')
  await drive('POST', `${AUTH}/login`, { body: { email: typed, password: WRONG } })
  await drive('POST', `${AUTH}/login`, { body: { email: PASSWORD, password: typed } })

  const byCookie = await drive('POST', `${AUTH}/login`, { body: credentials })
  const turned = await drive('POST', `${AUTH}/refresh`, refreshCookieOf(byCookie))
  await drive('POST', `${AUTH}/logout`, refreshCookieOf(turned))
  await drive('POST', `${AUTH}/refresh`, refreshCookieOf(turned))
  const signedIn = await drive('POST', `${AUTH}/login`, { body: { ...credentials, delivery: 'body' } })
  const first = { refresh_token: memberOf(signedIn, 'refresh_token') }
  const second = await drive('POST', `${AUTH}/refresh`, { body: first })
  const access = memberOf(second, 'access_token')
  await drive('GET', `${AUTH}/session`, { token: access })
  await drive('GET', `${USERS}/me`, { token: access })
  await drive('PATCH', `${USERS}/me`, { token: access, body: { display_name: `${NAME} II` } })
  await drive('POST', `${AUTH}/refresh`, { body: { refresh_token: memberOf(second, 'refresh_token') } })
  // Replaced twice by now: taken for a theft.
  await drive('POST', `${AUTH}/refresh`, { body: first })
  await drive('GET', `${USERS}/me`, { token: access })

  const again = secrets.add((await signIn(app, EMAIL, PASSWORD)).accessToken)
  const changes = [
    [WRONG, NEXT],
    [PASSWORD, WEAK],
    [PASSWORD, NEXT]
  ] as const
  for (const [current, next] of changes) {
    await drive('POST', `${AUTH}/password`, { token: again, body: { current_password: current, new_password: next } })
  }
  await drive('POST', `${AUTH}/logout-all`, { token: secrets.add((await signIn(app, EMAIL, NEXT)).accessToken) })

  const { id } = await join(app, 'somebody@example.com', PASSWORD)
  const reset = memberOf(await drive('POST', `${USERS}/${id}/password-reset`, { token }), 'reset_token')
  for (const next of [WEAK, NEXT, NEXT]) {
    await drive('POST', `${AUTH}/password/reset`, { body: { token: reset, new_password: next } })
  }
  await drive('POST', USERS, { token, body: { email: 'made@example.com', password: PASSWORD } })
  // Its reset token stays open.
  await drive('POST', USERS, { token, body: { email: 'invited@example.com', display_name: NAME } })
  await drive('GET', `${USERS}?q=canary`, { token })
  await drive('GET', `${USERS}/${id}`, { token })
  await drive('PATCH', `${USERS}/${id}`, { token, body: { display_name: NAME, roles: ['admin'], disabled: true } })
  await drive('POST', `${AUTH}/login`, { body: { email: 'somebody@example.com', password: NEXT } })
  await drive('POST', `${USERS}/${id}/revoke`, { token })
  await drive('DELETE', `${USERS}/${id}`, { token })
  await drive('POST', `${AUTH}/logout`, { token: secrets.add((await newAdmin(app)).accessToken) })
  const leaving = await join(app, 'leaving@example.com', PASSWORD)
  for (const password of [WRONG, PASSWORD]) {
    await drive('DELETE', `${USERS}/me`, { token: secrets.add(leaving.accessToken), body: { password } })
  }
}

/** A secret in places where none belongs, on every route. */
export async function driveStrays(app: TestApp, { drive, secrets, token }: Canary): Promise<void> {
  const stray = secrets.add('canary-in-a-stray-place')
  const bearer = { authorization: `Bearer ${token}` }
  const elsewhere = {
    'x-api-key': stray,
    cookie: `a=${stray}; ${REFRESH}=${stray}`,
    referer: `https://x/${stray}`,
    origin: stray
  }
  for (const { method: name, url: route } of app.app.accessTable) {
    const method = name as Method
    const url = route.replace(':id', '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01').replace('*', 'swagger-ui.css')
    const reading = method === 'GET' ? { token } : {}
    await drive(method, `${url}?access_token=${stray}&password=${stray}&%ff=${stray}`, reading)
    await drive(
      method,
      `${url}?limit=${stray}&since=${stray}&cursor=${stray}&disabled=${stray}&role=${stray}%20`,
      reading
    )
    await drive(method, url.replace(/[^/]*$/, stray), reading)
    await drive(method, `${url}/%ff${stray}`, reading)
    await drive(method, url, { headers: { authorization: `Basic ${Buffer.from(`a:${stray}`).toString('base64')}` } })
    await drive(method, url, { headers: { authorization: `Bearer ${stray}`, ...elsewhere } })
    await drive(method, url, { headers: { authorization: `${bearer.authorization}${stray}` } })
    await drive(method, url, { headers: { ...bearer, 'content-type': stray }, raw: stray })
    for (const raw of [
      `{"password":"${stray}`,
      `{"email":"${stray}","password":["${stray}"],"unknown":{"a":"${stray}"}}`,
      `{"a":"${stray}","a":"${stray}"}`,
      `{"email":"\\ud800${stray}","password":"${stray}\\u0000"}`,
      `"${stray}"`
    ]) {
      await drive(method, url, { headers: bearer, raw })
    }
  }
}
