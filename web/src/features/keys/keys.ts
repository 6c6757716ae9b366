/** Function keys as the API has them, and what is typed into them. */
import type { components } from '@/shared/api/schema'

export type KeyList = components['schemas']['KeyList']
export type KeyBody = components['schemas']['KeyBody']
export type Kind = KeyBody['kind']

export const KINDS: readonly Kind[] = ['line', 'dial', 'group', 'park', 'night', 'diversion', 'dnd', 'pickup']
export const DIVERSIONS = ['always', 'busy', 'no_reply', 'not_registered'] as const
const MOST = 120

/** What is typed beside a key of a kind: text, a choice of words, or nothing. */
export function targetOf(kind: Kind): 'text' | 'night' | 'diversion' | 'none' {
  if (kind === 'night' || kind === 'diversion') return kind
  return kind === 'dnd' || kind === 'pickup' ? 'none' : 'text'
}

/** A key of another kind: what does not belong to it is forgotten. */
export function withKind(key: KeyBody, kind: Kind): KeyBody {
  const targets = { text: '', night: '1', diversion: 'always', none: null }
  return { ...key, kind, target: targets[targetOf(kind)], number: kind === 'diversion' ? '' : null }
}

/** The first position that is free; null when all are taken. */
export function freePosition(keys: readonly KeyBody[]): number | null {
  const taken = new Set(keys.map(({ position }) => position))
  for (let position = 1; position <= MOST; position++) if (!taken.has(position)) return position
  return null
}

export function isWhole({ kind, target, number }: KeyBody): boolean {
  const text = targetOf(kind) === 'none' || (target ?? '').trim() !== ''
  return text && (kind !== 'diversion' || (number ?? '').trim() !== '')
}
