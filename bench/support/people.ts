import { loadConfig } from '../../src/config.ts'
import { requestOf, type Answer, type Exchange } from '../load/exchange.ts'
import { settingsOver } from './fleet.ts'

/** Of everybody. */
export const PASSWORD = 'correct horse battery staple'

export const addressAt = (number: number): string => `person-${number}@example.com`

/** What the service hashes with by default, as @node-rs/argon2 takes it. */
export function argon2Options() {
  const { memoryKib: memoryCost, timeCost, parallelism } = loadConfig(settingsOver('pglite:memory:')).argon2
  return { algorithm: 2, memoryCost, timeCost, parallelism, outputLen: 32 } as const
}

/** Sign-ins of so many people, each with the right password. */
export const signIns = (
  people: number,
  path: string,
  answers: readonly Answer[],
  more: Readonly<Record<string, unknown>> = {}
): readonly Exchange[] =>
  Array.from({ length: people }, (_, number) => {
    const body = JSON.stringify({ email: addressAt(number), password: PASSWORD, ...more })
    return { request: requestOf('POST', path, { 'content-type': 'application/json' }, body), answers }
  })
