import { join, PASSWORD, type TestApp } from './app.ts'
import { newAdmin, newEmail } from './callers.ts'
import { CLIENTS, clientToken, makeClient, revoke, type TestClient } from './clients.ts'

const act = { actor: null, ip: null, requestId: null }
const LEDGER = 'https://ledger.example'

/** What gives a token, and whether that is good. */
export type Holder = readonly [good: boolean, make: () => Promise<string>]

/** Holders of access tokens, of every kind and in every state. `warden` may take back any token. */
export function holdersOf(app: TestApp, admin: string, warden: TestClient): Readonly<Record<string, Holder>> {
  const service = async () => {
    const client = await makeClient(app, admin, { permissions: ['users:read', 'a:b'], audiences: [LEDGER] })
    return { ...client, patch: (body: object) => app.send('PATCH', `${CLIENTS}/${client.id}`, { token: admin, body }) }
  }

  return {
    'a user': [true, async () => (await join(app, newEmail())).accessToken],
    'an administrator': [true, async () => (await newAdmin(app)).accessToken],
    'a service': [true, async () => clientToken(app, await service())],
    'a service that asked for little': [true, async () => clientToken(app, await service(), { scope: 'a:b' })],
    'a service that asked for another audience': [
      true,
      async () => clientToken(app, await service(), { resource: LEDGER })
    ],
    'a user who signed out': [
      false,
      async () => {
        const { accessToken } = await join(app, newEmail())
        await app.send('POST', '/api/v1/auth/logout', { token: accessToken })
        return accessToken
      }
    ],
    'a user who has other roles now': [
      false,
      async () => {
        const { id, accessToken } = await newAdmin(app)
        await app.app.userChanges.change(id, { roles: [] }, act)
        return accessToken
      }
    ],
    'a user who was disabled, and enabled again': [
      false,
      async () => {
        const { id, accessToken } = await newAdmin(app)
        for (const disabled of [true, false]) await app.app.userChanges.change(id, { disabled }, act)
        return accessToken
      }
    ],
    'a user who has another password': [
      false,
      async () => {
        const { accessToken } = await join(app, newEmail())
        const body = { current_password: PASSWORD, new_password: `${PASSWORD} again` }
        await app.send('POST', '/api/v1/auth/password', { token: accessToken, body })
        return accessToken
      }
    ],
    'a user who is gone': [
      false,
      async () => {
        const { id, accessToken } = await newAdmin(app)
        await app.send('DELETE', `/api/v1/users/${id}`, { token: admin })
        return accessToken
      }
    ],
    'a user whose token was taken back': [
      false,
      async () => {
        const { accessToken } = await join(app, newEmail())
        await revoke(app, warden, accessToken)
        return accessToken
      }
    ],
    'a service whose permission was taken': [
      false,
      async () => {
        const client = await service()
        const token = await clientToken(app, client)
        await client.patch({ permissions: [] })
        return token
      }
    ],
    'a service whose audience was taken': [
      false,
      async () => {
        const client = await service()
        const token = await clientToken(app, client, { resource: LEDGER })
        await client.patch({ audiences: [] })
        return token
      }
    ],
    'a service that was renamed': [
      true,
      async () => {
        const client = await service()
        const token = await clientToken(app, client)
        await client.patch({ name: 'other' })
        return token
      }
    ],
    'a service that was disabled, and enabled again': [
      false,
      async () => {
        const client = await service()
        const token = await clientToken(app, client)
        for (const disabled of [true, false]) await client.patch({ disabled })
        return token
      }
    ],
    'a service that is gone': [
      false,
      async () => {
        const client = await service()
        const token = await clientToken(app, client)
        await app.send('DELETE', `${CLIENTS}/${client.id}`, { token: admin })
        return token
      }
    ],
    'a service that took its token back': [
      false,
      async () => {
        const client = await service()
        const token = await clientToken(app, client)
        await revoke(app, client, token)
        return token
      }
    ]
  }
}
