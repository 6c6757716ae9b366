import { describe, expect, it } from 'vitest'

import { completedElsewhere, failureOfStatus } from './failure'

describe('failureOfStatus', () => {
  it.each([
    [404, 'unknownNumber'],
    [408, 'noAnswer'],
    [480, 'unreachable'],
    [486, 'busy'],
    [487, 'cancelled'],
    [503, 'providerUnreachable'],
    [603, 'declined'],
    [499, 'unreachable'],
    [500, 'server'],
    [699, 'server'],
  ])('%i is %s', (status, failure) => {
    expect(failureOfStatus(status)).toBe(failure)
  })
})

it('recognises a call taken by another device (RFC 3326)', () => {
  expect(completedElsewhere('SIP ;cause=200 ;text="Call completed elsewhere"')).toBe(true)
  expect(completedElsewhere('SIP;cause=487')).toBe(false)
  expect(completedElsewhere('Q.850;cause=2001')).toBe(false)
  expect(completedElsewhere(undefined)).toBe(false)
})
