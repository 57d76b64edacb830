/** Texts that must not be found again, in whatever form another text holds them. */
export interface Secrets {
  /** Remembers a secret, and gives it back. */
  readonly add: (text: string) => string
  readonly has: (text: string) => boolean
  /** The secrets that a text holds. */
  readonly foundIn: (text: string) => string[]
}

/** Long secrets are also looked for by parts of this many characters: who logs one may cut it. */
const PART = 24

export function createSecrets(): Secrets {
  const known = new Set<string>()
  const forms = new Map<string, string>()
  return {
    add(text) {
      if (text.length < 8) throw new Error('Too short to be told from chance.')
      known.add(text)
      // Without regard to case: addresses are folded, and encodings come in both.
      for (const form of [...formsOf(text), ...partsOf(text)]) forms.set(form.toLowerCase(), text)
      return text
    },
    has: (text) => known.has(text),
    foundIn(text) {
      const lowered = text.toLowerCase()
      return [...new Set([...forms].filter(([form]) => lowered.includes(form)).map(([, secret]) => secret))]
    }
  }
}

const partsOf = (text: string): string[] =>
  Array.from({ length: Math.floor(text.length / PART) }, (_, i) => text.slice(i * PART, (i + 1) * PART))

function formsOf(text: string): string[] {
  const bytes = Buffer.from(text)
  const percent = encodeURIComponent(text)
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    percent,
    percent.replaceAll('%20', '+'),
    bytes.toString('hex'),
    ...[0, 1, 2].flatMap((offset) => [within(bytes, offset, 'base64'), within(bytes, offset, 'base64url')])
  ]
}

/** What stands for the bytes in the base64 of something longer, such as the credentials of Basic, so many bytes into it. */
function within(bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding)
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}
