/** Connection quality of a running call from WebRTC statistics. */

export type QualityLevel = 'unknown' | 'good' | 'fair' | 'poor'

/** One reading of the counters that matter. */
export interface Reading {
  received: number
  lost: number
  /** seconds */
  jitter: number
  /** seconds; null while unknown */
  roundTrip: number | null
}

export interface Quality {
  level: QualityLevel
  /** milliseconds, one way */
  delay: number
  /** milliseconds */
  jitter: number
  /** 0 … 1, since the reading before */
  loss: number
  /** Mean opinion score, 1 … 4.5 */
  mos: number
}

export const unknownQuality: Quality = { level: 'unknown', delay: 0, jitter: 0, loss: 0, mos: 0 }

/** Picks the counters out of a statistics report; null until packets have been received. */
export function readReport(report: RTCStatsReport): Reading | null {
  let inbound: Omit<Reading, 'roundTrip'> | null = null
  let roundTrip: number | null = null
  for (const entry of report.values() as Iterable<Record<string, unknown>>) {
    if (entry.type === 'inbound-rtp' && entry.kind === 'audio') {
      inbound = {
        received: Number(entry.packetsReceived ?? 0),
        lost: Number(entry.packetsLost ?? 0),
        jitter: Number(entry.jitter ?? 0),
      }
    }
    if (entry.type === 'candidate-pair' && entry.nominated === true && typeof entry.currentRoundTripTime === 'number') {
      roundTrip = entry.currentRoundTripTime
    }
  }
  return inbound && { ...inbound, roundTrip }
}

/** Score from delay and loss by the E-model in its short form (ITU-T G.107; Ie = 0, Bpl = 10: a codec with loss concealment). */
export function meanOpinionScore(oneWayMs: number, loss: number): number {
  const delayImpairment = 0.024 * oneWayMs + (oneWayMs > 177.3 ? 0.11 * (oneWayMs - 177.3) : 0)
  const percent = loss * 100
  const lossImpairment = (95 * percent) / (percent + 10)
  const rating = Math.max(0, 93.2 - delayImpairment - lossImpairment)
  const score = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6
  return Math.min(4.5, Math.max(1, score))
}

/** Quality of the time between two readings. */
export function assess(before: Reading | null, now: Reading): Quality {
  const received = now.received - (before?.received ?? 0)
  const lost = Math.max(0, now.lost - (before?.lost ?? 0))
  if (received + lost <= 0) return before === null ? unknownQuality : { ...unknownQuality, level: 'poor', loss: 1, mos: 1 }
  const loss = lost / (received + lost)
  const jitter = now.jitter * 1000
  const delay = ((now.roundTrip ?? 0) * 1000) / 2
  // The jitter buffer holds about twice the jitter back.
  const mos = meanOpinionScore(delay + 2 * jitter + 20, loss)
  const level = mos >= 4 ? 'good' : mos >= 3.3 ? 'fair' : 'poor'
  return { level, delay, jitter, loss, mos }
}
