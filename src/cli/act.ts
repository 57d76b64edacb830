import type { Act } from '../domain/act.ts'

/** As the audit trail has what is done on the command line. */
export const COMMAND_LINE: Act = { actor: null, ip: null, requestId: null }
