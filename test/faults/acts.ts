import { tokensOf, type Answer, type Client, type Sent } from './client.ts'
import type { History, InstanceNumber, Tokens, What } from './history.ts'

/** An account, as its owner knows it. */
export interface Person {
  readonly email: string
  /** Null until an answer has told it. */
  id: string | null
  password: string
}

/**
 * A protected route. `own` is the caller's record, which takes PostgreSQL; `closed` is for those who may see all users,
 * and says to everybody else 403 and nothing more: who hears that has been let in with the token, PostgreSQL or not.
 */
export type Door = 'own' | 'closed'
const DOORS = { own: '/api/v1/users/me', closed: '/api/v1/users' } as const

/** What can be asked of an instance; each is written to the history with its answer, and none rejects. */
export interface Acts {
  register(on: InstanceNumber, person: Person): Promise<Answer>
  signIn(on: InstanceNumber, person: Person, password?: string): Promise<Tokens | null>
  refresh(on: InstanceNumber, person: Person, tokens: Tokens): Promise<Renewal>
  signOut(on: InstanceNumber, person: Person, tokens: Tokens): Promise<Answer>
  changePassword(on: InstanceNumber, person: Person, tokens: Tokens, to: string): Promise<Renewal>
  setRole(on: InstanceNumber, person: Person, role: string): Promise<Answer>
  revoke(on: InstanceNumber, person: Person): Promise<Answer>
  disable(on: InstanceNumber, person: Person): Promise<Answer>
  probe(on: InstanceNumber, person: Person, tokens: Tokens, door?: Door): Promise<Answer>
  wrongPassword(on: InstanceNumber, person: Person): Promise<Answer>
  badToken(on: InstanceNumber, token: string, what: string, door?: Door): Promise<Answer>
}

export interface Renewal {
  readonly answer: Answer
  readonly tokens: Tokens | null
}

export interface ActsOptions {
  readonly client: Client
  readonly history: History
  readonly portOf: (instance: InstanceNumber) => number
  /** Access token of an administrator. */
  readonly adminToken: string
  readonly atRest?: boolean
}

export function createActs({ client, history, portOf, adminToken, atRest = false }: ActsOptions): Acts {
  type Request = readonly [method: string, path: string, sent: Sent]

  async function ask(
    instance: InstanceNumber,
    subject: string,
    [method, path, sent]: Request,
    what: (tokens: Tokens | null) => What
  ): Promise<Renewal> {
    const start = performance.now()
    const answer = letIn(path, await client.send(portOf(instance), method, path, sent))
    const end = performance.now()
    const tokens = 'access_token' in answer.body ? tokensOf(answer) : null
    const { outcome, text } = answer
    history.append({ subject, instance, start, end, outcome, answer: text, atRest, ...what(tokens) })
    return { answer, tokens }
  }

  const change = async (on: InstanceNumber, { id, email }: Person, body: object, what: What) =>
    (await ask(on, email, ['PATCH', `/api/v1/users/${id ?? ''}`, { body, token: adminToken }], () => what)).answer

  const login = (email: string, password: string): Request => [
    'POST',
    '/api/v1/auth/login',
    { body: { email, password, delivery: 'body' } }
  ]

  return {
    async register(on, person) {
      const { email, password } = person
      const request: Request = ['POST', '/api/v1/auth/register', { body: { email, password } }]
      const { answer } = await ask(on, email, request, () => ({ kind: 'register', password }))
      learnId(person, answer)
      return answer
    },
    async signIn(on, person, password = person.password) {
      const request = login(person.email, password)
      const { answer, tokens } = await ask(on, person.email, request, (tokens) => ({
        kind: 'sign-in',
        password,
        tokens
      }))
      learnId(person, answer)
      return tokens
    },
    refresh(on, { email }, { refresh: presented, session }) {
      const request: Request = ['POST', '/api/v1/auth/refresh', { body: { refresh_token: presented } }]
      return ask(on, email, request, (tokens) => ({ kind: 'refresh', presented, session, tokens }))
    },
    async signOut(on, { email }, { access: token, session }) {
      const request: Request = ['POST', '/api/v1/auth/logout', { token }]
      return (await ask(on, email, request, () => ({ kind: 'sign-out', session }))).answer
    },
    changePassword(on, { email, password: from }, { access: token, session, version }, to) {
      const body = { current_password: from, new_password: to }
      const request: Request = ['POST', '/api/v1/auth/password', { body, token }]
      return ask(on, email, request, (tokens) => ({ kind: 'password', session, version, from, to, tokens }))
    },
    setRole: (on, person, role) => change(on, person, { roles: [role] }, { kind: 'roles', role }),
    disable: (on, person) => change(on, person, { disabled: true }, { kind: 'disable' }),
    async revoke(on, { id, email }) {
      const request: Request = ['POST', `/api/v1/users/${id ?? ''}/revoke`, { token: adminToken }]
      return (await ask(on, email, request, () => ({ kind: 'revoke' }))).answer
    },
    async probe(on, { email }, { access: token, session, version }, door = 'own') {
      const request: Request = ['GET', DOORS[door], { token }]
      return (await ask(on, email, request, () => ({ kind: 'probe', session, version }))).answer
    },
    async wrongPassword(on, { email }) {
      const request = login(email, 'not the password of anybody')
      return (await ask(on, email, request, () => ({ kind: 'bad', credential: 'a wrong password' }))).answer
    },
    async badToken(on, token, what, door = 'own') {
      const request: Request = ['GET', DOORS[door], { token }]
      return (await ask(on, 'nobody', request, () => ({ kind: 'bad', credential: what }))).answer
    }
  }
}

const letIn = (path: string, answer: Answer): Answer =>
  path === DOORS.closed && answer.status === 403 ? { ...answer, outcome: 'ok' } : answer

function learnId(person: Person, { outcome, body }: Answer): void {
  const user = body['user']
  if (outcome === 'ok' && typeof user === 'object' && user !== null && 'id' in user) person.id = String(user.id)
}
