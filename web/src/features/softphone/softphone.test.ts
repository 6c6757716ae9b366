import { describe, expect, it } from 'vitest'

import { currentCall, incomingCall } from './machine'
import type { Telephony, TelephonyListener } from './port'
import { Softphone } from './softphone'

/** A telephone line that does at once what it is told and writes it down. */
function createSoftphone() {
  const log: string[] = []
  let listener: TelephonyListener | undefined
  let count = 0
  const telephony = (given: TelephonyListener): Telephony => {
    listener = given
    return {
      start: () => log.push('start'),
      stop: () => log.push('stop'),
      call: (number, options) => {
        log.push(`call ${number}${options.evenSilent ? ' even silent' : ''}`)
        count += 1
        return `out-${count}`
      },
      answer: (id) => {
        log.push(`answer ${id}`)
        given.onEvent({ type: 'answering', id })
      },
      hangUp: (id) => {
        log.push(`hang up ${id}`)
        given.onEvent({ type: 'ended', id, at: 2, reason: 'local', sipStatus: null })
      },
      mute: (id, muted) => given.onEvent({ type: 'muted', id, muted }),
      sendDtmf: (id, digit) => given.onEvent({ type: 'dtmfSent', id, digit }),
      useMicrophone: () => Promise.resolve(),
      stats: () => Promise.resolve(null),
    }
  }
  const softphone = new Softphone({ telephony, clock: () => 1, microphone: () => null })
  if (!listener) throw new Error('no listener')
  return { softphone, log, listener }
}

describe('softphone', () => {
  it('dials what was written, cleaned', () => {
    const { softphone, log } = createSoftphone()
    softphone.dial('+49 (0)40 66969-001')
    expect(log).toEqual(['call +494066969001'])
  })

  it('does not dial while a call goes on', () => {
    const { softphone, log } = createSoftphone()
    softphone.dial('12')
    softphone.dial('13')
    expect(log).toEqual(['call 12'])
  })

  it('lets nothing stand in the way of an emergency call', () => {
    const { softphone, log, listener } = createSoftphone()
    softphone.dial('12')
    listener.onEvent({ type: 'received', id: 'in-1', number: '13', name: null, at: 1 })
    softphone.dial('112')
    expect(log).toEqual(['call 12', 'hang up out-1', 'hang up in-1', 'call 112 even silent'])
    expect(currentCall(softphone.state.get())).toMatchObject({ number: '112', emergency: true })
  })

  it('ends the present call when the next one is answered', () => {
    const { softphone, log, listener } = createSoftphone()
    softphone.dial('12')
    listener.onEvent({ type: 'received', id: 'in-1', number: '13', name: null, at: 1 })
    softphone.answer()
    expect(log).toEqual(['call 12', 'hang up out-1', 'answer in-1'])
    expect(incomingCall(softphone.state.get())).toBeNull()
  })

  it('gives out the stream of the call one is in, and takes it back at the end', () => {
    const { softphone, listener } = createSoftphone()
    const stream = {} as MediaStream
    softphone.dial('12')
    listener.onRemoteStream('out-1', stream)
    expect(softphone.remoteStream.get()).toBe(stream)
    softphone.hangUp()
    expect(softphone.remoteStream.get()).toBeNull()
  })
})
