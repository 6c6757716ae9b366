import { expect, it } from 'vitest'

import { bodyOf, draftOf, formatOf, type Entry } from './books'

const ENTRY: Entry = {
  id: 'e',
  book_id: 'b',
  version: 1,
  name: 'Oma',
  company: '',
  email: '',
  sort: 'Erna Oma',
  short: null,
  numbers: [{ number: '+491701234567', kind: 'mobile' }],
}

it('knows a file by its name', () => {
  expect(['a.csv', 'a.VCF', 'a.b.ldif', 'a'].map(formatOf)).toEqual(['csv', 'vcard', 'ldif', 'csv'])
})

it('sends what was typed, without empty lines', () => {
  const draft = { ...draftOf(null), name: ' Anna ', short: ' 7 ', numbers: [{ number: ' ', kind: 'work' as const }] }
  expect(bodyOf(draft, null)).toEqual({ name: 'Anna', company: '', email: '', sort: '', short: '7', numbers: [] })
})

it('keeps the order of an entry until its name changes', () => {
  const draft = draftOf(ENTRY)
  expect(bodyOf(draft, ENTRY).sort).toBe('Erna Oma')
  expect(bodyOf({ ...draft, name: 'Opa' }, ENTRY).sort).toBe('')
})
