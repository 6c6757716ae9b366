import type { Telephony, TelephonyListener } from '@/features/softphone/port'

/**
 * Stands in until the server has said what to register with, and for accounts without an extension or without the
 * softphone in their package. A call placed on it
 * fails with the sentence for a lost connection.
 */
export function silentTelephony(listener: TelephonyListener, expectsPhone: boolean): Telephony {
  let count = 0
  return {
    start: () => {
      if (expectsPhone) listener.onEvent({ type: 'start' })
    },
    stop: () => listener.onEvent({ type: 'stop' }),
    call: () => {
      count += 1
      const id = `unsent-${count}`
      queueMicrotask(() =>
        listener.onEvent({ type: 'ended', id, at: Date.now(), reason: 'connection', sipStatus: null }),
      )
      return id
    },
    answer: () => undefined,
    hangUp: () => undefined,
    mute: () => undefined,
    sendDtmf: () => undefined,
    useMicrophone: () => Promise.resolve(),
    stats: () => Promise.resolve(null),
  }
}
