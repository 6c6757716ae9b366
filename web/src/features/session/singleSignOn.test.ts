import { beforeEach, describe, expect, it } from 'vitest'

import { visited } from '@/shared/api/visited'

import { domainIn, resultIn, signOnAddress, takeResult } from './singleSignOn'

describe('what comes back from single sign-on', () => {
  beforeEach(() => {
    localStorage.clear()
    window.history.replaceState(null, '', '/')
  })

  it.each([
    ['', null],
    ['#single-sign-on=no-account', 'no-account'],
    ['#single-sign-on=done', 'done'],
    ['#single-sign-on=something-new', 'refused'],
    ['#other=no-account', null],
  ])('%s', (hash, result) => {
    expect(resultIn(hash)).toBe(result)
  })

  it('is told once', () => {
    window.history.replaceState(null, '', '/#single-sign-on=expired')
    expect(takeResult()).toBe('expired')
    expect(window.location.hash).toBe('')
    expect(takeResult()).toBeNull()
    expect(visited.get()).toBe(false)
  })

  it('lets the page ask who is there', () => {
    window.history.replaceState(null, '', '/#single-sign-on=done')
    expect(takeResult()).toBeNull()
    expect(visited.get()).toBe(true)
  })
})

it('takes the domain of a mail address', () => {
  expect(domainIn(' Anna@Muster.Example ')).toBe('muster.example')
  expect(signOnAddress('muster.example')).toBe('/api/v1/session/single-sign-on/muster.example')
})
