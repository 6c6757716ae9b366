import { expect, it } from 'vitest'

import { portsText, proposedNumber } from '../numbers'
import { done, next, possible, type Facts } from './steps'

const nothing: Facts = { standing: 'unlicensed', trunks: [], sites: [], users: [], devices: [], records: [], speaking: false }
const trunk = (state: Facts['trunks'][number]['state'], numbers = 0) =>
  ({ state, numbers: Array.from({ length: numbers }, () => ({ head: '+4930231250', extension_digits: 2 })) }) as unknown as Facts['trunks'][number]
const some = <K extends keyof Facts>(part: Partial<Facts[K] extends readonly (infer T)[] ? T : never> = {}) => [part] as unknown as Facts[K]

it('begins with the licence and follows what is there', () => {
  let facts = nothing
  expect(next(facts)).toBe('licence')
  expect(possible('trunk', facts)).toBe(false)
  facts = { ...facts, standing: 'demo' }
  expect(next(facts)).toBe('trunk')
  expect(possible('numbers', facts)).toBe(false)
  facts = { ...facts, trunks: [trunk('failed', 1)] }
  expect(next(facts)).toBe('trunk')
  expect(possible('numbers', facts)).toBe(true)
  facts = { ...facts, trunks: [trunk('failed'), trunk('registered', 1)] }
  expect(next(facts)).toBe('site')
  facts = { ...facts, sites: some<'sites'>() }
  expect(possible('telephone', facts)).toBe(false)
  facts = { ...facts, users: some<'users'>() }
  expect(next(facts)).toBe('telephone')
  facts = { ...facts, devices: some<'devices'>({ registered: false }) }
  expect(done(facts).telephone).toBe(false)
  facts = { ...facts, devices: some<'devices'>({ registered: true }) }
  expect(next(facts)).toBe('call')
  expect(next({ ...facts, records: some<'records'>({ result: 'missed' }) })).toBe('call')
  expect(next({ ...facts, speaking: true })).toBeNull()
  expect(next({ ...facts, records: some<'records'>({ result: 'answered' }) })).toBeNull()
})

it('proposes the direct number that fits the extension', () => {
  const trunks = [trunk('registered', 1)]
  expect(proposedNumber(trunks, '12')).toBe('+493023125012')
  expect(proposedNumber(trunks, '123')).toBe('')
  expect(proposedNumber(trunks, '')).toBe('')
  expect(proposedNumber([], '12')).toBe('')
})

it('writes ports in the order in which telephones ask for them', () => {
  expect(portsText({ tls: 5061, udp: 5060 })).toBe('UDP 5060, TLS 5061')
})
