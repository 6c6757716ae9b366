import * as JsSIP from 'jssip'
import type { EndEvent, OutgoingEvent, RTCSession, SDPEvent } from 'jssip/lib/RTCSession'
import type { IncomingRTCSessionEvent, OutgoingRTCSessionEvent, UA } from 'jssip/lib/UA'

import type { SoftphoneAccess } from '@/shared/api/types'

import { holdCandidates } from './candidates'
import { completedElsewhere, failureOfStatus } from './failure'
import type { EndReason } from './machine'
import { microphoneConstraints, microphoneWithin, silentStream } from './microphone'
import type { Telephony, TelephonyListener } from './port'

const EMERGENCY_MICROPHONE_MS = 1000
const RETRY_FAILED_MS = 3000
const RETRY_REFUSED_MS = 30_000
/** Longer than the server lets a call ring. */
const NO_ANSWER_SECONDS = 300
const REGISTER_SECONDS = 300
/** Registration answers that trying again soon will not change. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404, 407])

interface Leg {
  session: RTCSession | null
  hungUp: boolean
}

interface Options {
  access: SoftphoneAccess
  url: string
  listener: TelephonyListener
  clock: () => number
  /** Whether the browser may correct noise, echo and level. */
  voiceProcessing: () => boolean
}

/** The address of the SIP WebSocket: behind a proxy the page's own host counts, on another port what the server says. */
export function sipSocketUrl(given: string, location: Location): string {
  const url = new URL(given)
  const portOf = (port: string, protocol: string) => port || (protocol === 'wss:' || protocol === 'https:' ? '443' : '80')
  if (portOf(url.port, url.protocol) === portOf(location.port, location.protocol)) url.hostname = location.hostname
  return url.toString()
}

/**
 * What a finished JsSIP session means. When its socket is gone JsSIP cancels the session itself and says that "local" did
 * it; only `hungUp` tells that from the person's own doing.
 */
export function endOf(
  direction: 'incoming' | 'outgoing',
  event: EndEvent,
  hungUp: boolean,
): { reason: EndReason; sipStatus: number | null } {
  const causes: Record<keyof typeof JsSIP.C.causes, string> = JsSIP.C.causes
  const status = (event.message as { status_code?: unknown } | null | undefined)?.status_code
  const sipStatus = typeof status === 'number' ? status : null
  const by = event.originator as string
  switch (event.cause) {
    case causes.USER_DENIED_MEDIA_ACCESS:
      return { reason: 'microphone', sipStatus: null }
    case causes.CONNECTION_ERROR:
    case causes.REQUEST_TIMEOUT:
      if (by !== 'remote') return { reason: 'connection', sipStatus: null }
      break
    case causes.WEBRTC_ERROR:
    case causes.BAD_MEDIA_DESCRIPTION:
    case causes.MISSING_SDP:
      return { reason: 'media', sipStatus }
    default:
      break
  }
  if (by === 'local') return { reason: hungUp ? 'local' : 'connection', sipStatus: null }
  if (direction === 'outgoing' && sipStatus !== null) return { reason: failureOfStatus(sipStatus), sipStatus }
  if (by === 'remote' && direction === 'incoming') {
    const elsewhere = completedElsewhere(event.message.getHeader('reason'))
    return { reason: elsewhere ? 'elsewhere' : 'missed', sipStatus }
  }
  return { reason: 'connection', sipStatus }
}

/** SIP over a secure WebSocket (RFC 7118) and WebRTC by JsSIP. */
export class JsSipTelephony implements Telephony {
  private readonly options: Options
  private readonly legs = new Map<string, Leg>()
  private readonly ua: UA
  private count = 0
  private retry: number | undefined
  /** The call being placed this instant. */
  private expected: string | null = null

  constructor(options: Options) {
    this.options = options
    const { access } = options
    this.ua = new JsSIP.UA({
      sockets: new JsSIP.WebSocketInterface(options.url),
      uri: access.sip_uri,
      authorization_user: access.authorization_user,
      password: access.password,
      display_name: access.display_name,
      register: true,
      register_expires: REGISTER_SECONDS,
      session_timers: false,
      no_answer_timeout: NO_ANSWER_SECONDS,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
      user_agent: 'stimme web',
    })
    this.listen()
  }

  start(): void {
    this.options.listener.onEvent({ type: 'start' })
    this.ua.start()
  }

  stop(): void {
    window.clearTimeout(this.retry)
    this.options.listener.onEvent({ type: 'stop' })
    this.ua.stop()
  }

