import {
  IconBuilding,
  IconBuildingStore,
  IconDeviceLandlinePhone,
  IconHash,
  IconMapPin,
  IconPlugConnected,
  IconSearch,
  IconUser,
  IconUsersGroup,
} from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import { TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'

import { useSignedIn } from '@/app/services'
import { formatNumber } from '@/shared/number'
import { Page } from '@/shared/ui/Page'

import classes from './admin.module.css'
import { Listing, Pill, RowText } from './Listing'
import { placeOf } from './places'
import { address, read, type SearchHit } from './requests'

const TYPING_MS = 250

const ICONS: Readonly<Record<SearchHit['kind'], ReactNode>> = {
  reseller: <IconBuildingStore aria-hidden />,
  customer: <IconBuilding aria-hidden />,
  user: <IconUser aria-hidden />,
  number: <IconHash aria-hidden />,
  device: <IconDeviceLandlinePhone aria-hidden />,
  service: <IconUsersGroup aria-hidden />,
  trunk: <IconPlugConnected aria-hidden />,
  site: <IconMapPin aria-hidden />,
}

/** One field over everything that one may see; what was looked for is in the address, so that back leads here. */
export function SearchPage() {
  const { t } = useTranslation()
  const { account } = useSignedIn()
  const [parameters, setParameters] = useSearchParams()
  const text = parameters.get('query') ?? ''
  const [wanted] = useDebouncedValue(text.trim(), TYPING_MS)
  const hits = useQuery({
    queryKey: ['admin', '/search', wanted],
    queryFn: ({ signal }) => read<{ items: SearchHit[] }>(address('/search', { query: wanted }), signal),
    enabled: wanted !== '',
    placeholderData: (before) => before,
  })
  const list = {
    items: hits.data?.items ?? [],
    state: hits.isPending ? ('loading' as const) : hits.isError ? ('failed' as const) : ('ready' as const),
    hasMore: false,
    loadingMore: false,
    more: () => undefined,
    retry: () => void hits.refetch(),
  }
  const own = account.role === 'customer'
  return (
    <Page title={t('admin.search.title')}>
      <TextInput
        className={classes.everywhere ?? ''}
        aria-label={t('admin.search.label')}
        placeholder={t('admin.search.hint')}
        size="lg"
        radius="xl"
        leftSection={<IconSearch size={20} />}
        value={text}
        onChange={(event) => setParameters({ query: event.currentTarget.value }, { replace: true })}
        autoFocus
        data-testid="search-everywhere"
      />
      {wanted !== '' && (
        <Listing
          list={list}
          name={t('admin.search.title')}
          id={(hit) => `${hit.kind}-${hit.id}`}
          empty={t('admin.search.nothing', { query: wanted })}
          row={(hit) => (
            <>
              {ICONS[hit.kind]}
              <RowText
                title={
                  <Link to={placeOf(hit, own)} data-testid="search-hit" data-kind={hit.kind}>
                    {nameOf(hit)}
                  </Link>
                }
                badge={<Pill>{hit.kind === 'service' ? t(`admin.services.kind.${hit.detail as 'group'}`) : t(`admin.search.kind.${hit.kind}`)}</Pill>}
              >
                {hit.kind !== 'service' && hit.detail !== '' && hit.detail !== nameOf(hit) && <span>{hit.detail}</span>}
                {!own && hit.kind !== 'customer' && hit.customer !== null && <span>{hit.customer}</span>}
              </RowText>
            </>
          )}
        />
      )}
    </Page>
  )
}

function nameOf(hit: SearchHit): string {
  if (hit.kind === 'number') return formatNumber(hit.name)
  return hit.name || hit.detail
}
