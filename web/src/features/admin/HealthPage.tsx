import { Alert, Skeleton, Switch } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconPlugConnected, IconStethoscope } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'

import { Page } from '@/shared/ui/Page'

import { Action } from './Action'
import classes from './admin.module.css'
import { sick } from './filters'
import { TRUNK_TONES } from './LinesPage'
import { Listing, Pill, RowText } from './Listing'
import { readAll, readHealth, type Customer, type Trunk } from './requests'
import { TrunkTestDialog } from './TrunkTestDialog'

const LOOK_MS = 10_000
const TONES = { ok: 'good', degraded: 'accent', down: 'bad' } as const

/** How the node and every customer's trunks are; looked at again all the time. */
export function HealthPage() {
  const { t } = useTranslation()
  const health = useQuery({ queryKey: ['admin', '/health'], queryFn: ({ signal }) => readHealth(signal), refetchInterval: LOOK_MS })
  const trunks = useQuery({
    queryKey: ['admin', '/trunks', 'whole'],
    queryFn: ({ signal }) => readAll<Trunk>('/trunks', {}, signal),
    refetchInterval: LOOK_MS,
  })
  const customers = useQuery({
    queryKey: ['admin', '/customers', 'whole'],
    queryFn: ({ signal }) => readAll<Customer>('/customers', {}, signal),
  })
  const [all, setAll] = useState(false)
  const [tested, setTested] = useState<Trunk | null>(null)
  const nameOf = (id: string) => customers.data?.find((one) => one.id === id)?.name ?? '…'
  const known = trunks.data ?? []
  const shown = all ? [...known].sort((one, other) => Number(sick(other)) - Number(sick(one))) : known.filter(sick)
  const list = {
    items: shown,
    state: trunks.isPending ? ('loading' as const) : trunks.isError ? ('failed' as const) : ('ready' as const),
    hasMore: false,
    loadingMore: false,
    more: () => undefined,
    retry: () => void trunks.refetch(),
  }
  return (
    <Page
      title={t('admin.health.title')}
      aside={health.data && <Pill tone={TONES[health.data.status]}>{t(`admin.health.status.${health.data.status}`)}</Pill>}
    >
      {health.isPending && <Skeleton height={90} radius="lg" />}
      {health.isError && <Alert color="apricot">{t('admin.failed')}</Alert>}
      {health.data && (
        <dl className={classes.figures} data-testid="health" data-status={health.data.status}>
          {(['engine', 'store'] as const).map((part) => (
            <div key={part} className={classes.figure}>
              <dt>{t(`admin.health.${part}`)}</dt>
              <dd>{t(`admin.health.part.${health.data[part]}`)}</dd>
            </div>
          ))}
          <div className={classes.figure}>
            <dt>{t('admin.health.trunks')}</dt>
            <dd className="numeric">{t('admin.health.of', { registered: health.data.trunks.registered, total: health.data.trunks.total })}</dd>
          </div>
        </dl>
      )}
      <div className={classes.headingRow}>
        <h2 className={classes.heading}>{t('admin.health.everyTrunk')}</h2>
        <Switch label={t('admin.health.all')} checked={all} onChange={(event) => setAll(event.currentTarget.checked)} data-testid="health-all" />
      </div>
      <Listing
        list={list}
        name={t('admin.health.everyTrunk')}
        id={(trunk) => trunk.id}
        empty={t('admin.health.allWell')}
        row={(trunk) => (
          <>
            <IconPlugConnected aria-hidden />
            <RowText
              title={<Link to={`/admin/customers/${trunk.customer_id}/lines`}>{`${nameOf(trunk.customer_id)}: ${trunk.name}`}</Link>}
              badge={<Pill tone={TRUNK_TONES[trunk.state]}>{t(`admin.lines.state.${trunk.state}`)}</Pill>}
            >
              <span>{`${trunk.host}:${trunk.port}`}</span>
              {sick(trunk) && trunk.detail !== '' && <span>{trunk.detail}</span>}
            </RowText>
            <span className={classes.actions}>
              <Action label={t('admin.trunkTest.title', { name: trunk.name })} onClick={() => setTested(trunk)} testId="trunk-open">
                <IconStethoscope size={20} />
              </Action>
            </span>
          </>
        )}
      />
      {tested && <TrunkTestDialog trunk={tested} onClose={() => setTested(null)} />}
    </Page>
  )
}
