import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { call, type Instance } from '../support/instance.ts'

/** REVOCATION_MAX_STALENESS of the instances: the only bound that is asserted. */
export const MOST_SECONDS = 10
/** For a service that is to come back by itself. */
const MOST_RECOVERY_MILLISECONDS = 30_000

/** What a token gets. */
export const statusOf = async (instance: Instance, token: string) =>
  (await call(instance, 'GET', '/api/v1/users/me', undefined, token)).status

/** Asks until the token is refused. */
export async function refusal(instance: Instance, token: string, code: string): Promise<void> {
  const start = performance.now()
  for (;;) {
    const { status, body } = await call(instance, 'GET', '/api/v1/users/me', undefined, token)
    if (status === 401) {
      assert.equal(body['code'], code)
      return
    }
    assert.equal(status, 200)
    assert.ok(performance.now() - start < MOST_SECONDS * 1000, 'a revoked token is accepted past the bound')
  }
}

export async function ready(instance: Instance): Promise<void> {
  const start = performance.now()
  while ((await call(instance, 'GET', '/health/ready')).status !== 200) {
    assert.ok(performance.now() - start < MOST_RECOVERY_MILLISECONDS, 'the service did not come back by itself')
    await sleep(50)
  }
}
