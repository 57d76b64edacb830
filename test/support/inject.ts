import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Answer } from './reading.ts'

/** As `app.inject`; of an answer that does not end by itself, an event stream, the beginning. */
export async function inject(app: FastifyInstance, options: InjectOptions): Promise<Answer> {
  const answer = await app.inject({ ...options, payloadAsStream: true })
  const endless = answer.headers['content-type'] === 'text/event-stream'
  const parts: Buffer[] = []
  for await (const part of answer.stream() as AsyncIterable<Buffer>) {
    parts.push(Buffer.from(part))
    if (endless) break
  }
  const rawPayload = Buffer.concat(parts)
  const text = rawPayload.toString()
  const whole = { rawPayload, payload: text, body: text, json: (): unknown => JSON.parse(text) }
  return Object.defineProperties(answer, Object.getOwnPropertyDescriptors(whole))
}
