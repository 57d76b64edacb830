import type { MemberError } from '../domain/problems.ts'
import { MOST_ERRORS, pointerTo } from './validation-messages.ts'

/**
 * Whether PostgreSQL and everybody else will read this text as we do. A NUL cannot be stored (SQLSTATE 22021, which would be
 * a 500), and a lone surrogate is stored as U+FFFD, so that two inputs become one.
 */
export const isCleanText = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

/** Why a text is refused that is not clean. */
export const UNCLEAN = 'must not hold a NUL or half of a surrogate pair'

const UNCLEAN_NAME = 'must not have a member whose name holds a NUL or half of a surrogate pair'

/** JSON text that is UTF-8 can hold either only as an escape. */
const SUSPECT = /\\u(?:0000|d[89a-f])/i

/** Where a value stands. Pointers are made of those that are needed only: on the way, most are not. */
interface Place {
  readonly value: unknown
  readonly name: string | number
  readonly parent: Place | null
}

/** A longer pointer is not given, but that of the whole: the depth is the sender's choice, the size of the answer is not. */
const LONGEST_POINTER = 200

/**
 * The first members of a JSON value, at any depth, that are not clean text or have names that are not. `text` is what the
 * value was read from.
 */
export function uncleanMembers(value: unknown, text: string): readonly MemberError[] {
  if (!SUSPECT.test(text)) return []
  const errors: MemberError[] = []
  // A list and no recursion, which would overflow the stack.
  const left: Place[] = [{ value, name: '', parent: null }]
  for (let at = left.pop(); at !== undefined && errors.length < MOST_ERRORS; at = left.pop()) {
    const { value } = at
    if (typeof value === 'string') {
      if (!isCleanText(value)) errors.push({ pointer: pointerOf(at), message: UNCLEAN })
    } else if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) left.push({ value: value[i], name: i, parent: at })
    } else if (typeof value === 'object' && value !== null) {
      for (const name of Object.keys(value)) {
        if (isCleanText(name)) left.push({ value: Reflect.get(value, name), name, parent: at })
        else errors.push({ pointer: pointerOf(at), message: UNCLEAN_NAME })
      }
    }
  }
  return errors
}

function pointerOf(place: Place): string {
  let pointer = ''
  for (let at = place; at.parent !== null; at = at.parent) {
    pointer = pointerTo('', at.name) + pointer
    if (pointer.length > LONGEST_POINTER) return ''
  }
  return pointer
}
