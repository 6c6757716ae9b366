import { describe, expect, it } from 'vitest'

import { assess, meanOpinionScore, readReport } from './quality'

const reading = (received: number, lost: number, jitter = 0.002, roundTrip: number | null = 0.02) => ({
  received,
  lost,
  jitter,
  roundTrip,
})

describe('assess', () => {
  it('is good on a clean line', () => {
    expect(assess(reading(100, 0), reading(200, 0)).level).toBe('good')
  })

  it('counts only the loss since the reading before', () => {
    expect(assess(reading(100, 50), reading(200, 50)).loss).toBe(0)
  })

  it('falls with loss', () => {
    expect(assess(reading(0, 0), reading(97, 3)).level).toBe('fair')
    expect(assess(reading(0, 0), reading(80, 20)).level).toBe('poor')
  })

  it('is poor when packets stop, unknown before the first', () => {
    expect(assess(reading(100, 0), reading(100, 0)).level).toBe('poor')
    expect(assess(null, reading(0, 0)).level).toBe('unknown')
  })
})

it('the score falls with delay and loss and stays within 1 … 4.5', () => {
  expect(meanOpinionScore(20, 0)).toBeGreaterThan(meanOpinionScore(300, 0))
  expect(meanOpinionScore(20, 0)).toBeGreaterThan(meanOpinionScore(20, 0.05))
  expect(meanOpinionScore(2000, 1)).toBe(1)
})

it('reads the counters of a report', () => {
  const report = new Map<string, unknown>([
    ['a', { type: 'inbound-rtp', kind: 'audio', packetsReceived: 5, packetsLost: 1, jitter: 0.01 }],
    ['b', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.03 }],
  ])
  expect(readReport(report as unknown as RTCStatsReport)).toEqual({ received: 5, lost: 1, jitter: 0.01, roundTrip: 0.03 })
  expect(readReport(new Map() as unknown as RTCStatsReport)).toBeNull()
})
