import { expect, it } from 'vitest'

import { ApiError, UnreachableError } from '@/shared/api/client'

import { decimal, differences, lastMonths, nextMonth, passes, sick, type RecordFilter } from './filters'
import { refusalOf, unshown } from './refusal'
import { address, conditions, type CallRecord } from './requests'

it('leaves empty parameters out of an address', () => {
  expect(address('/users', { query: '', customer_id: null, limit: '50' })).toBe('/users?limit=50')
  expect(address('/users', { query: '' })).toBe('/users')
})

it('says which version a change is based on', () => {
  expect(conditions(7)).toEqual({ 'If-Match': '"7"' })
  expect(conditions(null)).toEqual({ 'If-None-Match': '*' })
})

it('sorts refusals by what can be done about them', () => {
  const mistake = new ApiError(422, { errors: [{ field: 'extension', message: 'taken' }] }, null)
  expect(refusalOf(mistake)).toEqual({ kind: 'fields', fields: { extension: 'taken' }, detail: null })
  expect(refusalOf(new ApiError(412, {}, null)).kind).toBe('stale')
  expect(refusalOf(new ApiError(409, { detail: 'No licence.' }, null))).toMatchObject({
    kind: 'refused',
    detail: 'No licence.',
  })
  expect(refusalOf(new ApiError(500, { detail: 'inside' }, null))).toMatchObject({ kind: 'fault', detail: null })
  expect(refusalOf(new UnreachableError(null)).kind).toBe('unreachable')
})

it('loses no message of a field that is not shown', () => {
  const refusal = refusalOf(
    new ApiError(422, { errors: [{ field: 'name', message: 'a' }, { field: 'domain', message: 'b' }] }, null),
  )
  expect(unshown(refusal, ['name'])).toEqual(['domain: b'])
})

const record = (direction: CallRecord['direction'], result: CallRecord['result']): CallRecord => ({
  id: '1',
  customer_id: 'c',
  direction,
  caller: { number: '10', name: 'Anna Arendt', user_id: null },
  callee: { number: '+493023125011', name: null, user_id: null },
  answered_by: null,
  started_at: '2026-11-25T04:00:00Z',
  ringing_at: null,
  answered_at: null,
  ended_at: '2026-11-25T04:00:10Z',
  result,
  sip_status: null,
  trunk_id: null,
  hangup_by: null,
  quality: null,
  notes: [],
})

it.each<[Partial<RecordFilter>, boolean]>([
  [{}, true],
  [{ direction: 'outgoing' }, true],
  [{ direction: 'incoming' }, false],
  [{ result: 'answered' }, false],
  [{ result: 'unanswered' }, true],
  [{ text: 'aren' }, true],
  [{ text: '+49 (30) 231' }, true],
  [{ text: 'Bernd' }, false],
])('filters call records: %j', (filter, expected) => {
  expect(passes(record('outgoing', 'busy'), { text: '', direction: 'all', result: 'all', ...filter })).toBe(expected)
})

it('counts months back over the turn of the year', () => {
  expect(lastMonths(new Date(2026, 0, 31), 3)).toEqual(['2026-01', '2025-12', '2025-11'])
})

it('names the month to come', () => {
  expect(nextMonth(new Date(2026, 11, 31))).toBe('2027-01')
})

it('reads amounts as people write them', () => {
  expect(['24,90', '1.234,50 €', '24.90', ' 5 '].map(decimal)).toEqual(['24.90', '1234.50', '24.90', '5'])
})

it('knows a trunk that nobody can telephone over', () => {
  expect((['registered', 'reachable', 'unknown', 'failed', 'unreachable'] as const).filter((state) => sick({ state }))).toEqual([
    'failed',
    'unreachable',
  ])
})

it('tells what a change changed', () => {
  expect(differences({ name: 'A', same: 1 }, { name: 'B', same: 1, list: [1] })).toEqual([
    { field: 'list', before: null, after: '[1]' },
    { field: 'name', before: 'A', after: 'B' },
  ])
  expect(differences(null, { name: 'A' })).toEqual([{ field: 'name', before: null, after: 'A' }])
})
