import { setTimeout as sleep } from 'node:timers/promises'
import { PASSWORD } from '../support/app.ts'
import { call, type Instance } from '../support/instance.ts'

/** What may be answered while the database is away: everything as usual, or that it cannot be done now. */
const RIGHT = new Set([200, 204, 503])
const PAUSE_MILLISECONDS = 10

export interface Load {
  /** How often each status came, as text, and what should never have come. */
  end(): Promise<{ readonly answers: string; readonly wrong: readonly string[] }>
}

/** On each instance one person who signs in, reads, refreshes, signs out and is then refused, over and over. */
export function startLoad(instances: readonly Instance[], email: string): Load {
  const counts = new Map<number, number>()
  const wrong: string[] = []
  let ending = false

  async function ask(...[instance, method, path, body, token]: Parameters<typeof call>) {
    const reply = await call(instance, method, path, body, token)
    counts.set(reply.status, (counts.get(reply.status) ?? 0) + 1)
    if (!RIGHT.has(reply.status)) wrong.push(`${method} ${path}: ${reply.status} ${String(reply.body['code'])}`)
    return reply
  }

  async function person(instance: Instance): Promise<void> {
    while (!ending) {
      await sleep(PAUSE_MILLISECONDS)
      const credentials = { email, password: PASSWORD, delivery: 'body' }
      const { status, body } = await ask(instance, 'POST', '/api/v1/auth/login', credentials)
      if (status !== 200) continue
      await ask(instance, 'GET', '/api/v1/users/me', undefined, String(body['access_token']))
      const refreshed = await ask(instance, 'POST', '/api/v1/auth/refresh', { refresh_token: body['refresh_token'] })
      if (refreshed.status !== 200) continue
      const access = String(refreshed.body['access_token'])
      const { status: out } = await ask(instance, 'POST', '/api/v1/auth/logout', undefined, access)
      if (out !== 204) continue
      const { status: after } = await call(instance, 'GET', '/api/v1/users/me', undefined, access)
      if (after !== 401 && after !== 503) wrong.push(`a token is good after its logout was answered: ${after}`)
    }
  }

  const people = instances.map(person)
  return {
    async end() {
      ending = true
      await Promise.all(people)
      const answers = [...counts].toSorted(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`)
      return { answers: answers.join(', '), wrong }
    }
  }
}
