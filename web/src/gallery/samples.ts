/** People and calls to fill the gallery with; numbers are from the ranges kept free for drama. */
import type { CallListEntry, Colleague } from '@/shared/api/types'
import type { Call } from '@/features/softphone/machine'

const START = Date.UTC(2026, 4, 20, 11, 56)

const call = (id: string, part: Partial<Call>): Call => ({
  id,
  direction: 'outgoing',
  state: 'dialling',
  number: '12',
  name: 'Clara Dietrich',
  emergency: false,
  startedAt: START,
  answeredAt: null,
  endedAt: null,
  muted: false,
  digits: '',
  end: null,
  ...part,
})

const failed = (id: string, reason: NonNullable<Call['end']>['reason'], sipStatus: number | null): Call =>
  call(id, { state: 'ended', endedAt: START + 5000, end: { reason, sipStatus } })

export const calls: Call[] = [
  call('dialling', {}),
  call('ringing', { state: 'ringing', name: null, number: '+494066969001' }),
  call('active', { state: 'active', answeredAt: START + 4000 }),
  call('muted', { state: 'active', answeredAt: START - 3_600_000, muted: true, digits: '123#' }),
  call('emergency', { state: 'active', number: '112', name: null, emergency: true, answeredAt: START + 1000 }),
  call('over', { state: 'ended', answeredAt: START, endedAt: START + 65_000, end: { reason: 'remote', sipStatus: null } }),
  failed('unknown', 'unknownNumber', 404),
  failed('busy', 'busy', 486),
  failed('provider', 'providerUnreachable', 503),
  failed('microphone', 'microphone', null),
]

const names = ['Anna Becker', 'Bernd Çelik', 'Clara Dietrich', 'Elif Fuchs', 'Frank Grünwald', 'Ida Jansen']
const lines = ['free', 'busy', 'ringing', 'offline', 'free', 'free'] as const

export const people: Colleague[] = names.map((name, index) => ({
  user_id: `u${index}`,
  name,
  extension: String(10 + index),
  number: `+4930231250${10 + index}`,
  line_state: lines[index] ?? 'free',
}))

const entry = (id: string, minutes: number, part: Partial<CallListEntry>): CallListEntry => ({
  id,
  call_id: id,
  direction: 'incoming',
  result: 'answered',
  number: '12',
  name: 'Clara Dietrich',
  user_id: 'u2',
  started_at: new Date(START - minutes * 60_000).toISOString(),
  answered_at: null,
  duration_seconds: null,
  seen: true,
  ...part,
})

export const entries: CallListEntry[] = [
  entry('1', 4, { result: 'missed', number: '+494066969001', name: null, user_id: null, seen: false }),
  entry('2', 20, { direction: 'outgoing', duration_seconds: 214 }),
  entry('3', 90, { direction: 'outgoing', result: 'busy', number: '+494066969003', name: null, user_id: null }),
  entry('4', 1300, { result: 'missed', number: '15', name: 'Ida Jansen', user_id: 'u5' }),
  entry('5', 1500, { number: null, name: null, user_id: null, duration_seconds: 48 }),
  entry('6', 5000, { direction: 'outgoing', result: 'no_answer', number: '13', name: 'Elif Fuchs', user_id: 'u3' }),
]
