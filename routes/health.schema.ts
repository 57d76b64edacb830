import { Type } from '@sinclair/typebox'
import { refusals } from '../src/http/refusals.ts'

const Ok = Type.Literal('ok')

export const health = {
  operationId: 'health',
  tags: ['health'],
  summary: 'Whether the process serves',
  response: {
    200: Type.Object({ status: Ok }, { description: 'It does.', examples: [{ status: 'ok' }] }),
    ...refusals()
  }
}

const exampleReady = {
  status: 'ok',
  checks: { database: 'ok', migrations: 'ok', administrator: 'ok', revocations: 'ok' }
}

export const ready = {
  operationId: 'ready',
  tags: ['health'],
  summary: 'Whether requests should be sent here',
  description:
    'The database answers, its schema is current, the first administrator that was configured exists, and the deny-list is in sync; else 503, and `detail` names the check that fails.',
  response: {
    200: Type.Object(
      {
        status: Ok,
        checks: Type.Object({ database: Ok, migrations: Ok, administrator: Ok, revocations: Ok })
      },
      { description: 'They should.', examples: [exampleReady] }
    ),
    ...refusals('unavailable')
  }
}
