import { Center, Loader } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'

const Pages = lazy(() => import('@/features/admin/AdminPages').then((loaded) => ({ default: loaded.AdminPages })))

/** Administration is fetched when it is opened; who only telephones never waits for it. */
export function AdminPages() {
  const { t } = useTranslation()
  return (
    <Suspense
      fallback={
        <Center h="100%">
          <Loader aria-label={t('app.loading')} />
        </Center>
      }
    >
      <Pages />
    </Suspense>
  )
}
