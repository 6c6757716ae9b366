import { dialString, isEmergency } from '@/shared/number'
import { Store } from '@/shared/store'

import { currentCall, endedCall, incomingCall, initialState, reduce, type SoftphoneEvent, type SoftphoneState } from './machine'
import type { Telephony, TelephonyListener } from './port'

interface Parts {
  telephony: (listener: TelephonyListener) => Telephony
  clock: () => number
  microphone: () => string | null
}

/** The softphone as the rest of the client sees it: a state to show and verbs of telephony. */
export class Softphone {
  readonly state = new Store<SoftphoneState>(initialState)
  /** What the other party says: the stream of the call one is in. */
  readonly remoteStream = new Store<MediaStream | null>(null)

  private readonly parts: Parts
  private readonly telephony: Telephony
  private readonly streams = new Map<string, MediaStream>()

  constructor(parts: Parts) {
    this.parts = parts
    this.telephony = parts.telephony({
      onEvent: (event) => this.apply(event),
      onRemoteStream: (id, stream) => {
        this.streams.set(id, stream)
        this.chooseStream()
      },
    })
  }

  start(): void {
    this.telephony.start()
  }

  stop(): void {
    this.telephony.stop()
  }

  /**
   * Dials. Nothing happens while another call is going on, except for an emergency call: it ends whatever is in the way
   * and goes out at once.
   */
  dial(text: string, name: string | null = null): void {
    const number = dialString(text)
    if (number === '') return
    const emergency = isEmergency(number)
    const busyWith = this.state.get().calls.filter((call) => call.state !== 'ended')
    if (emergency) for (const call of busyWith) this.telephony.hangUp(call.id)
    else if (currentCall(this.state.get())) return
    const id = this.telephony.call(number, { microphone: this.parts.microphone(), evenSilent: emergency })
    this.apply({ type: 'placed', id, number, name, emergency, at: this.parts.clock() })
  }

  /** Takes the call that rings; the one before it, if any, ends (there is no second line yet). */
  answer(): void {
    const ringing = incomingCall(this.state.get())
    if (!ringing) return
    const before = currentCall(this.state.get())
    if (before) this.telephony.hangUp(before.id)
    this.telephony.answer(ringing.id, { microphone: this.parts.microphone() })
  }

  decline(): void {
    const ringing = incomingCall(this.state.get())
    if (ringing) this.telephony.hangUp(ringing.id)
  }

  hangUp(): void {
    const call = currentCall(this.state.get())
    if (call) this.telephony.hangUp(call.id)
  }

  toggleMute(): void {
    const call = currentCall(this.state.get())
    if (call?.state === 'active') this.telephony.mute(call.id, !call.muted)
  }

  sendDtmf(digit: string): void {
    const call = currentCall(this.state.get())
    if (call?.state === 'active') this.telephony.sendDtmf(call.id, digit)
  }

  /** Changes the microphone in the middle of a call. */
  async useMicrophone(device: string | null): Promise<void> {
    const call = currentCall(this.state.get())
    if (call) await this.telephony.useMicrophone(call.id, device)
  }

  async stats(): Promise<RTCStatsReport | null> {
    const call = currentCall(this.state.get())
    return call ? await this.telephony.stats(call.id) : null
  }

  /** Puts the ended call out of sight. */
  dismiss(): void {
    const call = endedCall(this.state.get())
    if (call) this.apply({ type: 'dismissed', id: call.id })
  }

  private apply(event: SoftphoneEvent): void {
    this.state.set(reduce(this.state.get(), event))
    if (event.type === 'ended') this.streams.delete(event.id)
    this.chooseStream()
  }

  private chooseStream(): void {
    const call = currentCall(this.state.get())
    this.remoteStream.set(call ? (this.streams.get(call.id) ?? null) : null)
  }
}
