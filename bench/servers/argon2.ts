// Argon2id alone, in a process of its own: no server, but as many verifications under way as AT_ONCE says.
import { hash, verify } from '@node-rs/argon2'
import { argon2Options, PASSWORD } from '../support/people.ts'
import { answerQuestions } from './answering.ts'

const atOnce = Number(process.env['AT_ONCE'])
const stored = await hash(PASSWORD, argon2Options())

answerQuestions({
  port: () => 0,
  /** Verifies so many times, and tells how many milliseconds it took. */
  async verify(count) {
    const start = performance.now()
    let begun = 0
    const goOn = async () => {
      while (begun < count) {
        begun += 1
        if (!(await verify(stored, PASSWORD))) throw new Error('The right password is not right.')
      }
    }
    await Promise.all(Array.from({ length: atOnce }, goOn))
    return performance.now() - start
  }
})
