import type { EndEvent } from 'jssip/lib/RTCSession'
import { describe, expect, it } from 'vitest'

import { endOf, sipSocketUrl } from './jssip'

const end = (originator: string, cause: string, message: unknown = null) =>
  ({ originator, cause, message }) as unknown as EndEvent

describe('endOf', () => {
  it('reads the status of a refused outgoing call', () => {
    expect(endOf('outgoing', end('remote', 'Busy', { status_code: 486 }), false)).toEqual({ reason: 'busy', sipStatus: 486 })
    expect(endOf('outgoing', end('remote', 'Unavailable', { status_code: 503 }), false).reason).toBe('providerUnreachable')
  })

  it('tells a silent server (timer B) from nobody answering (408)', () => {
    expect(endOf('outgoing', end('system', 'Request Timeout'), false).reason).toBe('connection')
    expect(endOf('outgoing', end('remote', 'Request Timeout', { status_code: 408 }), false).reason).toBe('noAnswer')
  })

  it('knows the microphone and our own cancelling', () => {
    expect(endOf('outgoing', end('local', 'User Denied Media Access'), false).reason).toBe('microphone')
    expect(endOf('outgoing', end('local', 'Canceled'), true).reason).toBe('local')
  })

  it('does not take a lost socket for our own cancelling', () => {
    expect(endOf('outgoing', end('local', 'Canceled'), false).reason).toBe('connection')
  })

  it('tells a missed call from one taken elsewhere', () => {
    const cancel = (reason?: string) => end('remote', 'Canceled', { getHeader: () => reason })
    expect(endOf('incoming', cancel(), false).reason).toBe('missed')
    expect(endOf('incoming', cancel('SIP;cause=200;text="Call completed elsewhere"'), false).reason).toBe('elsewhere')
  })
})

describe('sipSocketUrl', () => {
  const at = (href: string) => new URL(href) as unknown as Location

  it('takes the host of the page when the port is the same', () => {
    expect(sipSocketUrl('wss://127.0.0.1:8443/sip', at('https://pbx.example:8443/calls'))).toBe('wss://pbx.example:8443/sip')
    expect(sipSocketUrl('wss://node1/sip', at('https://pbx.example/'))).toBe('wss://pbx.example/sip')
  })

  it('believes the server about another port', () => {
    expect(sipSocketUrl('wss://edge.example:4443/sip', at('https://pbx.example/'))).toBe('wss://edge.example:4443/sip')
  })
})
