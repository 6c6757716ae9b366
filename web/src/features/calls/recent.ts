import type { CallListEntry } from '@/shared/api/types'

import type { Party } from './DialPanel'

/** The last `count` different parties of a call list (newest first). */
export function recentParties(entries: readonly CallListEntry[], count: number): Party[] {
  const parties = new Map<string, Party>()
  for (const { number, name } of entries) {
    if (parties.size === count) break
    if (number !== null && number !== '' && !parties.has(number)) parties.set(number, { number, name: name || null })
  }
  return [...parties.values()]
}
