import type { Evidence, Rule } from './evidence.ts'
import type { What } from './history.ts'
import { FIRST, SECOND, tokens, WATCHED, withStored, type tellGoodStory } from './story.ts'

type Story = ReturnType<typeof tellGoodStory>
const also =
  (...all: readonly Parameters<Story['tell']>[]) =>
  (story: Story): Evidence => {
    for (const one of all) story.tell(...one)
    return story
  }
const probe = (session: string, version: number): What => ({ kind: 'probe', session, version })
const signIn = (password: string, given: ReturnType<typeof tokens> | null = null): What => ({
  kind: 'sign-in',
  password,
  tokens: given
})
const refresh = (presented: string, session: string, given: ReturnType<typeof tokens> | null): What => ({
  kind: 'refresh',
  presented,
  session,
  tokens: given
})
const refused = { answer: '401 invalid_credentials' }
const onOther = { instance: 1 } as const

/** What is made wrong in the good story, and the promise that is thereby broken. */
export const SEEDED: Readonly<Record<string, readonly [rule: Rule, wrong: (story: Story) => Evidence]>> = {
  'a registration that is not there': [
    'an acknowledged registration is not lost',
    (story) => withStored(story, 'ann', () => null)
  ],
  'a registration whose password does not sign in': [
    'an acknowledged registration is not lost',
    also(['eve', { kind: 'register', password: FIRST }], ['eve', signIn(FIRST), refused])
  ],
  'no password that is right in the end': [
    'an acknowledged registration is not lost',
    also(['eve', { kind: 'register', password: FIRST }], ['eve', signIn(SECOND), { ...refused, atRest: true }])
  ],
  'a new password that is not known': ['an acknowledged password is not lost', also(['ann', signIn(SECOND), refused])],
  'an old password that still works': [
    'a password that was replaced is over',
    also(['ann', signIn(FIRST, tokens('s4', 3, 'r4', ['role-1']))])
  ],
  'two passwords that work': [
    'a user has one password',
    also(['ann', signIn('a third', tokens('s4', 3, 'r4', ['role-1'])), { atRest: true }])
  ],
  'a disabled user who comes in': [
    'a disabled user does not come in',
    also(['dan', signIn(FIRST, tokens('s8', 2, 'r'))])
  ],
  'a revoked token that is accepted late elsewhere': [
    'nothing revoked is accepted after the bound',
    also(['ann', probe('s2', 3), { ...onOther, start: 7011 }])
  ],
  'a revoked token that is accepted where it was revoked': [
    'nothing revoked is accepted after the bound',
    also(['ann', probe('s2', 3), { start: 5011 }])
  ],
  'a token from before a password change': [
    'nothing revoked is accepted after the bound',
    also(['ann', probe('s1', 2), { ...onOther, start: 6011 }])
  ],
  'a token from before a change of roles': [
    'nothing revoked is accepted after the bound',
    also(['ann', probe('s1', 1), { ...onOther, start: 3011 }])
  ],
  'a token of a disabled user': ['nothing revoked is accepted after the bound', also(['dan', probe('s7', 1)])],
  'a token of a user who was revoked': [
    'nothing revoked is accepted after the bound',
    also(['ann', { kind: 'revoke' }], ['ann', probe('s3', 3)])
  ],
  'a token after a thief was noticed': [
    'nothing revoked is accepted after the bound',
    also(
      ['eve', signIn(FIRST, tokens('s6', 1, 'e1'))],
      ['eve', refresh('e1', 's6', tokens('s6', 1, 'e2'))],
      ['eve', refresh('e2', 's6', tokens('s6', 1, 'e3'))],
      ['eve', refresh('e1', 's6', null), { answer: '401 invalid_refresh_token' }],
      ['eve', probe('s6', 1)]
    )
  ],
  'a session that is renewed after its end': [
    'a session that is over cannot be renewed',
    also(['ann', refresh('r9', 's2', tokens('s2', 3, 'r10', ['role-1']))])
  ],
  'a second successor': [
    'a refresh token has one successor',
    also(['ann', refresh('r2', 's1', tokens('s1', 2, 'another', ['role-1'])), { start: 3050, end: 3060 }])
  ],
  'the same successor after the grace window': [
    'a refresh token is used once',
    also(['ann', refresh('r2', 's1', tokens('s1', 2, 'r3', ['role-1'])), { start: 20_000 }])
  ],
  'a refresh that was lost': [
    'an acknowledged refresh token is not lost',
    also(['ann', refresh('r8', 's3', null), { answer: '401 invalid_refresh_token' }])
  ],
  'a good token that is refused': [
    'a good token is not refused',
    also(['ann', probe('s3', 3), { answer: '401 token_revoked' }])
  ],
  'a token without the new role': [
    'an acknowledged role change is not lost',
    also(['ann', signIn(SECOND, tokens('s4', 3, 'r4', []))])
  ],
  'a role that is not there': [
    'an acknowledged role change is not lost',
    (story) => withStored(story, 'ann', () => ({ roles: [] }))
  ],
  'a good answer to a bad credential': [
    'a bad credential is never accepted',
    also(['ann', { kind: 'bad', credential: 'a wrong password' }])
  ],
  'a sign-out that was lost': [
    'an acknowledged revocation is not lost',
    (story) => withStored(story, 'ann', () => ({ ended: [] }))
  ],
  'a lost entry about a user': [
    'a change, its event and its entry are one',
    (story) => withStored(story, 'ann', ({ journal }) => ({ journal: { ...journal, subject: 1 } }))
  ],
  'a lost entry about a session': [
    'a change, its event and its entry are one',
    (story) => withStored(story, 'ann', ({ journal }) => ({ journal: { ...journal, sessions: [] } }))
  ],
  'a change that did not raise the version': [
    'a change, its event and its entry are one',
    (story) => withStored(story, 'ann', () => ({ version: 2 }))
  ],
  'a session that nobody signed in to': [
    'a change, its event and its entry are one',
    (story) => withStored(story, 'ann', () => ({ sessions: 4 }))
  ],
  'an acknowledged change without its event': [
    'every change has its event, and every event its change',
    (story) => withStored(story, 'ann', ({ audit }) => ({ audit: { ...audit, 'user.signed_out': 0 } }))
  ],
  'a change that was made twice': [
    'every change has its event, and every event its change',
    (story) => withStored(story, 'ann', ({ audit }) => ({ audit: { ...audit, 'user.roles_changed': 2 } }))
  ],
  'a transaction that is left open': [
    'no transaction is left open',
    (story) => ({ ...story, atRest: { ...story.atRest, openTransactions: ['idle in transaction: insert'] } })
  ],
  'an account that changes by itself': [
    'what was at rest stays as it was',
    (story) => ({ ...story, atRest: { ...story.atRest, altered: ['the accounts of round r1'] } })
  ],
  'a service that comes back late': [
    'the service comes back in time, by itself',
    (story) => ({ ...story, recoveries: [{ ...WATCHED, milliseconds: 2001 }] })
  ],
  'a service that does not come back': [
    'the service comes back in time, by itself',
    (story) => ({ ...story, recoveries: [{ ...WATCHED, milliseconds: null }] })
  ],
  'an instance that ends by itself': ['no instance ends by itself', (story) => ({ ...story, crashes: ['instance 1'] })],
  'a request that is dropped at the end': [
    'what is in flight is answered before the end',
    (story) => {
      story.tell('ann', probe('s3', 3), { start: 9000, end: 9300, answer: 'broken ECONNRESET' })
      return { ...story, drains: [{ instance: 0, at: 9100, exitCode: 0 }] }
    }
  ],
  'an end that is not a good one': [
    'what is in flight is answered before the end',
    (story) => ({ ...story, drains: [{ instance: 0, at: 9100, exitCode: 1 }] })
  ]
}
