import { expect, it } from 'vitest'

import { sorted, sums, textOf } from './imports'
import { placeOf } from './places'
import type { ImportResult, SearchHit } from './requests'
import { soundName } from './sounds'

const line = (number: number, action: ImportResult['items'][number]['action']): ImportResult['items'][number] => ({
  line: number,
  extension: String(number),
  action,
  field: null,
  message: null,
  values: {},
})
const result: ImportResult = { applied: false, items: [line(2, 'keep'), line(3, 'create'), line(4, 'refuse'), line(5, 'create')] }

it('counts what a file would do, and shows first what has to be looked at', () => {
  expect(sums(result)).toEqual({ create: 2, change: 0, keep: 1, refuse: 1 })
  expect(sorted(result).map((one) => one.line)).toEqual([4, 3, 5, 2])
})

it('reads files of spreadsheets that do not write UTF-8', () => {
  expect(textOf(new TextEncoder().encode('Jörg').buffer)).toBe('Jörg')
  expect(textOf(new Uint8Array([0x4a, 0xf6, 0x72, 0x67]).buffer)).toBe('Jörg')
})

const hit = (kind: SearchHit['kind'], part: Partial<SearchHit> = {}): SearchHit => ({
  kind,
  id: 'i',
  customer_id: 'c',
  customer: 'C',
  name: 'Anna A',
  detail: '10',
  ...part,
})

it.each<[SearchHit, boolean, string]>([
  [hit('user'), true, '/admin/users?query=Anna%20A'],
  [hit('user'), false, '/admin/customers/c/users?query=Anna%20A'],
  [hit('device', { name: '', detail: 'sip-1' }), true, '/admin/devices?query=sip-1'],
  [hit('service', { detail: 'queue' }), true, '/admin/groups'],
  [hit('service', { detail: 'calendar' }), false, '/admin/customers/c/reception'],
  [hit('service', { detail: 'barring' }), true, '/admin/rules'],
  [hit('number'), true, '/admin/lines'],
  [hit('customer'), false, '/admin/customers/c/users'],
  [hit('reseller', { customer_id: null }), false, '/admin/resellers?query=Anna%20A'],
])('leads to where a hit is looked after: %j', (found, own, place) => expect(placeOf(found, own)).toBe(place))

it('names announcements as the server wants them', () => {
  expect(soundName('Begrüßung im Büro (Sommer)')).toBe('begruessung_im_buero_sommer')
  expect(soundName('Été 2026!')).toBe('ete_2026')
  expect(soundName(' – ')).toBe('')
})
