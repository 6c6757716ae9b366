import { describe, expect, it } from 'vitest'

import { dialString, formatNumber, formatTyped, isEmergency, looksLikeNumber } from './number'

describe('dialString', () => {
  it.each([
    ['12', '12'],
    ['+49 (0)30 23125-010', '+493023125010'],
    ['(+49) 40/66969-001', '+494066969001'],
    ['030 / 23 12 50 10', '03023125010'],
    ['tel:+49-40-66969001', '+494066969001'],
    ['sip:12@muster.example', '12'],
    ['*21#', '*21#'],
    ['Anna', ''],
    ['+', ''],
  ])('%s → %s', (text, number) => {
    expect(dialString(text)).toBe(number)
  })
})

it('tells numbers from names', () => {
  for (const text of ['12', '+49 30', '*97#', '(030) 12', 'tel:+4930']) expect(looksLikeNumber(text)).toBe(true)
  for (const text of ['Anna', '', 'Raum 12', '3 Musketiere']) expect(looksLikeNumber(text)).toBe(false)
})

it('groups what is typed and leaves extensions and codes alone', () => {
  expect(formatTyped('+494066969001')).toBe('+49 40 66969001')
  expect(formatTyped('12')).toBe('12')
  expect(formatTyped('+')).toBe('+')
  expect(formatTyped('+4')).toBe('+4')
  expect(formatTyped('*21#')).toBe('*21#')
  expect(formatTyped('Anna')).toBe('Anna')
})

it('shows complete numbers internationally', () => {
  expect(formatNumber('+493023125010')).toBe('+49 30 23125010')
  expect(formatNumber('03023125010')).toBe('+49 30 23125010')
  expect(formatNumber('12')).toBe('12')
  expect(formatNumber('anonymous')).toBe('anonymous')
})

it('knows emergency numbers however they are written', () => {
  expect(['112', ' 1 1 0 ', 'tel:112'].every(isEmergency)).toBe(true)
  expect(['1120', '0112', '+49112', '12'].some(isEmergency)).toBe(false)
})
