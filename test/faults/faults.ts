import type { Fault } from './fault.ts'
import { INSTANCE_FAULTS } from './faults-of-instances.ts'
import { LINK_FAULTS } from './faults-of-links.ts'
import { POSTGRES_FAULTS } from './faults-of-postgres.ts'

/** Everything that is done to the service while it works. */
export const FAULTS: readonly Fault[] = [...INSTANCE_FAULTS, ...LINK_FAULTS, ...POSTGRES_FAULTS]

/** Those that there is something to do for: where no instance listens, none can be deaf. */
export const faultsFor = (sync: 'listen' | 'poll'): readonly Fault[] =>
  FAULTS.filter(({ onlyListening }) => sync === 'listen' || onlyListening !== true)

/** @throws Error that names those that there are */
export function faultNamed(name: string): Fault {
  const found = FAULTS.find((fault) => fault.name === name)
  if (found === undefined) throw new Error(`There is no fault ${name}: ${FAULTS.map((fault) => fault.name).join(', ')}`)
  return found
}
