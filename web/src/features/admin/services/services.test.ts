import { describe, expect, it } from 'vitest'

import { slotsOf, slotsText } from './barring'
import { labelOf, numberMeant, type DestinationGroup } from './estate'
import { errorAt, shownOf } from './form'
import { keyOf, nameOf, settingsOf } from './model'
import { bars, copied, drawn, minuteAt, timeOf, weekInShort } from './week'

const day = [{ start: '08:00', end: '17:00' }]

describe('settings', () => {
  it('fills in what was left out, at every depth, and adds nothing to what is the customer’s', () => {
    const queue = settingsOf('queue', { id: 'q', settings: { group: { id: 'hotline', name: 'Hotline' }, exits: { 9: '30' } } })
    expect(queue.group).toMatchObject({ id: 'hotline', name: 'Hotline', strategy: 'parallel', timeout_seconds: 60 })
    expect(queue.exits).toEqual({ 9: '30' })
    const calendar = settingsOf('calendar', { id: 'c', settings: { id: 'c', calendar: { name: 'Office', week: { 5: day } } } })
    expect(calendar.calendar.week).toEqual({ 5: day })
    expect(calendar.calendar.zone).toBe('Europe/Berlin')
    const barring = settingsOf('barring', { id: 'b', settings: { limits: { user_calls: 5 } } })
    expect(barring.limits).toEqual({ user_calls: 5, user_minutes: 60, customer_calls: 60, customer_minutes: 240 })
  })

  it('knows what services are called, and what others name them by', () => {
    expect(nameOf({ settings: { group: { name: 'Hotline' } } })).toBe('Hotline')
    expect(nameOf({ settings: { id: 'c', calendar: { name: 'Office' } } })).toBe('Office')
    expect(nameOf({ settings: { slots: ['701'] } })).toBe('')
    expect(keyOf({ id: 'uuid', settings: { id: 'main' } })).toBe('main')
    expect(keyOf({ id: 'uuid', settings: {} })).toBe('uuid')
  })
})

describe('destinations', () => {
  const groups: DestinationGroup[] = [
    { group: 'Users', items: [{ number: '10', label: '10 Anna Arendt' }] },
    { group: 'Groups', items: [{ number: '30', label: '30 Sales' }] },
  ]
  it.each([
    ['10 Anna Arendt', '10'],
    ['30 Sales', '30'],
    ['+49 (30) 231-25', '+493023125'],
    ['', ''],
  ])('understands %j', (text, number) => expect(numberMeant(text, groups)).toBe(number))

  it('shows names for numbers', () => {
    expect(labelOf('30', groups)).toBe('30 Sales')
    expect(labelOf('+493023125', groups)).toBe('+493023125')
  })
})

describe('a week', () => {
  it('is drawn in percent, over midnight onto the next day', () => {
    const week = { 0: [{ start: '06:00', end: '12:00' }], 6: [{ start: '18:00', end: '06:00' }] }
    expect(bars(week, '0')).toEqual([{ left: 0, width: 25 }, { left: 25, width: 25 }])
    expect(bars(week, '6')).toEqual([{ left: 75, width: 25 }])
    expect(bars({ 2: [{ start: '00:00', end: '00:00' }] }, '2')).toEqual([{ left: 0, width: 100 }])
    expect(bars(week, '3')).toEqual([])
  })

  it('joins what is drawn with what touches it', () => {
    expect(drawn(day, 17 * 60, 19 * 60)).toEqual([{ start: '08:00', end: '19:00' }])
    expect(drawn(day, 20 * 60, 18 * 60)).toEqual([...day, { start: '18:00', end: '20:00' }])
    expect(drawn([], 0, 24 * 60)).toEqual([{ start: '00:00', end: '00:00' }])
    expect(drawn([{ start: '22:00', end: '02:00' }], 60, 120)).toEqual([
      { start: '01:00', end: '02:00' },
      { start: '22:00', end: '02:00' },
    ])
  })

  it('snaps to quarters of an hour', () => {
    expect([minuteAt(0.5), minuteAt(-1), minuteAt(2), minuteAt(0.334)].map(timeOf)).toEqual(['12:00', '00:00', '00:00', '08:00'])
  })

  it('copies a day onto others, closed days too', () => {
    expect(copied({ 0: day }, '0', ['0', '1'])).toEqual({ 0: day, 1: day })
    expect(copied({ 0: day, 1: day }, '5', ['0', '1'])).toEqual({})
  })

  it('is told in short, days with the same hours together', () => {
    const week = { 0: day, 1: day, 2: day, 3: day, 4: [{ start: '08:00', end: '13:00' }, { start: '14:00', end: '15:00' }], 6: day }
    expect(weekInShort(week, 'de')).toEqual(['Mo–Do 08:00–17:00', 'Fr 08:00–13:00, 14:00–15:00', 'So 08:00–17:00'])
    expect(weekInShort({ 5: [{ start: '00:00', end: '00:00' }] }, 'de')).toEqual(['Sa 00:00–24:00'])
    expect(weekInShort({}, 'de')).toEqual([])
  })
})

describe('park slots', () => {
  it.each<[string, string[] | null]>([
    ['701-703, 710', ['701', '702', '703', '710']],
    ['08–11', ['08', '09', '10', '11']],
    ['', []],
    ['701, 701', ['701']],
    ['front', null],
    ['9-11', null],
    ['705-701', null],
    ['1000-9000', null],
  ])('reads %j', (text, slots) => expect(slotsOf(text)).toEqual(slots))

  it('writes neighbours as a range', () => {
    expect(slotsText(['701', '702', '703', '710'])).toBe('701–703, 710')
    expect(slotsText(['9', '10'])).toBe('9, 10')
  })
})

describe('refused fields', () => {
  const fields = { 'settings.members.0': 'no such user', 'settings.group.name': 'is missing', settings: 'leads to itself' }
  it('stand at the control that they are part of', () => {
    expect(errorAt(fields, 'settings.members')).toBe('no such user')
    expect(errorAt(fields, 'settings.group.name')).toBe('is missing')
    expect(errorAt(fields, 'settings.member')).toBeUndefined()
    expect(shownOf(fields, ['settings.members', 'settings.group'])).toEqual(['settings.members.0', 'settings.group.name'])
  })
})
