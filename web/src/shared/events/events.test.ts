import { describe, expect, it } from 'vitest'

import type { CallListEntry, Colleague } from '../api/types'
import type { CallListData } from '../api/queries'
import { countMissed, markAllSeen, reduceEvent } from './reducer'
import { EventStream, eventsUrl, reconnectDelay } from './stream'
import { parseEvent } from './types'

const entry = (id: string, part: Partial<CallListEntry> = {}): CallListEntry => ({
  id,
  call_id: `call-${id}`,
  direction: 'incoming',
  result: 'missed',
  number: '12',
  name: null,
  user_id: null,
  started_at: '2026-01-01T10:00:00Z',
  answered_at: null,
  duration_seconds: null,
  seen: false,
  ...part,
})

const list = (...items: CallListEntry[]): CallListData => ({ pages: [{ items, next: null }], pageParams: [null] })
const person: Colleague = { user_id: 'u1', name: 'Anna', extension: '10', number: null, line_state: 'free' }
const at = '2026-01-01T10:00:00.000001Z'

describe('reduceEvent', () => {
  it('puts a new entry on top', () => {
    const event = { type: 'call_list.added', at, data: { entry: entry('2') } } as const
    const { data } = reduceEvent({ calls: list(entry('1')), directory: undefined }, event)
    expect(data.calls?.pages[0]?.items.map((item) => item.id)).toEqual(['2', '1'])
    expect(countMissed(data.calls)).toBe(2)
  })

  it('replaces an entry that is told again after a resume', () => {
    const event = { type: 'call_list.added', at, data: { entry: entry('1', { seen: true }) } } as const
    const { data } = reduceEvent({ calls: list(entry('1')), directory: undefined }, event)
    expect(data.calls?.pages[0]?.items).toEqual([entry('1', { seen: true })])
  })

  it('changes the line of one colleague', () => {
    const event = { type: 'line.changed', at, data: { user_id: 'u1', state: 'busy' } } as const
    const { data } = reduceEvent({ calls: undefined, directory: [person] }, event)
    expect(data.directory?.[0]?.line_state).toBe('busy')
    expect(person.line_state).toBe('free')
  })

  it('asks for a reload after a gap and leaves the rest alone', () => {
    const before = { calls: list(entry('1')), directory: [person] }
    expect(reduceEvent(before, { type: 'events.gap', at, data: {} })).toEqual({ data: before, reload: true })
  })

  it('waits with entries until the list has been loaded', () => {
    const event = { type: 'call_list.added', at, data: { entry: entry('2') } } as const
    expect(reduceEvent({ calls: undefined, directory: undefined }, event).data.calls).toBeUndefined()
  })
})

it('nothing is missed any more once all is seen', () => {
  expect(countMissed(markAllSeen(list(entry('1'), entry('2'))))).toBe(0)
})

it('takes only what it understands', () => {
  expect(parseEvent('{"type":"line.changed","at":"t","data":{}}')).not.toBeNull()
  expect(parseEvent('{"type":"of.tomorrow","at":"t","data":{}}')).toBeNull()
  expect(parseEvent('{"type":"line.changed","data":{}}')).toBeNull()
  expect(parseEvent('nonsense')).toBeNull()
})

describe('EventStream', () => {
  interface FakeSocket {
    url: string
    onopen: () => void
    onmessage: (message: { data: string }) => void
    onclose: (event: { code: number }) => void
    close: () => void
  }

  function createStream() {
    const sockets: FakeSocket[] = []
    const waits: { milliseconds: number; run: () => void }[] = []
    const log: string[] = []
    const stream = new EventStream(
      'wss://pbx/events',
      {
        onEvent: (event) => log.push(event.type),
        onState: (state) => log.push(state),
        onLost: () => log.push('lost'),
        onSignedOut: () => log.push('signed out'),
      },
      {
        open: (url) => {
          const socket = { url, close: () => undefined } as unknown as FakeSocket
          sockets.push(socket)
          return socket as unknown as WebSocket
        },
        later: (milliseconds, run) => {
          waits.push({ milliseconds, run })
          return () => undefined
        },
        random: () => 0.5,
      },
    )
    return { stream, sockets, waits, log }
  }

  it('resumes after the last event it saw', () => {
    const { stream, sockets, waits, log } = createStream()
    stream.connect()
    sockets[0]?.onopen()
    sockets[0]?.onmessage({ data: JSON.stringify({ type: 'events.gap', at, data: {} }) })
    sockets[0]?.onclose({ code: 1006 })
    waits[0]?.run()
    expect(sockets[1]?.url).toBe(`wss://pbx/events?since=${encodeURIComponent(at)}`)
    sockets[1]?.onopen()
    expect(log).toEqual(['connecting', 'open', 'lost', 'events.gap', 'waiting', 'connecting', 'open'])
  })

  it('waits longer from try to try, and starts anew after a success', () => {
    const { stream, sockets, waits } = createStream()
    stream.connect()
    for (let attempt = 0; attempt < 3; attempt += 1) {
      sockets[attempt]?.onclose({ code: 1006 })
      waits[attempt]?.run()
    }
    expect(waits.map((wait) => wait.milliseconds)).toEqual([500, 1000, 2000])
    sockets[3]?.onopen()
    sockets[3]?.onclose({ code: 1006 })
    expect(waits[3]?.milliseconds).toBe(500)
  })

  it('stays away when the session is over', () => {
    const { stream, sockets, waits, log } = createStream()
    stream.connect()
    sockets[0]?.onclose({ code: 4401 })
    expect(log.at(-1)).toBe('signed out')
    expect(waits).toEqual([])
  })
})

it('the pause has an upper end', () => {
  expect(reconnectDelay(30, 1)).toBe(18_750)
})

it('finds the stream beside the page', () => {
  expect(eventsUrl(new URL('https://pbx.example:8443/calls') as unknown as Location)).toBe(
    'wss://pbx.example:8443/api/v1/events',
  )
})
