import { useInfiniteQuery, useQuery, type InfiniteData } from '@tanstack/react-query'

import { address, read, type PageOf, type Parameters } from './requests'

const PAGE = '50'

export interface List<T> {
  items: T[]
  state: 'loading' | 'failed' | 'ready'
  hasMore: boolean
  loadingMore: boolean
  more: () => void
  retry: () => void
}

/**
 * A list of the API, page after page. What was found stays in view while the next search runs.
 *
 * @param cursor The parameter that `next` of a page goes into.
 */
export function useList<T>(path: string, parameters: Parameters, cursor: 'after' | 'before' | 'cursor' = 'after'): List<T> {
  const query = useInfiniteQuery<PageOf<T>, Error, InfiniteData<PageOf<T>>, unknown[], string | null>({
    queryKey: ['admin', path, parameters],
    queryFn: ({ pageParam, signal }) =>
      read(address(path, { ...parameters, limit: PAGE, [cursor]: pageParam }), signal),
    initialPageParam: null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  })
  return {
    items: query.data?.pages.flatMap((page) => page.items) ?? [],
    state: query.isPending ? 'loading' : query.isError && !query.data ? 'failed' : 'ready',
    hasMore: query.hasNextPage,
    loadingMore: query.isFetchingNextPage,
    more: () => void query.fetchNextPage(),
    retry: () => void query.refetch(),
  }
}

/** A list that the API answers whole. */
export function useWhole<T>(path: string): List<T> {
  const query = useQuery({
    queryKey: ['admin', path],
    queryFn: ({ signal }) => read<PageOf<T>>(path, signal),
  })
  return {
    items: query.data?.items ?? [],
    state: query.isPending ? 'loading' : query.isError ? 'failed' : 'ready',
    hasMore: false,
    loadingMore: false,
    more: () => undefined,
    retry: () => void query.refetch(),
  }
}
