import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { Problem } from '../domain/problems.ts'
import { isCleanText, UNCLEAN } from './clean-text.ts'
import { isUtf8Type } from './media-type.ts'
import { parseQuery } from './query-string.ts'

export const FORM_TYPE = 'application/x-www-form-urlencoded'

/**
 * In this scope bodies are forms and nothing else (RFC 6749 section 3.2 and appendix B), read strictly: two parameters of one
 * name are refused, since two readers could take different ones (section 3.2), and so is what is not clean text. One without
 * a value counts as left out.
 */
export function takeForms(scope: FastifyInstance): void {
  scope.removeContentTypeParser('application/json')
  scope.addContentTypeParser(FORM_TYPE, { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const { 'content-encoding': coding = 'identity', 'content-type': type = '' } = request.headers
    if (coding.toLowerCase() !== 'identity' || !isUtf8Type(type)) throw new Problem('unsupported_media_type')
    if (!isUtf8(body)) throw new Problem('bad_request', { detail: 'The form is not UTF-8.' })
    done(null, readForm(body.toString('utf8')))
  })
}

/** @throws Problem `bad_request` */
function readForm(text: string): Readonly<Record<string, string>> {
  const form: Record<string, string> = {}
  for (const [name, value] of Object.entries(parseQuery(text))) {
    if (Array.isArray(value)) throw refused(name, 'must not be there twice')
    if (value === null) throw refused(name, 'must be percent-encoded UTF-8')
    if (!isCleanText(value)) throw refused(name, UNCLEAN)
    if (value !== '') Object.defineProperty(form, name, { value, enumerable: true })
  }
  return form
}

const refused = (name: string, message: string) =>
  new Problem('validation_failed', { errors: [{ pointer: `/${name.slice(0, LONGEST_NAME)}`, message }] })

/** Answers repeat the name, which is the sender's to choose. */
const LONGEST_NAME = 40