  call(number: string, options: { microphone: string | null; evenSilent: boolean }): string {
    const id = this.nextId()
    const leg: Leg = { session: null, hungUp: false }
    this.legs.set(id, leg)
    const audio = microphoneConstraints(options.microphone, this.options.voiceProcessing())
    // Not at once: whoever called wants to know the id before its first event.
    if (options.evenSilent && this.ua.isConnected()) void this.callEvenSilent(id, leg, number, audio)
    else queueMicrotask(() => this.invite(id, leg, number, { mediaConstraints: { audio, video: false } }))
    return id
  }

  answer(id: string, options: { microphone: string | null }): void {
    const session = this.legs.get(id)?.session
    if (!session) return
    this.options.listener.onEvent({ type: 'answering', id })
    const audio = microphoneConstraints(options.microphone, this.options.voiceProcessing())
    session.answer({ mediaConstraints: { audio, video: false }, pcConfig: this.peerConfiguration() })
  }

  hangUp(id: string): void {
    const leg = this.legs.get(id)
    if (!leg) return
    leg.hungUp = true
    if (!leg.session) this.finish(id, { reason: 'local', sipStatus: null })
    else if (!leg.session.isEnded()) {
      const ringsHere = leg.session.isInProgress() && (leg.session.direction as string) === 'incoming'
      leg.session.terminate(ringsHere ? { status_code: 603, reason_phrase: 'Decline' } : undefined)
    }
  }

  mute(id: string, muted: boolean): void {
    const session = this.legs.get(id)?.session
    if (!session) return
    if (muted) session.mute({ audio: true })
    else session.unmute({ audio: true })
    this.options.listener.onEvent({ type: 'muted', id, muted })
  }

