import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { PostgresServer } from '../support/pg-server.ts'

/** Kills the postmaster and every process of it, so that none can end in order what it was at. */
export async function killPostgres(server: PostgresServer): Promise<void> {
  const [first] = readFileSync(join(server.dataFolder, 'postmaster.pid'), 'utf8').split('\n')
  const postmaster = Number(first)
  const children = childrenOf(postmaster)
  await server.down('KILL')
  for (const child of children) {
    try {
      process.kill(child, 'SIGKILL')
    } catch {
      // It has noticed that its parent is gone, and has gone, too.
    }
  }
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid)) return false
      try {
        // The name, in parentheses, may hold anything; behind it are the state and the parent.
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent
      } catch {
        return false
      }
    })
}
