import { beforeAll, expect, it } from 'vitest'

import { changeLanguage, startI18n } from '@/shared/i18n/i18n'

import { ApiError, type Said } from './client'
import { reasonOf, spoken } from './sentences'

beforeAll(() => startI18n('de'))

const said = (code: string, values: Said['values'] = {}): Said => ({ code, values, message: 'in English' })
const problem = (slug: string, more: ApiError['problem'] = {}) =>
  new ApiError(403, { type: `urn:stimme:problem:${slug}`, detail: 'in English', ...more }, null)

it('says a mistake in the language of the page, with its values', () => {
  expect(spoken(said('demo-users', { count: 3 }))).toBe('Mit einer Demolizenz gibt es höchstens 3 Benutzer.')
  expect(spoken(said('no-such', { thing: 'site' }))).toBe('Es gibt diesen Standort nicht.')
  expect(spoken(said('invented-later'))).toBe('in English')
})

it('says why something is refused: by code, else by type', () => {
  const needed = problem('package-required', { code: 'package-required', values: { package: 'volle', own: 'klare', feature: 'softphone' } })
  expect(reasonOf(needed)).toBe('Dafür braucht der Benutzer das Paket Volle Stimme: Telefonieren im Browser. Er hat Klare Stimme.')
  const right = problem('right-missing', { code: 'right-missing', values: { rights: 'billing,support' } })
  expect(reasonOf(right)).toBe('Dazu braucht Ihr Zugang eines dieser Rechte: Abrechnung, Support.')
  expect(reasonOf(problem('licence-limit'))).toBe('Die Grenze der Lizenz ist erreicht.')
  expect(reasonOf(problem('invented-later'))).toBe('in English')
})

it('names everything that stands in the way', () => {
  const error = problem('month-closing', {
    code: 'not-closable',
    values: { month: '2026-10', reasons: '' },
    reasons: [said('no-billing-address', { name: 'Muster GmbH' })],
  })
  expect(reasonOf(error)).toBe('2026-10 lässt sich noch nicht abschließen: Muster GmbH hat keine Rechnungsanschrift.')
})

it('speaks the other language as soon as the page does', async () => {
  await changeLanguage('en')
  expect(spoken(said('missing'))).toBe('This is missing.')
  await changeLanguage('de')
})
