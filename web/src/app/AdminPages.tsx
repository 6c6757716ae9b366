import { lazy } from 'react'
import { Fetched } from './Fetched'

const Pages = lazy(() => import('@/features/admin/AdminPages').then((loaded) => ({ default: loaded.AdminPages })))

/** Administration is fetched when it is opened; who only telephones never waits for it. */
export function AdminPages() {
  return (
    <Fetched>
      <Pages />
    </Fetched>
  )
}
