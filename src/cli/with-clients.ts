import { createClientChanges, type ClientChanges } from '../db/client-changes.ts'
import { createClientRepository, type ClientRepository } from '../db/clients.ts'
import { withDatabase } from './with-database.ts'

/** Does the work with the clients of the configured database. */
export async function withClients(
  work: (clients: ClientRepository, changes: ClientChanges) => Promise<void>
): Promise<void> {
  await withDatabase(async (database) => {
    // What is revoked is in the journal, from where the instances that serve have it in force.
    await work(
      createClientRepository(database),
      createClientChanges(database, () => undefined)
    )
  })
}
