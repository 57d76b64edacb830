import { createCommonPasswords } from './common-passwords.ts'
import { parseEmail } from './email.ts'
import { charactersOf, foldPassword, MOST_CHARACTERS, normalizePassword } from './password-form.ts'
import { isRun, repeatedPart } from './password-patterns.ts'
import { Problem } from './problems.ts'

export interface PasswordPolicyOptions {
  /** Code points, at least 8 (NIST SP 800-63B-4 section 3.1.1.2: 15 where the password is all there is to a sign-in). */
  readonly minLength: number
}

/** Whose password it is to be, and where in the body it stands. */
export interface PasswordUse {
  readonly email: string
  /** JSON Pointer (RFC 6901). */
  readonly pointer: string
}

export interface PasswordPolicy {
  /**
   * There are no rules about kinds of characters (NIST SP 800-63B-4 section 3.1.1.2). Whether the password has leaked
   * somewhere is not known beyond the list of common ones.
   *
   * @throws Problem `weak_password`, which names the member but holds nothing of the password
   */
  refuseWeak(password: string, use: PasswordUse): Promise<void>
  /** Reads the list of common passwords, so that the first registration need not wait for it, and returns its length. */
  load(): Promise<number>
}

const LEAST_LENGTH = 8

/**
 * Controls, since no form sends them, and no two forms alike (RFC 8264 section 9.12). Unassigned ones, since NFC may treat
 * them otherwise once Unicode assigns them, and then the password would no longer match (UAX 15 section 12.1). Joiners and
 * variation selectors, which the same profile refuses, are parts of emoji and stay.
 */
const UNSTABLE = /[\p{Cc}\p{Cs}\p{Cn}]/u

export function createPasswordPolicy({ minLength }: PasswordPolicyOptions): PasswordPolicy {
  if (!(minLength >= LEAST_LENGTH && minLength <= MOST_CHARACTERS)) {
    throw new RangeError(`minLength is ${minLength}; it can be ${LEAST_LENGTH} to ${MOST_CHARACTERS}`)
  }
  const common = createCommonPasswords(minLength)

  async function weakness(password: string, email: string): Promise<string | null> {
    const normal = normalizePassword(password)
    const length = charactersOf(normal).length
    if (length < minLength) return `must have at least ${minLength} characters`
    if (length > MOST_CHARACTERS) return `must have at most ${MOST_CHARACTERS} characters`
    if (UNSTABLE.test(normal)) return 'must not have control characters, or characters that Unicode does not know yet'
    const folded = foldPassword(normal)
    // What repeats a part is worth no more than the part: that is judged, too.
    const part = repeatedPart(folded)
    const repeats = part !== folded
    if (repeats && charactersOf(part).length < minLength)
      return `must not repeat a part of fewer than ${minLength} characters`
    if (isRun(part)) return 'must not be a run of neighbouring keys, letters or digits'
    const forms = repeats ? [folded, part] : [folded]
    if (forms.some((form) => isAddress(form, email))) return 'must not be the e-mail address or its part before the @'
    for (const form of forms) if (await common.has(form)) return 'must not be one of the commonest passwords'
    return null
  }

  return {
    async refuseWeak(password, { email, pointer }) {
      const message = await weakness(password, email)
      if (message === null) return
      throw new Problem('weak_password', { detail: `The password ${message}.`, errors: [{ pointer, message }] })
    },
    load: () => common.load()
  }
}

function isAddress(folded: string, email: string): boolean {
  const local = email.slice(0, email.lastIndexOf('@'))
  return folded === foldPassword(email) || folded === foldPassword(local) || keyOf(folded) === keyOf(email)
}

/** The key sees through the spellings of a domain, as `münchen.example` and `xn--mnchen-3ya.example`. */
function keyOf(text: string): string {
  const parsed = parseEmail(text)
  return 'wrong' in parsed ? text : parsed.emailKey
}
