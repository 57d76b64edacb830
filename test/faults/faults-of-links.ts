import { BOTH, forAWhile, pastBound, type Fault, type Scene } from './fault.ts'
import type { LinkFault } from './proxy.ts'

const heal = async ({ stage }: Scene) => {
  for (const instance of BOTH) await stage.links[instance].suffer({ kind: 'pass' })
}

/** A fault that does not show is none. @throws Error where no connection and no statement was hit */
async function healWhatWasHit(scene: Scene): Promise<void> {
  const { strikes } = scene.stage.links[scene.target]
  await heal(scene)
  if (strikes === struckBefore) throw new Error('The fault of the link hit nothing.')
}
/** Of the link that is hit, when it began. */
let struckBefore = 0

function ofLink(name: string, fault: LinkFault, lasts: Fault['lasts'], more: Partial<Fault> = {}): Fault {
  return {
    name,
    recoversFrom: 'the link is whole again',
    lasts,
    async begin({ stage, target }) {
      struckBefore = stage.links[target].strikes
      await stage.links[target].suffer(fault)
    },
    end: healWhatWasHit,
    ...more
  }
}

/** What can happen between an instance and PostgreSQL. */
export const LINK_FAULTS: readonly Fault[] = [
  ofLink('link-cut-once', { kind: 'cut', then: 'accept' }, () => 500),
  ofLink('link-refused', { kind: 'cut', then: 'refuse' }, forAWhile),
  ofLink('links-refused-past-bound', { kind: 'cut', then: 'refuse' }, pastBound, {
    async begin({ stage, target }) {
      struckBefore = stage.links[target].strikes
      for (const instance of BOTH) await stage.links[instance].suffer({ kind: 'cut', then: 'refuse' })
    }
  }),
  ofLink('link-half-open', { kind: 'half-open', which: 'all' }, pastBound),
  // A firewall that has forgotten the connections it had, and lets new ones through.
  ofLink('link-half-open-existing', { kind: 'half-open', which: 'existing' }, pastBound),
  ofLink('link-late', { kind: 'late', milliseconds: 300 }, forAWhile),
  ofLink('link-deaf-listener', { kind: 'deaf' }, pastBound, { onlyListening: true }),
  ofLink('link-cut-before-commit', { kind: 'cut-before', oneIn: 3 }, forAWhile),
  ofLink('link-cut-after-commit', { kind: 'cut-after', oneIn: 3 }, forAWhile)
]
