import type { CallListEntry, LineState } from '../api/types'

interface EventOf<T extends string, D> {
  type: T
  /** Time of the event and resume token: ISO 8601 UTC with microseconds, strictly increasing. */
  at: string
  data: D
}

/** What the WebSocket `/api/v1/events` sends and this client understands. */
export type ServerEvent =
  | EventOf<'registration.changed', { user_id: string | null; device_id: string; registered: boolean; devices_online: number }>
  | EventOf<'call_list.added', { entry: CallListEntry }>
  | EventOf<'line.changed', { user_id: string; state: LineState }>
  | EventOf<'call.changed', { call_id: string; state: string }>
  | EventOf<'trunk.changed', { trunk_id: string; name: string; state: string; detail: string | null }>
  | EventOf<'features.changed', { user_id: string; package: string; features: string[] }>
  | EventOf<'events.gap', Record<string, never>>

export type StreamState = 'connecting' | 'open' | 'waiting'

const KNOWN: ReadonlySet<string> = new Set<ServerEvent['type']>([
  'registration.changed',
  'call_list.added',
  'line.changed',
  'call.changed',
  'trunk.changed',
  'features.changed',
  'events.gap',
])

/** Reads one WebSocket text message; unknown kinds (a newer server) and broken ones give null. */
export function parseEvent(text: string): ServerEvent | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { type, at, data } = value as Record<string, unknown>
  if (typeof type !== 'string' || typeof at !== 'string' || !KNOWN.has(type)) return null
  if (typeof data !== 'object' || data === null) return null
  return value as ServerEvent
}
