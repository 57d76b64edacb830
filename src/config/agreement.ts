import { MOST_PERMISSIONS } from '../domain/permissions.ts'
import { NOTHING, type SettingProblem } from './bad-settings.ts'
import type { Settings } from './environment.ts'
import { type Environment, isSet } from './read-settings.ts'
import { durationOf } from './setting.ts'
import { isPostgres } from './texts.ts'

/** RFC 9106 section 3.1. */
const LEAST_KIB_PER_LANE = 8

/**
 * What is wrong between settings that are each right by themselves.
 *
 * @param values those that are right; nothing is said about the others.
 */
export function findDisagreements(values: Partial<Settings>, env: Environment): SettingProblem[] {
  const { SESSION_IDLE_TTL: idle = 0, SESSION_MAX_TTL: max = Infinity, DATABASE_URL: databaseUrl } = values
  const { ARGON2_MEMORY_KIB: memory = Infinity, ARGON2_PARALLELISM: lanes = 0, ROLES: roles = {} } = values
  const permissions = new Set(Object.values(roles).flat()).size
  const problems: SettingProblem[] = []
  if (idle > max && isSet(env, 'SESSION_IDLE_TTL')) {
    const takes = `at most SESSION_MAX_TTL, which is ${durationOf(max)}`
    problems.push({ name: 'SESSION_IDLE_TTL', got: durationOf(idle), takes })
  }
  if (memory < LEAST_KIB_PER_LANE * lanes) {
    const takes = `at least ${LEAST_KIB_PER_LANE} for each of the ${lanes} lanes of ARGON2_PARALLELISM`
    problems.push({ name: 'ARGON2_MEMORY_KIB', got: String(memory), takes })
  }
  if (databaseUrl !== undefined && isPostgres(databaseUrl) && !isSet(env, 'LATCHKEY_SECRET')) {
    // Instances must share it, and a secret made by one of them would have to be kept in the database that it protects.
    const takes = '32 random bytes or more as text with PostgreSQL; make one with: openssl rand -base64 32'
    problems.push({ name: 'LATCHKEY_SECRET', got: NOTHING, takes })
  }
  if (permissions > MOST_PERMISSIONS) {
    const takes = `roles that grant at most ${MOST_PERMISSIONS} permissions together`
    problems.push({ name: 'ROLES', got: `${permissions} permissions`, takes })
  }
  for (const [one, other] of [
    ['BOOTSTRAP_ADMIN_EMAIL', 'BOOTSTRAP_ADMIN_PASSWORD'],
    ['BOOTSTRAP_ADMIN_PASSWORD', 'BOOTSTRAP_ADMIN_EMAIL']
  ] as const) {
    if (!isSet(env, one) && isSet(env, other)) {
      problems.push({ name: one, got: NOTHING, takes: `a value, since ${other} has one: set both or neither` })
    }
  }
  return problems
}
