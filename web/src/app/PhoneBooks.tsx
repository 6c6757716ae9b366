import { Center, Loader } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'

const Pages = lazy(() => import('@/features/books/PhoneBooksPage').then((loaded) => ({ default: loaded.PhoneBooksPage })))

/** Phone books are fetched when they are opened: a call never waits for them. */
export function PhoneBooks() {
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
