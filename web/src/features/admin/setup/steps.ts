/** From nothing to the first call: what has to be there, in which order, and what is there already. */
import type { CallRecord, Customer, Device, Site, Trunk, User } from '../requests'

export const STEPS = ['licence', 'trunk', 'numbers', 'site', 'user', 'telephone', 'call'] as const
export type Step = (typeof STEPS)[number]

export interface Facts {
  standing: Customer['standing']
  trunks: readonly Trunk[]
  sites: readonly Site[]
  users: readonly User[]
  devices: readonly Device[]
  records: readonly CallRecord[]
  /** A call is being spoken right now. */
  speaking: boolean
}

/** Which steps are done. All of it is read from what is there: who comes back goes on where it was left. */
export function done(facts: Facts): Readonly<Record<Step, boolean>> {
  return {
    licence: facts.standing === 'licensed' || facts.standing === 'demo',
    trunk: facts.trunks.some((trunk) => trunk.state === 'registered' || trunk.state === 'reachable'),
    numbers: facts.trunks.some((trunk) => trunk.numbers.length > 0),
    site: facts.sites.length > 0,
    user: facts.users.length > 0,
    telephone: facts.devices.some((device) => device.registered),
    call: facts.speaking || facts.records.some((record) => record.result === 'answered'),
  }
}

/** The first step that is not done; null when somebody has telephoned. */
export function next(facts: Facts): Step | null {
  const there = done(facts)
  return there.call ? null : (STEPS.find((step) => !there[step]) ?? null)
}

/** Whether a step can be taken: a telephone belongs to a user, numbers and sites to a trunk, all to a licence. */
export function possible(step: Step, facts: Facts): boolean {
  if (step === 'licence') return true
  if (!done(facts).licence) return false
  if (step === 'numbers' || step === 'site') return facts.trunks.length > 0
  return step === 'telephone' || step === 'call' ? facts.users.length > 0 : true
}
