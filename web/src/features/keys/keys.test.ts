import { expect, it } from 'vitest'

import { freePosition, isWhole, withKind, type KeyBody } from './keys'

const LINE: KeyBody = { position: 1, kind: 'line', target: '12', number: null, label: '' }

it('forgets what does not belong to another kind', () => {
  expect(withKind(LINE, 'dnd')).toEqual({ ...LINE, kind: 'dnd', target: null })
  expect(withKind(LINE, 'night').target).toBe('1')
  expect(withKind(LINE, 'diversion')).toEqual({ ...LINE, kind: 'diversion', target: 'always', number: '' })
})

it('finds the first free position', () => {
  expect(freePosition([])).toBe(1)
  expect(freePosition([LINE, { ...LINE, position: 3 }])).toBe(2)
  expect(freePosition(Array.from({ length: 120 }, (_, place) => ({ ...LINE, position: place + 1 })))).toBeNull()
})

it('knows when a key says everything', () => {
  expect(isWhole(LINE)).toBe(true)
  expect(isWhole({ ...LINE, target: ' ' })).toBe(false)
  expect(isWhole(withKind(LINE, 'pickup'))).toBe(true)
  expect(isWhole(withKind(LINE, 'diversion'))).toBe(false)
})
