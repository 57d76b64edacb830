import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { SERVICE_PERMISSIONS } from '../../src/domain/permissions.ts'
import { claimsOf } from '../support/reading.ts'
import { openDocs } from './docs-page.ts'
import { ADMIN } from './service.ts'

const REGISTER = '/api/v1/auth/register'
const LOGIN = '/api/v1/auth/login'
const REFRESH = '/api/v1/auth/refresh'
const LOGOUT = '/api/v1/auth/logout'
const ME = '/api/v1/users/me'
const USERS = '/api/v1/users'

export interface Step {
  readonly name: string
  readonly run: () => Promise<void>
}

/** A newcomer's way through the documentation page, one promise a step. Pictures of the page go into `pictures`. */
export async function docsJourney(browser: Browser, origin: string, pictures: string): Promise<Step[]> {
  const docs = await openDocs(browser, origin)
  const { page } = docs
  let email = ''
  let password = ''
  let token = ''

  const pictureOf = async (method: string, path: string, name: string) =>
    (await docs.operation(method, path)).screenshot({ path: join(pictures, `${name}.png`) })
  const signIn = async () => {
    const { status, body } = await docs.execute('post', LOGIN)
    assert.equal(status, 200)
    token = textAt(body, 'access_token')
  }
  const seesOwnRecord = async () => {
    const { status, body, authorization } = await docs.execute('get', ME)
    assert.equal(status, 200)
    assert.equal(textAt(body, 'email'), email)
    assert.equal(authorization, `Bearer ${token}`)
  }
  const isNobody = async () => {
    const { status, authorization } = await docs.execute('get', ME)
    assert.deepEqual({ status, authorization }, { status: 401, authorization: null })
  }

  return [
    {
      name: 'the page opens under a policy that allows nothing inline, and has nothing inline',
      async run() {
        const policy = await docs.open()
        assert.match(policy, /default-src 'none'/)
        assert.doesNotMatch(policy, /unsafe/)
        await page.locator('.opblock').first().waitFor()
        assert.equal(await page.title(), 'Latchkey')
        assert.equal(await page.locator('script:not([src]), style').count(), 0)
        await page.screenshot({ path: join(pictures, '1-page.png'), fullPage: true })
      }
    },
    {
      name: 'the page shows every operation of /openapi.json',
      async run() {
        const document: unknown = await (await fetch(`${origin}/openapi.json`)).json()
        assert.ok(typeof document === 'object' && document !== null && 'paths' in document)
        const paths = Object.keys(document.paths ?? {})
        const shown = await page
          .locator('.opblock [data-path]')
          .evaluateAll((all) => all.map((one) => one.getAttribute('data-path')))
        assert.deepEqual([...new Set(shown)].sort(), paths.sort())
      }
    },
    {
      name: 'an account is made with the example as it stands',
      async run() {
        const example = await docs.prefilled('post', REGISTER)
        email = textAt(example, 'email')
        password = textAt(example, 'password')
        assert.equal((await docs.execute('post', REGISTER)).status, 201)
        await pictureOf('post', REGISTER, '2-registered')
      }
    },
    {
      name: 'before a sign-in the own record is refused',
      run: isNobody
    },
    {
      name: 'a sign-in with the example as it stands authorises the next call, without a token being copied',
      async run() {
        await signIn()
        await pictureOf('post', LOGIN, '3-signed-in')
        await seesOwnRecord()
        await pictureOf('get', ME, '4-own-record')
      }
    },
    {
      name: 'the page keeps the token nowhere but in its memory',
      async run() {
        const kept = await page.evaluate(
          'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])'
        )
        assert.equal(kept, '[{},{},""]')
      }
    },
    {
      name: 'a refresh with the example as it stands authorises the next call with the new token',
      async run() {
        const { status, body } = await docs.execute('post', REFRESH)
        assert.equal(status, 200)
        assert.notEqual(textAt(body, 'access_token'), token)
        token = textAt(body, 'access_token')
        await seesOwnRecord()
      }
    },
    {
      name: 'after a sign-out the next call is refused, and so is the old token wherever it is sent from',
      async run() {
        assert.equal((await docs.execute('post', LOGOUT)).status, 204)
        await isNobody()
        await pictureOf('post', LOGOUT, '5-signed-out')
        const elsewhere = await fetch(origin + ME, { headers: { authorization: `Bearer ${token}` } })
        assert.equal(elsewhere.status, 401)
        assert.equal(textAt(await elsewhere.json(), 'code'), 'token_revoked')
      }
    },
    {
      name: 'a token from elsewhere works when it is pasted into Authorize, until it is taken back there',
      async run() {
        const answer = await fetch(origin + LOGIN, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email, password, delivery: 'body' })
        })
        token = textAt(await answer.json(), 'access_token')
        await docs.authorise(token)
        await seesOwnRecord()
        await pictureOf('get', ME, '6-pasted-token')
        await docs.forget()
        await isNobody()
      }
    },
    {
      name: 'a pasted token is signed out like any other',
      async run() {
        await docs.authorise(token)
        assert.equal((await docs.execute('post', LOGOUT)).authorization, `Bearer ${token}`)
        await isNobody()
        assert.equal((await fetch(origin + ME, { headers: { authorization: `Bearer ${token}` } })).status, 401)
      }
    },
    {
      name: 'the page forgets the token when it is loaded anew',
      async run() {
        await signIn()
        await docs.open()
        await isNobody()
      }
    },
    {
      name: 'Authorize offers the permissions of the service, and says what each is for',
      async run() {
        assert.deepEqual(await docs.offeredScopes(), [...SERVICE_PERMISSIONS])
      }
    },
    {
      name: 'a service that is authorised with its client_id and secret calls with its own token, and no longer after that',
      async run() {
        const client = await newClient(origin, ['users:read', 'audit:read'])
        await docs.authoriseService(client, ['users:read'])
        const { status, authorization } = await docs.execute('get', USERS)
        assert.equal(status, 200)
        const claims = claimsOf(authorization?.slice('Bearer '.length) ?? '')
        assert.deepEqual([claims['client_id'], claims['scope']], [client.id, 'users:read'])
        await pictureOf('get', USERS, '7-as-a-service')
        await signIn()
        assert.equal((await docs.execute('get', ME)).authorization, `Bearer ${token}`, 'who signs in is who is calling')
        const refused = await docs.execute('get', USERS)
        assert.deepEqual([refused.status, refused.authorization], [403, `Bearer ${token}`])
        await docs.forget()
        await docs.authoriseService(client, ['users:read'])
        await docs.forgetService()
        const after = await docs.execute('get', USERS)
        assert.deepEqual([after.status, after.authorization], [401, null])
      }
    },
    {
      name: 'the browser had nothing to complain about: no policy violation, no error, no request to elsewhere',
      async run() {
        assert.deepEqual(docs.complaints, [])
      }
    }
  ]
}

function textAt(value: unknown, member: string): string {
  const found = typeof value === 'object' && value !== null ? Reflect.get(value, member) : undefined
  assert.equal(typeof found, 'string', `${member} is text`)
  return String(found)
}

/** A client, as an administrator registers it. */
async function newClient(origin: string, permissions: readonly string[]): Promise<{ id: string; secret: string }> {
  const post = async (path: string, body: object, token?: string): Promise<unknown> => {
    const headers = {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` })
    }
    return (await fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()
  }
  const admin = textAt(await post(LOGIN, ADMIN), 'access_token')
  const made = await post('/api/v1/clients', { name: 'console', permissions }, admin)
  return { id: textAt(made, 'client_id'), secret: textAt(made, 'client_secret') }
}
