import { parseEvent, type ServerEvent, type StreamState } from './types'

export interface StreamHandler {
  onEvent: (event: ServerEvent) => void
  onState: (state: StreamState) => void
  /** Connected without a resume token: whatever happened before was not told. */
  onLost: () => void
  /** The session is over: the server will not let this stream in again. */
  onSignedOut: () => void
}

interface Parts {
  open: (url: string) => WebSocket
  /** Runs `run` after `milliseconds`; returns how to call it off. */
  later: (milliseconds: number, run: () => void) => () => void
  random: () => number
}

const FIRST_WAIT = 500
const LONGEST_WAIT = 15_000
const CLOSE_SIGNED_OUT = 4401

/** Pause before the n-th reconnect (n from 0): doubling, up to 15 s, spread by ±25 % so that clients do not come back in step. */
export function reconnectDelay(attempt: number, random: number): number {
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt) * (0.75 + random * 0.5)
}

/**
 * The one WebSocket of server events. It reconnects for as long as it is not closed and resumes after the last event
 * it has seen (`since`).
 */
export class EventStream {
  private readonly url: string
  private readonly handler: StreamHandler
  private readonly parts: Parts
  private socket: WebSocket | null = null
  private cancelWait: (() => void) | null = null
  private attempt = 0
  private since: string | null = null
  private closed = false

  constructor(url: string, handler: StreamHandler, parts: Parts = browserParts) {
    this.url = url
    this.handler = handler
    this.parts = parts
  }

  connect(): void {
    this.cancelWait?.()
    this.cancelWait = null
    if (this.closed || this.socket) return
    this.handler.onState('connecting')
    const query = this.since === null ? '' : `?since=${encodeURIComponent(this.since)}`
    const socket = this.parts.open(this.url + query)
    this.socket = socket
    socket.onopen = () => this.opened()
    socket.onmessage = (message: MessageEvent<unknown>) => this.received(message.data)
    socket.onclose = (event) => this.dropped(event.code)
  }

  /** Ends the stream for good. */
  close(): void {
    this.closed = true
    this.cancelWait?.()
    if (this.socket) {
      this.socket.onclose = null
      this.socket.close()
    }
    this.socket = null
  }

  private opened(): void {
    this.attempt = 0
    this.handler.onState('open')
    if (this.since === null) this.handler.onLost()
  }

  private received(text: unknown): void {
    if (typeof text !== 'string') return
    const event = parseEvent(text)
    if (!event) return
    this.since = event.at
    this.handler.onEvent(event)
  }

  private dropped(code: number): void {
    this.socket = null
    if (this.closed) return
    if (code === CLOSE_SIGNED_OUT) {
      this.closed = true
      this.handler.onSignedOut()
      return
    }
    this.handler.onState('waiting')
    const delay = reconnectDelay(this.attempt, this.parts.random())
    this.attempt += 1
    this.cancelWait = this.parts.later(delay, () => this.connect())
  }
}

const browserParts: Parts = {
  open: (url) => new WebSocket(url),
  later: (milliseconds, run) => {
    const timer = window.setTimeout(run, milliseconds)
    return () => window.clearTimeout(timer)
  },
  random: Math.random,
}

/** Where the events of the server that served this page are. */
export function eventsUrl(location: Location): string {
  return `${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/api/v1/events`
}
