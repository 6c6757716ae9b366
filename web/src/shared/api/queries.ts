import { useInfiniteQuery, useQuery, type InfiniteData } from '@tanstack/react-query'

import { api } from './client'
import type { CallListPage, Colleague } from './types'

/** Cache keys; the event reducer writes under the same ones. */
export const keys = {
  account: ['account'] as const,
  calls: ['calls'] as const,
  directory: ['directory'] as const,
}

export type CallListData = InfiniteData<CallListPage, string | null>

export function useCallList() {
  return useInfiniteQuery<CallListPage, Error, CallListData, typeof keys.calls, string | null>({
    queryKey: keys.calls,
    queryFn: ({ pageParam, signal }) => api.calls(pageParam, signal),
    initialPageParam: null,
    getNextPageParam: (page) => page.next,
    staleTime: Infinity, // the event stream keeps it current
  })
}

export function useDirectory() {
  return useQuery<Colleague[]>({
    queryKey: keys.directory,
    queryFn: ({ signal }) => api.directory('', signal),
    staleTime: Infinity,
  })
}
