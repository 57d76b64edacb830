import { parse, stringify, validate } from 'uuid'

export const bytesOfUuid = (uuid: string): Buffer => Buffer.from(parse(uuid))

/** The lower-case text of 16 bytes that `bytesOfUuid` gave. */
export const uuidOfBytes = (bytes: Uint8Array): string => stringify(bytes)

export const isUuid = (text: string): boolean => validate(text)
