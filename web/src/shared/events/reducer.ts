import type { CallListEntry, Colleague } from '../api/types'
import type { CallListData } from '../api/queries'
import type { ServerEvent } from './types'

/** The part of the query cache that events change. `undefined` means: not loaded yet. */
export interface LiveData {
  calls: CallListData | undefined
  directory: Colleague[] | undefined
}

export interface Reduction {
  data: LiveData
  /** Events were lost: what is cached may be wrong and must be fetched again. */
  reload: boolean
}

/** Puts a new entry on top; one that is already listed is replaced in its place (events may repeat after a resume). */
export function addCallListEntry(data: CallListData | undefined, entry: CallListEntry): CallListData | undefined {
  if (!data) return data
  const known = data.pages.some((page) => page.items.some((item) => item.id === entry.id))
  const pages = data.pages.map((page, index) => {
    if (known) return { ...page, items: page.items.map((item) => (item.id === entry.id ? entry : item)) }
    return index === 0 ? { ...page, items: [entry, ...page.items] } : page
  })
  return { ...data, pages }
}

export function markAllSeen(data: CallListData | undefined): CallListData | undefined {
  if (!data) return data
  const pages = data.pages.map((page) => ({ ...page, items: page.items.map((item) => ({ ...item, seen: true })) }))
  return { ...data, pages }
}

export function countMissed(data: CallListData | undefined): number {
  if (!data) return 0
  return data.pages.flatMap((page) => page.items).filter((item) => item.result === 'missed' && !item.seen).length
}

/** What one server event does to the cached data. */
export function reduceEvent(data: LiveData, event: ServerEvent): Reduction {
  switch (event.type) {
    case 'call_list.added':
      return { data: { ...data, calls: addCallListEntry(data.calls, event.data.entry) }, reload: false }
    case 'line.changed': {
      const { user_id, state } = event.data
      const directory = data.directory?.map((person) =>
        person.user_id === user_id ? { ...person, line_state: state } : person,
      )
      return { data: { ...data, directory }, reload: false }
    }
    case 'events.gap':
      return { data, reload: true }
    case 'registration.changed':
    case 'call.changed':
    case 'trunk.changed':
    case 'features.changed':
      return { data, reload: false }
  }
}
