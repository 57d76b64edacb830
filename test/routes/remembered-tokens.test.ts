import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { LEEWAY_SECONDS } from '../../src/domain/access-token.ts'
import { join, PASSWORD, signIn, signInAdmin, startApp, type Person, type TestApp } from '../support/app.ts'
import { claimsOf, headerOf, knock, outcome } from '../support/reading.ts'

/** A verified token is remembered, and must be refused all the same on the very next request after something was done about it. */
async function known(app: TestApp, person: Person): Promise<string> {
  const { accessToken } = person
  for (let times = 0; times < 3; times += 1) {
    if ((await knock(app, accessToken)) !== '200') throw new Error('The token is not good.')
  }
  return accessToken
}

const app = await startApp(t)
const root = await signInAdmin(app)
let people = 0
const somebody = () => join(app, `somebody${++people}@example.com`)
const asAdmin = (method: 'PATCH' | 'DELETE' | 'POST', url: string, body?: object) =>
  app.send(method, url, { token: root.accessToken, ...(body !== undefined && { body }) })

for (const [what, done, answer] of [
  [
    'after signing out',
    (person: Person) => app.send('POST', '/api/v1/auth/logout', { token: person.accessToken }),
    '401 token_revoked'
  ],
  [
    'after signing out everywhere',
    (person: Person) => app.send('POST', '/api/v1/auth/logout-all', { token: person.accessToken }),
    '401 token_revoked'
  ],
  [
    'after a change of roles',
    (person: Person) => asAdmin('PATCH', `/api/v1/users/${person.id}`, { roles: ['admin'] }),
    '401 token_stale'
  ],
  [
    'after the account was disabled',
    (person: Person) => asAdmin('PATCH', `/api/v1/users/${person.id}`, { disabled: true }),
    '401 token_revoked'
  ],
  [
    'after the account was deleted',
    (person: Person) => asAdmin('DELETE', `/api/v1/users/${person.id}`),
    '401 token_revoked'
  ]
] as const) {
  t.test(`a remembered token is refused ${what}`, async (t) => {
    const person = await somebody()
    const token = await known(app, person)
    const other = await known(app, await somebody())
    t.match(outcome(await done(person)), /^20\d/)
    t.equal(await knock(app, token), answer)
    t.equal(await knock(app, token), answer, 'and is not remembered as anything else')
    t.equal(await knock(app, other), '200', 'while others go on')
  })
}

t.test('a remembered token is refused after a change of the password elsewhere', async (t) => {
  const person = await somebody()
  const token = await known(app, person)
  const { accessToken } = await signIn(app, person.email)
  const body = { current_password: PASSWORD, new_password: 'yet another quite long one' }
  t.match(outcome(await app.send('POST', '/api/v1/auth/password', { token: accessToken, body })), /^20\d/)
  t.equal(await knock(app, token), '401 token_revoked')
})

t.test('a remembered token is refused once it has expired', async (t) => {
  const brief = await startApp(t, { ACCESS_TOKEN_TTL: '1s' })
  const token = await known(brief, await join(brief, 'brief@example.com'))
  await sleep(Math.max(0, (Number(claimsOf(token)['exp']) + LEEWAY_SECONDS) * 1000 - Date.now() + 50))
  t.equal(await knock(brief, token), '401 token_expired')
})

t.test('remembered tokens are refused after their key was revoked, those of the next key are not', async (t) => {
  const token = await known(app, await somebody())
  const mine = root.accessToken
  t.equal(outcome(await asAdmin('POST', `/api/v1/keys/${String(headerOf(token)['kid'])}/revoke`)), '204')
  t.strictSame([await knock(app, token), await knock(app, mine)], ['401 token_revoked', '401 token_revoked'])
  t.equal(await knock(app, (await somebody()).accessToken), '200')
})

t.test('what is remembered is one text: the same token with anything changed is not', async (t) => {
  const { accessToken: token } = await somebody()
  await knock(app, token)
  const [head = '', body = '', signature = ''] = token.split('.')
  const claims = { ...claimsOf(token), roles: ['admin'], scope: 'users:read users:write' }
  const forged = Buffer.from(JSON.stringify(claims)).toString('base64url')
  for (const changed of [
    `${head}.${forged}.${signature}`,
    `${token}=`,
    ` ${token}`,
    `${head}.${body}.${'A'.repeat(86)}`
  ]) {
    t.equal(await knock(app, changed), '401 invalid_token')
  }
  t.equal(await knock(app, token), '200')
})
