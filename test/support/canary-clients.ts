import { assertionOf, byAssertion, makeAssertionKey } from './assertions.ts'
import type { Canary } from './canary.ts'
import { base64, CLIENTS, GRANT, type Fields } from './clients.ts'
import type { Answer } from './reading.ts'

const [TOKEN, INTROSPECT, REVOKE] = ['/oauth2/token', '/oauth2/introspect', '/oauth2/revoke']
const memberOf = (answer: Answer, name: string) => String(answer.json<Record<string, unknown>>()[name])

/** Secrets, assertions and tokens of services: right and wrong ones, used once and once more, and in places where none belongs. */
export async function driveClients({ drive, secrets, token }: Canary): Promise<Fields> {
  const key = makeAssertionKey('EdDSA')
  const permissions = ['users:read', 'tokens:introspect', 'tokens:revoke']
  const made = await drive('POST', CLIENTS, { token, body: { name: 'canary', permissions, public_jwk: key.publicJwk } })
  const [id, secret] = [memberOf(made, 'client_id'), memberOf(made, 'client_secret')]
  const added = await drive('POST', `${CLIENTS}/${id}/secrets`, { token })
  await drive('POST', `${CLIENTS}/${id}/secrets`, { token })
  await drive('GET', CLIENTS, { token })
  await drive('PATCH', `${CLIENTS}/${id}`, { token, body: { name: 'canary II' } })
  const { privateKey } = makeAssertionKey('ES256')
  const d = secrets.add(String(privateKey.export({ format: 'jwk' }).d))
  await drive('PATCH', `${CLIENTS}/${id}`, {
    token,
    body: { public_jwk: { ...privateKey.export({ format: 'jwk' }), d } }
  })

  const wrong = secrets.add('lks_canary-wrong-secret-of-a-client')
  const basic = (secret: string, who = id) => ({ authorization: `Basic ${base64(`${who}:${secret}`)}` })
  const assertion = (by = key) => secrets.add(assertionOf(by, id))
  const forged = assertion(makeAssertionKey('EdDSA'))
  const post = { client_id: id, client_secret: secret }
  const first = await drive('POST', TOKEN, { form: GRANT, headers: basic(secret) })
  const second = await drive('POST', TOKEN, {
    form: { ...GRANT, client_id: id, client_secret: memberOf(added, 'client_secret') }
  })
  const once = assertion()
  const tokens: string[] = [memberOf(first, 'access_token'), memberOf(second, 'access_token')]
  const requests: readonly Fields[] = [
    { ...GRANT, ...byAssertion(once) },
    { ...GRANT, ...byAssertion(once) },
    { ...GRANT, ...byAssertion(forged) },
    { ...GRANT, ...byAssertion(`${assertion()}x`) },
    { ...GRANT, ...byAssertion(secret) },
    { ...GRANT, client_assertion: assertion(), client_assertion_type: secret },
    { ...GRANT, ...post, ...byAssertion(assertion()) },
    { ...GRANT, ...post, client_secret: wrong },
    { ...GRANT, client_id: secret, client_secret: wrong },
    { ...GRANT, ...post, scope: secret },
    { ...GRANT, ...post, resource: secret },
    { ...post, grant_type: secret },
    { ...GRANT, ...post, [secret]: secret },
    { ...post, [secret]: secret },
    { ...GRANT, ...post, scope: `${secret}\0` }
  ]
  for (const form of requests) await drive('POST', TOKEN, { form })
  for (const [who, text] of [
    [id, wrong],
    [secret, wrong],
    [`${secret}%zz`, secret]
  ] as const) {
    await drive('POST', TOKEN, { form: GRANT, headers: basic(text, who) })
  }
  await drive('POST', TOKEN, { form: { ...GRANT, client_id: wrong }, headers: basic(secret) })
  await drive('POST', TOKEN, { form: { ...GRANT, ...post }, headers: basic(secret) })
  await drive('POST', TOKEN, { headers: { authorization: `Basic ${secret}` }, form: GRANT })
  await drive('POST', `${TOKEN}?client_secret=${secret}&client_assertion=${assertion()}`, { form: GRANT })
  const formType = { 'content-type': 'application/x-www-form-urlencoded' }
  for (const raw of [
    `client_secret=${secret}&client_secret=${wrong}`,
    `unknown=${secret}&unknown=${secret}`,
    `client_secret=${secret}%zz`,
    `client_secret=${secret}%ff`
  ]) {
    await drive('POST', TOKEN, { headers: formType, raw })
  }
  await drive('POST', TOKEN, { raw: JSON.stringify({ ...GRANT, ...post }), headers: {} })

  for (const about of [...tokens, secret, once, 'garbage']) {
    await drive('POST', INTROSPECT, { form: { token: about, token_type_hint: secret }, headers: basic(secret) })
    await drive('POST', INTROSPECT, { form: { token: about }, headers: { authorization: `Bearer ${tokens[0]}` } })
    await drive('GET', `${CLIENTS}/${about}`, { token })
    await drive('DELETE', `${CLIENTS}/${id}/secrets/${about}`, { token })
  }
  for (const about of [tokens[1] ?? '', tokens[1] ?? '', secret, once]) {
    await drive('POST', REVOKE, { form: { token: about }, headers: basic(secret) })
    await drive('POST', REVOKE, { form: { token: about }, headers: basic(wrong) })
  }
  for (const held of tokens) await drive('GET', '/api/v1/users?limit=1', { token: held })
  return post
}
