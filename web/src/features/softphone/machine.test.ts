import { describe, expect, it } from 'vitest'

import {
  CALL_TABLE,
  currentCall,
  endedCall,
  incomingCall,
  initialState,
  reduce,
  REGISTRATION_TABLE,
  type SoftphoneEvent,
  type SoftphoneState,
} from './machine'

const run = (...events: SoftphoneEvent[]): SoftphoneState => events.reduce(reduce, initialState)

const placed: SoftphoneEvent = { type: 'placed', id: 'a', number: '12', name: null, emergency: false, at: 1000 }
const received: SoftphoneEvent = { type: 'received', id: 'b', number: '13', name: 'David', at: 2000 }
const ended = (id: string): SoftphoneEvent => ({ type: 'ended', id, at: 9000, reason: 'remote', sipStatus: null })

describe('registration', () => {
  it('goes from start to online', () => {
    expect(run({ type: 'start' }, { type: 'socketOpen' }, { type: 'registered' }).registration).toBe('online')
  })

  it('is offline while the socket is lost and comes back', () => {
    const lost = run({ type: 'start' }, { type: 'socketOpen' }, { type: 'registered' }, { type: 'socketLost' })
    expect(lost.registration).toBe('offline')
    expect(reduce(lost, { type: 'socketConnecting' }).registration).toBe('offline')
    const back = reduce(reduce(lost, { type: 'socketOpen' }), { type: 'registered' })
    expect(back.registration).toBe('online')
  })

  it('tells a refusal from a failure', () => {
    const trying = run({ type: 'start' }, { type: 'socketOpen' })
    expect(reduce(trying, { type: 'registrationRefused' }).registration).toBe('refused')
    expect(reduce(trying, { type: 'registrationFailed' }).registration).toBe('offline')
  })

  it('stops from every state', () => {
    for (const [state, row] of Object.entries(REGISTRATION_TABLE)) {
      if (state !== 'stopped') expect(row.stop).toBe('stopped')
    }
  })
})

describe('outgoing call', () => {
  it('rings, is answered, ends', () => {
    const talking = run(placed, { type: 'ringing', id: 'a' }, { type: 'established', id: 'a', at: 5000 })
    expect(currentCall(talking)).toMatchObject({ state: 'active', answeredAt: 5000, startedAt: 1000 })
    const over = reduce(talking, ended('a'))
    expect(currentCall(over)).toBeNull()
    expect(endedCall(over)).toMatchObject({ endedAt: 9000, end: { reason: 'remote' } })
  })

  it('does not fall back from early media to ringing', () => {
    const state = run(placed, { type: 'earlyMedia', id: 'a' }, { type: 'ringing', id: 'a' })
    expect(currentCall(state)?.state).toBe('early')
  })

  it('keeps the first answer time when 200 is repeated', () => {
    const state = run(placed, { type: 'established', id: 'a', at: 5000 }, { type: 'established', id: 'a', at: 6000 })
    expect(currentCall(state)?.answeredAt).toBe(5000)
  })

  it('keeps why it failed', () => {
    const state = run(placed, { type: 'ended', id: 'a', at: 2, reason: 'busy', sipStatus: 486 })
    expect(endedCall(state)?.end).toEqual({ reason: 'busy', sipStatus: 486 })
  })

  it('collects digits and mute only while talking', () => {
    const early = run(placed, { type: 'dtmfSent', id: 'a', digit: '1' }, { type: 'muted', id: 'a', muted: true })
    expect(currentCall(early)).toMatchObject({ digits: '', muted: false })
    const talking = reduce(early, { type: 'established', id: 'a', at: 3 })
    const after = reduce(reduce(talking, { type: 'dtmfSent', id: 'a', digit: '#' }), { type: 'muted', id: 'a', muted: true })
    expect(currentCall(after)).toMatchObject({ digits: '#', muted: true })
  })
})

describe('incoming call', () => {
  it('rings, is answered', () => {
    const ringing = run(received)
    expect(incomingCall(ringing)?.name).toBe('David')
    expect(currentCall(ringing)).toBeNull()
    const answering = reduce(ringing, { type: 'answering', id: 'b' })
    expect(incomingCall(answering)).toBeNull()
    expect(currentCall(answering)?.state).toBe('connecting')
  })

  it('comes in beside a call without touching it', () => {
    const state = run(placed, { type: 'established', id: 'a', at: 1 }, received)
    expect(currentCall(state)?.id).toBe('a')
    expect(incomingCall(state)?.id).toBe('b')
  })

  it('takes the place of one that is over', () => {
    expect(run(placed, ended('a'), received).calls.map((call) => call.id)).toEqual(['b'])
  })
})

it('nothing leaves the state ended', () => {
  expect(CALL_TABLE.ended).toEqual({})
})

it('a late or unknown event changes nothing, not even the object', () => {
  const state = run(placed, ended('a'))
  expect(reduce(state, { type: 'ringing', id: 'a' })).toBe(state)
  expect(reduce(state, ended('nobody'))).toBe(state)
})

it('only an ended call is dismissed', () => {
  expect(run(placed, { type: 'dismissed', id: 'a' }).calls).toHaveLength(1)
  expect(run(placed, ended('a'), { type: 'dismissed', id: 'a' }).calls).toHaveLength(0)
})
