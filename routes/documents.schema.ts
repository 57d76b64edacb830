import { Type } from '@sinclair/typebox'
import { refusals } from '../src/http/refusals.ts'

const Document = Type.Object(
  {
    openapi: Type.Literal('3.1.0'),
    info: Type.Object({ title: Type.String(), version: Type.String() }, { additionalProperties: true }),
    paths: Type.Object({}, { additionalProperties: true })
  },
  {
    additionalProperties: true,
    description: 'The document.',
    examples: [{ openapi: '3.1.0', info: { title: 'Latchkey', version: '0.1.0' }, paths: {} }]
  }
)

export const getDocument = {
  operationId: 'getDocument',
  tags: ['documents'],
  summary: 'This document',
  description:
    'OpenAPI 3.1, generated from the routes. Has an `ETag`, and answers 304 to an `If-None-Match` that has it.',
  response: { 200: Document, 304: Type.Null({ description: 'The copy that you have is still right.' }), ...refusals() }
}
