import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

import { useSignedIn } from '@/app/services'
import { api } from '@/shared/api/client'
import { keys, useCallList, useDirectory, type CallListData } from '@/shared/api/queries'
import { countMissed, markAllSeen } from '@/shared/events/reducer'
import { useNow } from '@/shared/useNow'

import { CallListView, type CallFilter } from './CallListView'

/** How long a new entry stays marked once the list is in view. */
const READING_MS = 3000

export function CallListPage() {
  const { softphone } = useSignedIn()
  const list = useCallList()
  const directory = useDirectory()
  const [filter, setFilter] = useState<CallFilter>('all')
  const now = useNow(true)
  useSeen(list.data)

  const lines = new Map(directory.data?.map((person) => [person.user_id, person.line_state]))
  return (
    <CallListView
      entries={list.data?.pages.flatMap((page) => page.items) ?? []}
      state={list.isPending ? 'loading' : list.isError && !list.data ? 'failed' : 'ready'}
      filter={filter}
      now={new Date(now)}
      lineOf={(userId) => (userId === null ? undefined : lines.get(userId))}
      hasMore={list.hasNextPage}
      loadingMore={list.isFetchingNextPage}
      onFilter={setFilter}
      onMore={() => void list.fetchNextPage()}
      onRetry={() => void list.refetch()}
      onCall={(entry) => {
        if (entry.number !== null) softphone.dial(entry.number, entry.name)
      }}
    />
  )
}

/** Tells the server that missed calls have been seen, once they really can have been: page visible for a moment. */
function useSeen(data: CallListData | undefined): void {
  const client = useQueryClient()
  const [visible, setVisible] = useState(() => document.visibilityState === 'visible')
  const missed = countMissed(data)
  useEffect(() => {
    const changed = () => setVisible(document.visibilityState === 'visible')
    document.addEventListener('visibilitychange', changed)
    return () => document.removeEventListener('visibilitychange', changed)
  }, [])
  useEffect(() => {
    if (!visible || missed === 0) return
    const timer = window.setTimeout(() => {
      // If the server does not hear it, the entries are new again at the next load; nothing is lost.
      void api.markCallsSeen().then(
        () => client.setQueryData<CallListData>(keys.calls, markAllSeen),
        () => undefined,
      )
    }, READING_MS)
    return () => window.clearTimeout(timer)
  }, [client, visible, missed])
}
