import { parseEmail, type EmailAddress } from '../src/domain/email.ts'
import { Problem } from '../src/domain/problems.ts'

/** The address in a body. @throws Problem `validation_failed` for what is none. */
export function addressIn({ email }: { readonly email: string }): EmailAddress {
  const address = parseEmail(email)
  if ('wrong' in address) {
    throw new Problem('validation_failed', { errors: [{ pointer: '/email', message: address.wrong }] })
  }
  return address
}
