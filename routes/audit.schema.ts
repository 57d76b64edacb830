import { Type } from '@sinclair/typebox'
import { Page, PageQuery } from '../src/http/page.ts'
import { refusals } from '../src/http/refusals.ts'
import { shared } from '../src/http/shared-schema.ts'
import { EXAMPLE_ID } from './user.schema.ts'

const MaybeText = Type.Union([Type.String(), Type.Null()])

export const Event = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    at: Type.String({ format: 'date-time' }),
    action: Type.String({ description: '`noun.verb_in_the_past`' }),
    actor: Type.Union([Type.String(), Type.Null()], {
      description: 'Id of who did it; null for somebody unknown and for the service.'
    }),
    subject: Type.Union([Type.String(), Type.Null()], {
      description: 'Id of the user or client, or kid of the key, that it is about.'
    }),
    outcome: Type.Union([Type.Literal('success'), Type.Literal('failure')]),
    ip: MaybeText,
    request_id: MaybeText,
    detail: Type.Object({}, { additionalProperties: true })
  },
  { $id: 'Event', description: 'One line of the audit trail.' }
)

const exampleEvent = {
  id: '01942d3c-9c7a-7e32-b15d-4c8f9a0b1c23',
  at: '2026-01-02T03:04:06.789Z',
  action: 'user.signed_in',
  actor: EXAMPLE_ID,
  subject: EXAMPLE_ID,
  outcome: 'success' as const,
  ip: '192.0.2.1',
  request_id: '6f1c9a4e-2b7d-4c58-9d0e-8a1b2c3d4e5f',
  detail: { session: '01942d3c-8b6f-7d21-a04c-3b7e8f9a0b12', delivery: 'body' }
}

export const listEvents = {
  operationId: 'listEvents',
  tags: ['audit'],
  summary: 'Read the audit trail',
  description: 'Newest first.',
  querystring: Type.Object(
    {
      ...PageQuery,
      subject: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 100,
          description: 'Id of the user or client, or kid of the key, that it is about.'
        })
      ),
      action: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      since: Type.Optional(Type.String({ format: 'date-time', description: 'Only what happened then or later.' }))
    },
    { additionalProperties: false }
  ),
  response: { 200: Page(shared(Event), exampleEvent), ...refusals('validation_failed', 'unavailable') }
}
