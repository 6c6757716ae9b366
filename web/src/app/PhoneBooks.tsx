import { lazy } from 'react'
import { Fetched } from './Fetched'

const Pages = lazy(() => import('@/features/books/PhoneBooksPage').then((loaded) => ({ default: loaded.PhoneBooksPage })))

/** Phone books are fetched when they are opened: a call never waits for them. */
export function PhoneBooks() {
  return (
    <Fetched>
      <Pages />
    </Fetched>
  )
}