  sendDtmf(id: string, digit: string): void {
    const session = this.legs.get(id)?.session
    if (!session?.isEstablished()) return
    session.sendDTMF(digit, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833, duration: 160, interToneGap: 70 })
    this.options.listener.onEvent({ type: 'dtmfSent', id, digit })
  }

  async useMicrophone(id: string, microphone: string | null): Promise<void> {
    const audio = microphoneConstraints(microphone, this.options.voiceProcessing())
    const stream = await navigator.mediaDevices.getUserMedia({ audio })
    await this.replaceTrack(id, stream)
  }

  async stats(id: string): Promise<RTCStatsReport | null> {
    const connection = this.connectionOf(this.legs.get(id)?.session)
    return connection ? await connection.getStats() : null
  }

  private nextId(): string {
    this.count += 1
    return `call-${this.count}`
  }

  private peerConfiguration(): RTCConfiguration {
    return { iceServers: this.options.access.ice_servers, bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' }
  }

  /** JsSIP's type says there always is one; before an incoming call is answered there is none. */
  private connectionOf(session: RTCSession | null | undefined): RTCPeerConnection | undefined {
    return (session?.connection ?? undefined)
  }

  private async callEvenSilent(id: string, leg: Leg, number: string, audio: MediaTrackConstraints): Promise<void> {
    const late = (stream: MediaStream) => void this.replaceTrack(id, stream)
    const microphone = await microphoneWithin(audio, EMERGENCY_MICROPHONE_MS, late)
    this.invite(id, leg, number, { mediaStream: microphone ?? silentStream() })
  }

  private invite(
    id: string,
    leg: Leg,
    number: string,
    media: { mediaConstraints: MediaStreamConstraints } | { mediaStream: MediaStream },
  ): void {
    if (leg.hungUp) return
    if (!this.ua.isConnected()) {
      this.finish(id, { reason: 'connection', sipStatus: null })
      return
    }
    const domain = this.options.access.sip_uri.replace(/^sips?:/, '').split('@')[1] ?? ''
    const target = `sip:${number.replaceAll('#', '%23')}@${domain}`
    // JsSIP announces the session before `call` returns; `expected` tells that one from calls that come in.
    this.expected = id
    try {
      this.ua.call(target, { ...media, pcConfig: this.peerConfiguration() })
    } catch {
      this.finish(id, { reason: 'unknownNumber', sipStatus: null })
    } finally {
      this.expected = null
    }
  }

  private async replaceTrack(id: string, stream: MediaStream): Promise<void> {
    const sender = this.connectionOf(this.legs.get(id)?.session)?.getSenders()[0]
    const track = stream.getAudioTracks()[0]
    if (!sender || !track) return
    track.enabled = sender.track?.enabled ?? true
    const old = sender.track
    await sender.replaceTrack(track)
    old?.stop()
  }

  private listen(): void {
    const { onEvent } = this.options.listener
    this.ua.on('connecting', () => onEvent({ type: 'socketConnecting' }))
    this.ua.on('connected', () => onEvent({ type: 'socketOpen' }))
    this.ua.on('disconnected', () => onEvent({ type: 'socketLost' }))
    this.ua.on('registered', () => onEvent({ type: 'registered' }))
    this.ua.on('unregistered', () => onEvent({ type: 'unregistered' }))
    this.ua.on('registrationFailed', (event) => {
      const status = (event.response as { status_code?: number } | null | undefined)?.status_code
      const refused = status !== undefined && REFUSALS.has(status)
      onEvent({ type: refused ? 'registrationRefused' : 'registrationFailed' })
      window.clearTimeout(this.retry)
      this.retry = window.setTimeout(() => this.registerAgain(), refused ? RETRY_REFUSED_MS : RETRY_FAILED_MS)
    })
    this.ua.on('newRTCSession', (event: IncomingRTCSessionEvent | OutgoingRTCSessionEvent) => this.sessionBegan(event.session))
  }

  private registerAgain(): void {
    if (this.ua.isConnected() && !this.ua.isRegistered()) this.ua.register()
  }

  private sessionBegan(session: RTCSession): void {
    if (this.expected !== null) {
      const leg = this.legs.get(this.expected)
      if (leg) leg.session = session
      this.follow(this.expected, 'outgoing', session)
      return
    }
    const ringing = [...this.legs.values()].some(
      (leg) => leg.session?.isInProgress() && (leg.session.direction as string) === 'incoming',
    )
    if (ringing) {
      session.terminate({ status_code: 486, reason_phrase: 'Busy Here' })
      return
    }
    const id = this.nextId()
    this.legs.set(id, { session, hungUp: false })
    this.follow(id, 'incoming', session)
    const caller = session.remote_identity
    const number = (caller.uri.user as string | null) ?? ''
    const name = caller.display_name as string | null | undefined
    this.options.listener.onEvent({ type: 'received', id, number, name: name || null, at: this.options.clock() })
  }

  private follow(id: string, direction: 'incoming' | 'outgoing', session: RTCSession): void {
    const { onEvent } = this.options.listener
    const established = () => onEvent({ type: 'established', id, at: this.options.clock() })
    const present = this.connectionOf(session)
    if (present) this.watchTracks(id, present)
    session.on('peerconnection', (event) => this.watchTracks(id, event.peerconnection))
    if (direction === 'outgoing') {
      const progress = (event: OutgoingEvent) => {
        const body = event.response.body as string | null | undefined
        onEvent({ type: body ? 'earlyMedia' : 'ringing', id })
      }
      session.on('progress', progress)
      session.on('accepted', established)
    } else {
      session.on('confirmed', established)
      this.holdCandidatesUntilConfirmed(session)
    }
    session.on('ended', (event) => {
      const by = event.originator as string
      this.finish(id, { reason: by === 'local' ? 'local' : by === 'remote' ? 'remote' : 'connection', sipStatus: null })
    })
    session.on('failed', (event) => this.finish(id, endOf(direction, event, this.legs.get(id)?.hungUp ?? false)))
    // An ICE-lite server learns our addresses from our checks; nobody waits for the rest of them to be found.
    session.on('icecandidate', ({ ready }) => ready())
  }

  private holdCandidatesUntilConfirmed(session: RTCSession): void {
    let held: string[] | null = null
    session.on('sdp', (event: SDPEvent) => {
      // Only the offer of the call itself; later ones find the connection established.
      if (held !== null || (event.originator as string) !== 'remote') return
      const { sdp, candidates } = holdCandidates(event.sdp)
      event.sdp = sdp
      held = candidates
    })
    session.on('confirmed', () => {
      for (const candidate of held ?? []) void this.connectionOf(session)?.addIceCandidate({ candidate, sdpMLineIndex: 0 })
    })
  }

  private watchTracks(id: string, connection: RTCPeerConnection): void {
    connection.addEventListener('track', (event) => {
      this.options.listener.onRemoteStream(id, event.streams[0] ?? new MediaStream([event.track]))
    })
  }

  private finish(id: string, end: { reason: EndReason; sipStatus: number | null }): void {
    this.legs.delete(id)
    this.options.listener.onEvent({ type: 'ended', id, at: this.options.clock(), ...end })
  }
}
