const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g

/**
 * JSON.parse, which also refuses an object that has two members of one name, at any depth, however the name is escaped.
 * RFC 8259 section 4 leaves open which of them counts; RFC 7519 section 4 and RFC 7515 section 4 let a verifier refuse,
 * and two readers that choose differently are how a checked value and a used value come apart.
 *
 * @throws SyntaxError for text that is not JSON or repeats a name.
 */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  refuseRepeatedNames(text)
  return value
}

/** `text` is known to be JSON, so brackets, commas and strings are all that has to be told apart. */
function refuseRepeatedNames(text: string): void {
  const open: (Set<string> | null)[] = []
  let names: Set<string> | null = null
  let nameIsNext = false
  TOKEN.lastIndex = 0
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const [token] = found
    if (token === '{' || token === '[') {
      open.push(names)
      names = token === '{' ? new Set() : null
      nameIsNext = names !== null
    } else if (token === '}' || token === ']') {
      names = open.pop() ?? null
      nameIsNext = false
    } else if (token === ',') {
      nameIsNext = names !== null
    } else if (nameIsNext && names !== null) {
      nameIsNext = false
      const name = token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1)
      if (names.has(name)) throw new SyntaxError('A member name is repeated.')
      names.add(name)
    }
  }
}
