import { isUtf8 } from 'node:buffer'
import type { FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'
import { parseStrictJson } from '../src/domain/strict-json.ts'
import { uncleanMembers } from '../src/http/clean-text.ts'
import { isUtf8Type } from '../src/http/media-type.ts'
import { unknownMember, validationFailed } from '../src/http/validation-messages.ts'

/**
 * Bodies are JSON or nothing. No body is as good as `{}`, whatever its media type was to be, so that a route takes none
 * exactly if its schema requires no member (or takes null, which it then gets). A route that describes no body takes none.
 */
export default fp(
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
      done(null, readJson(request, body))
    })
    app.addContentTypeParser('*', (request, payload, done) => {
      const settle = (problem: Problem | null) => {
        payload.off('data', refuse).off('end', accept).off('error', giveUp)
        done(problem, undefined)
      }
      const accept = () => settle(null)
      const refuse = () => settle(new Problem('unsupported_media_type'))
      // The client has left: nobody reads this.
      const giveUp = () => settle(new Problem('bad_request'))
      if (Number(request.headers['content-length']) > 0) refuse()
      else payload.on('data', refuse).on('end', accept).on('error', giveUp)
    })
    app.addHook('onRequest', (request, _reply, done) => {
      const { headers } = request.raw
      const empty = headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
      // Nothing has no type; Fastify would refuse the wrong one.
      if (empty && headers['content-type'] !== undefined) delete headers['content-type']
      done()
    })
    app.addHook('onRoute', (route) => {
      // Fastify reads no body of these.
      if ([route.method].flat().every((method) => method === 'GET' || method === 'HEAD')) return
      const schema: unknown = route.schema?.body
      // Fastify itself gives null to a schema where there is no body.
      if (takesNull(schema)) return
      const complete = schema === undefined ? refuseBody : fillWithObject
      route.preValidation = [complete, ...[route.preValidation ?? []].flat()]
    })
  },
  { name: 'bodies', fastify: '5.x', dependencies: ['problems'] }
)

type Hook = Extract<NonNullable<RouteOptions['preValidation']>, (...args: never[]) => unknown>

const fillWithObject: Hook = (request, _reply, done) => {
  if (request.body === undefined) request.body = {}
  done()
}

/** What was sent was meant to do something, and nothing would be done with it. */
const refuseBody: Hook = ({ body }, _reply, done) => {
  if (body !== undefined) {
    const members = typeof body === 'object' && body !== null && !Array.isArray(body) ? Object.keys(body) : null
    if (members === null) throw validationFailed([{ pointer: '', message: 'must be left out' }])
    if (members.length > 0) throw validationFailed(members.map((name) => unknownMember('', name)))
  }
  done()
}

function takesNull(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  if ('type' in schema && [schema.type].flat().includes('null')) return true
  return 'anyOf' in schema && Array.isArray(schema.anyOf) && schema.anyOf.some(takesNull)
}

/** @throws Problem for what is not JSON (RFC 8259) in UTF-8, not of one meaning, or not clean text. */
function readJson({ headers }: FastifyRequest, body: Buffer): unknown {
  if (body.length === 0) return undefined
  const { 'content-encoding': coding = 'identity', 'content-type': type = '' } = headers
  if (coding.toLowerCase() !== 'identity') {
    throw new Problem('unsupported_media_type', { detail: 'The content coding is not supported.' })
  }
  if (!isUtf8Type(type)) throw new Problem('unsupported_media_type', { detail: 'JSON is UTF-8.' })
  if (!isUtf8(body)) throw new Problem('malformed_json', { detail: 'The body is not UTF-8.' })
  const text = body.toString('utf8')
  const value = parsed(text)
  const unclean = uncleanMembers(value, text)
  if (unclean.length > 0) throw validationFailed(unclean)
  return value
}

function parsed(text: string): unknown {
  try {
    return parseStrictJson(text)
  } catch {
    throw new Problem('malformed_json')
  }
}
