/**
 * The state of the softphone: one reducer, no JsSIP, no React, no clock. What may follow what stands in two tables; an event
 * that has no row in the present state changes nothing (late or repeated messages of the network are normal).
 */
import type { Failure } from './failure'

export type RegistrationState = 'stopped' | 'connecting' | 'registering' | 'online' | 'offline' | 'refused'

export type CallState =
  /** INVITE sent, nothing heard yet */
  | 'dialling'
  /** 180: the other side rings; we play the ringing tone */
  | 'ringing'
  /** 183 with media: the network's own tone or announcement is heard */
  | 'early'
  /** somebody calls us */
  | 'incoming'
  /** we answered, media is being set up */
  | 'connecting'
  | 'active'
  | 'ended'

export type EndReason = 'local' | 'remote' | 'elsewhere' | Failure

export interface Call {
  id: string
  direction: 'incoming' | 'outgoing'
  state: CallState
  number: string
  /** The name the caller's side or the directory gives; null when nobody knows one. */
  name: string | null
  emergency: boolean
  /** Milliseconds since the epoch, as all times here. */
  startedAt: number
  answeredAt: number | null
  endedAt: number | null
  muted: boolean
  /** DTMF digits sent in this call. */
  digits: string
  end: { reason: EndReason; sipStatus: number | null } | null
}

export interface SoftphoneState {
  registration: RegistrationState
  /** Newest last. An ended call stays until it is dismissed or the next call begins. */
  calls: Call[]
}

export const initialState: SoftphoneState = { registration: 'stopped', calls: [] }

export type RegistrationEvent =
  | { type: 'start' }
  | { type: 'stop' }
  | { type: 'socketConnecting' }
  | { type: 'socketOpen' }
  | { type: 'socketLost' }
  | { type: 'registered' }
  | { type: 'unregistered' }
  | { type: 'registrationRefused' }
  | { type: 'registrationFailed' }

/** Events of one call that exists already. */
export type CallEvent =
  | { type: 'ringing'; id: string }
  | { type: 'earlyMedia'; id: string }
  | { type: 'answering'; id: string }
  | { type: 'established'; id: string; at: number }
  | { type: 'ended'; id: string; at: number; reason: EndReason; sipStatus: number | null }
  | { type: 'muted'; id: string; muted: boolean }
  | { type: 'dtmfSent'; id: string; digit: string }

export type SoftphoneEvent =
  | RegistrationEvent
  | CallEvent
  | { type: 'placed'; id: string; number: string; name: string | null; emergency: boolean; at: number }
  | { type: 'received'; id: string; number: string; name: string | null; at: number }
  | { type: 'dismissed'; id: string }

type RegistrationTable = Record<RegistrationState, Partial<Record<RegistrationEvent['type'], RegistrationState>>>

export const REGISTRATION_TABLE: RegistrationTable = {
  stopped: { start: 'connecting' },
  connecting: { stop: 'stopped', socketOpen: 'registering', socketLost: 'offline' },
  registering: {
    stop: 'stopped',
    registered: 'online',
    registrationRefused: 'refused',
    registrationFailed: 'offline',
    socketLost: 'offline',
  },
  online: {
    stop: 'stopped',
    unregistered: 'offline',
    registrationRefused: 'refused',
    registrationFailed: 'offline',
    socketLost: 'offline',
  },
  // `socketConnecting` does not leave `offline`: people see "no connection" until there is one again.
  offline: { stop: 'stopped', socketOpen: 'registering', registered: 'online', registrationRefused: 'refused' },
  refused: { stop: 'stopped', start: 'connecting', registered: 'online', socketLost: 'offline' },
}

type CallTable = Record<CallState, Partial<Record<CallEvent['type'], CallState>>>

export const CALL_TABLE: CallTable = {
  dialling: { ringing: 'ringing', earlyMedia: 'early', established: 'active', ended: 'ended' },
  ringing: { earlyMedia: 'early', established: 'active', ended: 'ended' },
  early: { established: 'active', ended: 'ended' },
  incoming: { answering: 'connecting', established: 'active', ended: 'ended' },
  connecting: { established: 'active', ended: 'ended' },
  active: { muted: 'active', dtmfSent: 'active', ended: 'ended' },
  ended: {},
}

const REGISTRATION_EVENTS: ReadonlySet<string> = new Set<RegistrationEvent['type']>([
  'start',
  'stop',
  'socketConnecting',
  'socketOpen',
  'socketLost',
  'registered',
  'unregistered',
  'registrationRefused',
  'registrationFailed',
])

function isRegistrationEvent(event: SoftphoneEvent): event is RegistrationEvent {
  return REGISTRATION_EVENTS.has(event.type)
}

function applyToCall(call: Call, event: CallEvent): Call {
  const next = CALL_TABLE[call.state][event.type]
  if (next === undefined) return call
  const moved = { ...call, state: next }
  switch (event.type) {
    case 'established':
      return { ...moved, answeredAt: event.at }
    case 'ended':
      return { ...moved, endedAt: event.at, end: { reason: event.reason, sipStatus: event.sipStatus } }
    case 'muted':
      return { ...moved, muted: event.muted }
    case 'dtmfSent':
      return { ...moved, digits: call.digits + event.digit }
    case 'ringing':
    case 'earlyMedia':
    case 'answering':
      return moved
  }
}

function begin(state: SoftphoneState, call: Call): SoftphoneState {
  if (state.calls.some((known) => known.id === call.id)) return state
  return { ...state, calls: [...state.calls.filter((known) => known.state !== 'ended'), call] }
}

const newCall = { answeredAt: null, endedAt: null, muted: false, digits: '', end: null }

export function reduce(state: SoftphoneState, event: SoftphoneEvent): SoftphoneState {
  if (isRegistrationEvent(event)) {
    const next = REGISTRATION_TABLE[state.registration][event.type]
    return next === undefined || next === state.registration ? state : { ...state, registration: next }
  }
  switch (event.type) {
    case 'placed': {
      const { id, number, name, emergency, at } = event
      return begin(state, { ...newCall, id, number, name, emergency, startedAt: at, direction: 'outgoing', state: 'dialling' })
    }
    case 'received': {
      const { id, number, name, at } = event
      return begin(state, { ...newCall, id, number, name, emergency: false, startedAt: at, direction: 'incoming', state: 'incoming' })
    }
    case 'dismissed':
      return { ...state, calls: state.calls.filter((call) => call.id !== event.id || call.state !== 'ended') }
    default: {
      const calls = state.calls.map((call) => (call.id === event.id ? applyToCall(call, event) : call))
      return calls.every((call, index) => call === state.calls[index]) ? state : { ...state, calls }
    }
  }
}

/** The call one is in (or sets up), apart from one that only rings here. */
export function currentCall(state: SoftphoneState): Call | null {
  return state.calls.find((call) => call.state !== 'ended' && call.state !== 'incoming') ?? null
}

/** The call that rings here. */
export function incomingCall(state: SoftphoneState): Call | null {
  return state.calls.find((call) => call.state === 'incoming') ?? null
}

/** The last call, over but still shown. */
export function endedCall(state: SoftphoneState): Call | null {
  return state.calls.findLast((call) => call.state === 'ended') ?? null
}
