import type { SoftphoneEvent } from './machine'

/** What the softphone needs from whatever speaks SIP and WebRTC. JsSIP stands behind it in the browser, a fake in tests. */
export interface Telephony {
  start(): void
  /** Ends every call, signs the phone off and closes the socket. */
  stop(): void
  /** Places a call; its events carry the returned id. */
  call(number: string, options: { microphone: string | null; evenSilent: boolean }): string
  answer(id: string, options: { microphone: string | null }): void
  /** Hangs up, cancels or declines, whatever fits the state of the call. */
  hangUp(id: string): void
  mute(id: string, muted: boolean): void
  sendDtmf(id: string, digit: string): void
  useMicrophone(id: string, microphone: string | null): Promise<void>
  stats(id: string): Promise<RTCStatsReport | null>
}

export interface TelephonyListener {
  onEvent: (event: SoftphoneEvent) => void
  onRemoteStream: (id: string, stream: MediaStream) => void
}
