import { domainToASCII } from 'node:url'

export interface EmailAddress {
  /** As given. */
  readonly email: string
  /** What addresses are compared by. The key of a key is that key. */
  readonly emailKey: string
}

/** RFC 5321 section 4.5.3.1: a path of 256 octets less its brackets, and the part before the @. Octets are those of UTF-8. */
const MOST_OCTETS = 254
const MOST_LOCAL_OCTETS = 64
const TOO_LONG = { wrong: `must have at most ${MOST_OCTETS} octets` }

/**
 * White space; control, format, private and unassigned characters and lone surrogates; what is drawn as nothing. Two
 * addresses that look alike must not be two accounts by what cannot be seen, and the key of an unassigned character
 * would change with the Unicode version that assigns it (RFC 8264 sections 4.2.3 and 4.2.4 refuse the same).
 */
const UNSEEN = /[\p{C}\p{White_Space}\p{Default_Ignorable_Code_Point}]/u

/** Dot-string of RFC 5321 section 4.1.2, with the characters that RFC 6531 section 3.3 adds. Quoted local parts are not taken. */
const ATOM = "[\\w!#$%&'*+/=?^`{|}~\\u0080-\\u{10ffff}-]+"
const LOCAL = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`, 'u')

/** What may be handed to domainToASCII, which follows the URL standard and so would also decode `%41` and cut at `/`. */
const DOMAIN_CHARACTERS = /^[A-Za-z0-9.\u0080-\u{10ffff}-]*$/u
/** Letters, digits and inner hyphens, up to 63 (RFC 5321 section 4.1.2, RFC 1035 section 2.3.4). */
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const ASCII_DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`)
/** Hosts that end in a number are IPv4 addresses to the URL standard: `127.1` would become `127.0.0.1`. */
const NUMERIC_END = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/
const PLAIN_ASCII = /^(?!.*xn--)[\0-\x7f]*$/

/**
 * Takes an address apart and says what it is compared by: NFC and lower case, the domain in its ASCII form (UTS 46, as
 * the URL standard applies it). Nothing else is folded: dots, plus signs and look-alikes stay what they are. It does not
 * ask whether the domain exists or mail arrives there.
 *
 * @returns the address, or what is wrong with it in words that hold nothing of it.
 */
export function parseEmail(email: string): EmailAddress | { readonly wrong: string } {
  if (octets(email) > MOST_OCTETS) return TOO_LONG
  if (UNSEEN.test(email)) return { wrong: 'must not have white space, control characters or invisible characters' }
  const at = email.indexOf('@')
  if (at < 0 || at !== email.lastIndexOf('@')) return { wrong: 'must have one @' }
  const domain = asciiDomain(email.slice(at + 1))
  if (domain === null || !ASCII_DOMAIN.test(domain) || NUMERIC_END.test(domain)) {
    return { wrong: 'must have the name of a host after the @' }
  }
  // What is asked of the address is asked of its key too: NFC makes `;` of U+037E, and lower case may take more octets.
  const local = email.slice(0, at)
  const localKey = foldLocal(local)
  if (!LOCAL.test(local) || !LOCAL.test(localKey)) {
    return { wrong: 'must have a name before the @, without quotes, brackets or commas, and with dots only inside it' }
  }
  if (octets(local) > MOST_LOCAL_OCTETS || octets(localKey) > MOST_LOCAL_OCTETS) {
    return { wrong: `must have at most ${MOST_LOCAL_OCTETS} octets before the @` }
  }
  const emailKey = `${localKey}@${domain}`
  return octets(emailKey) > MOST_OCTETS ? TOO_LONG : { email, emailKey }
}

/**
 * What the key of every address that begins with `beginning`, in any case, begins with. The domain is taken to its ASCII
 * form where that can be done; the beginning of a Unicode label has none that the whole label's form begins with.
 */
export function emailPrefixKey(beginning: string): string {
  const at = beginning.indexOf('@') + 1
  if (at === 0) return foldLocal(beginning)
  const domain = beginning.slice(at)
  return foldLocal(beginning.slice(0, at)) + (asciiDomain(domain) ?? lower(domain))
}

/**
 * Lower case and NFC. NFC comes last, since lower case may leave what composes; the lower case of equivalent texts is
 * equivalent, so once is enough. One code point at a time, so that the key of a beginning is the beginning of the key:
 * the lower case of a capital sigma would hang on what follows it.
 */
const lower = (text: string) =>
  Array.from(text, (character) => character.toLowerCase())
    .join('')
    .normalize('NFC')

/** Both small sigmas are one, since both have one capital: `ΝΙΚΟΣ` is `νικος`. In a domain they are two (RFC 5892 section 2.6). */
const foldLocal = (local: string) => lower(local).replaceAll('ς', 'σ')

/**
 * Lower case comes first because versions of UTS 46 differ in what they make of a capital sharp s. What is ASCII then
 * stays as it is, but for punycode, which has to be valid. Null where there is no such form.
 */
function asciiDomain(domain: string): string | null {
  if (!DOMAIN_CHARACTERS.test(domain)) return null
  const lowered = lower(domain)
  return PLAIN_ASCII.test(lowered) ? lowered : domainToASCII(lowered) || null
}

const octets = (text: string) => Buffer.byteLength(text)
