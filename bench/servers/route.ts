import { Type } from '@sinclair/typebox'

/** What every server answers on the route that is measured. */
export const ANSWER = { id: '0199a3c4-5d6e-7f80-9123-456789abcdef', name: 'Ada Lovelace', active: true }

export const SCHEMA = {
  response: {
    200: Type.Object({ id: Type.String({ format: 'uuid' }), name: Type.String(), active: Type.Boolean() })
  }
}

/** The headers that Latchkey puts on its answers, for servers that are to send the same: as JSON in the environment. */
export const HEADERS = JSON.parse(process.env['HEADERS'] ?? '{}') as Readonly<Record<string, string>>
