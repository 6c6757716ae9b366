import { Button, Center, Loader, MantineProvider, Stack, Text } from '@mantine/core'
import { QueryCache, QueryClient, QueryClientProvider, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { BrowserRouter } from 'react-router'

import { PasswordPage } from '@/features/session/PasswordPage'
import { purposeOf } from '@/features/session/passwordLink'
import { SignIn } from '@/features/session/SignIn'
import { takeResult } from '@/features/session/singleSignOn'
import { PreferenceStore } from '@/features/settings/preferences'
import { Tones } from '@/features/softphone/tones'
import { api, ApiError, UnreachableError } from '@/shared/api/client'
import { keys } from '@/shared/api/queries'
import type { Account } from '@/shared/api/types'
import { changeLanguage } from '@/shared/i18n/i18n'
import { isLanguage } from '@/shared/i18n/languages'
import { theme } from '@/shared/theme/theme'
import { Logo } from '@/shared/ui/Logo'

import { PageContext, type PageServices } from './services'
import { SignedIn } from './SignedIn'

/** A 401 on any request means that the session is over, whatever asked. */
function createQueryClient(): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof ApiError && error.status === 401) client.setQueryData(keys.account, null)
      },
    }),
    defaultOptions: {
      queries: {
        retry: (count, error) => error instanceof UnreachableError || (count < 2 && !(error instanceof ApiError)),
        retryDelay: (attempt) => Math.min(10_000, 500 * 2 ** attempt),
        refetchOnWindowFocus: false,
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  })
  return client
}

export function App() {
  const [client] = useState(createQueryClient)
  const [purpose] = useState(() => purposeOf(window.location.pathname))
  const [services] = useState<PageServices>(() => ({ preferences: new PreferenceStore(), tones: new Tones() }))
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <PageContext value={services}>
          <BrowserRouter>
            {purpose === null ? <Door /> : <PasswordPage purpose={purpose} />}
          </BrowserRouter>
        </PageContext>
      </QueryClientProvider>
    </MantineProvider>
  )
}

/** How the way to the company's sign-in ended; read once, for React may build the door twice. */
const RETURNED = takeResult()

/** In front of everything: who is there? */
function Door() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [known, setKnown] = useState(false)
  // Before anything is asked: it may say that somebody is signed in now.
  const [returned, setReturned] = useState(RETURNED)
  const account = useQuery({
    queryKey: keys.account,
    queryFn: ({ signal }) => api.account(signal),
    staleTime: Infinity,
    retry: false,
  })

  if (account.isPending) {
    return (
      <Center h="100%">
        <Loader aria-label={t('app.loading')} />
      </Center>
    )
  }
  if (account.isError) {
    return (
      <Center h="100%" p="lg">
        <Stack align="center" gap="lg" maw={420} ta="center">
          <Logo size={44} />
          <Text role="alert">{t('app.unreachable')}</Text>
          <Button onClick={() => void account.refetch()} loading={account.isFetching}>
            {t('app.retry')}
          </Button>
        </Stack>
      </Center>
    )
  }
  if (account.data === null) {
    const signedIn = (found: Account) => {
      client.clear()
      client.setQueryData(keys.account, found)
      setKnown(true)
      setReturned(null)
      if (isLanguage(found.language)) void changeLanguage(found.language)
    }
    return <SignIn onSignedIn={signedIn} expired={known} returned={returned} />
  }
  const signOut = () => {
    setKnown(false)
    // Whether or not the server hears it: here nobody is signed in any more.
    void api.signOut().catch(() => undefined).finally(() => {
      client.clear()
      client.setQueryData(keys.account, null)
    })
  }
  return <SignedIn key={account.data.id} account={account.data} onSignOut={signOut} onExpired={() => {
    setKnown(true)
    client.setQueryData(keys.account, null)
  }} />
}
