import { describe, expect, it } from 'vitest'

import { purposeOf, tokenIn } from './passwordLink'

describe('links in letters', () => {
  it('knows its pages', () => {
    expect(purposeOf('/invitation')).toBe('invitation')
    expect(purposeOf('/reset/')).toBe('reset')
    expect(purposeOf('/')).toBeNull()
    expect(purposeOf('/admin/reset')).toBeNull()
  })

  it('takes a token and nothing else', () => {
    expect(tokenIn('#0nDqXn8f_-0nDqXn8f_-')).toBe('0nDqXn8f_-0nDqXn8f_-')
    expect(tokenIn('')).toBeNull()
    expect(tokenIn('#short')).toBeNull()
    expect(tokenIn('#<script>alert(1)</script>')).toBeNull()
  })
})
