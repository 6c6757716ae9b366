import { Alert, Button, Group, NativeSelect, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useSignedIn } from '@/app/services'
import { request } from '@/shared/api/client'
import { Page } from '@/shared/ui/Page'

import { AddressDialog } from './AddressDialog'
import classes from './admin.module.css'
import { ConfirmDialog, RefusalAlert, useAttempt } from './FormDialog'
import { Listing, Pill, RowText } from './Listing'
import { moment } from './moment'
import { read, type Customer, type LicenceEvent } from './requests'
import { useList } from './useList'

export const STANDING_TONES = { licensed: 'good', demo: 'accent', expired: 'bad', unlicensed: 'plain' } as const

/** What a customer holds now, and since when. */
export function LicencesPage({ customerId }: { customerId: string }) {
  const { t, i18n } = useTranslation()
  const { account } = useSignedIn()
  const customer = useQuery({
    queryKey: ['admin', '/customers', customerId],
    queryFn: ({ signal }) => read<Customer>(`/customers/${customerId}`, signal),
  })
  const events = useList<LicenceEvent>(`/customers/${customerId}/licence-events`, {}, 'before')
  const { data } = customer
  const [addressed, setAddressed] = useState(false)
  const seller = account.role === 'provider' || account.role === 'reseller'
  return (
    <Page
      title={t('admin.licences.title')}
      aside={data && <Pill tone={STANDING_TONES[data.standing]}>{t(`admin.standing.${data.standing}`)}</Pill>}
    >
      {customer.isPending && <Skeleton height={90} radius="lg" />}
      {customer.isError && <Alert color="apricot">{t('admin.failed')}</Alert>}
      {data?.demo_ends != null && (
        <Alert color="petrol" mb="md">
          {t('admin.licences.demoEnds', { date: moment(data.demo_ends, i18n.language) })}
        </Alert>
      )}
      {data && Object.keys(data.licences).length === 0 && <p>{t('admin.licences.none')}</p>}
      {data && (
        <dl className={classes.figures} data-testid="licences">
          {Object.entries(data.licences).map(([kind, count]) => (
            <div key={kind} className={classes.figure} data-kind={kind}>
              <dt>{t(`admin.kind.${kind as LicenceEvent['kind']}`)}</dt>
              <dd className="numeric">{count}</dd>
            </div>
          ))}
        </dl>
      )}
      {data && (
        <Button mt="md" variant="default" onClick={() => setAddressed(true)} data-testid="billing-address">
          {t('admin.address.open')}
        </Button>
      )}
      {addressed && data && (
        <AddressDialog organisationId={customerId} name={data.name} onClose={() => setAddressed(false)} />
      )}
      {data && seller && <BaseLicence key={data.version} customer={data} provider={account.role === 'provider'} />}
      <h2 className={classes.heading}>{t('admin.licences.history')}</h2>
      <Listing
        list={events}
        name={t('admin.licences.history')}
        id={(event) => event.id}
        empty={t('admin.licences.noHistory')}
        row={(event) => (
          <>
            <RowText title={t(`admin.kind.${event.kind}`)}>
              <time dateTime={event.at}>{moment(event.at, i18n.language)}</time>
            </RowText>
            <span className={`${classes.amount ?? ''} numeric`}>{event.quantity}</span>
          </>
        )}
      />
    </Page>
  )
}

/** Assigns, converts or ends the base licence. The extended one goes with a gateway, over the API. */
function BaseLicence({ customer, provider }: { customer: Customer; provider: boolean }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [base, setBase] = useState<string>(customer.base ?? 'none')
  const [ending, setEnding] = useState(false)
  const kinds = ['none', 'base', ...(provider || base === 'demo' ? ['demo'] : [])] as ('none' | 'base' | 'demo')[]
  const send = () =>
    request<Customer>('PUT', `/customers/${customer.id}/licence`, { base: base === 'none' ? null : base })
  if (customer.base === 'extended_base') return null
  return (
    <>
      <h2 className={classes.heading}>{t('admin.licences.base')}</h2>
      <RefusalAlert refusal={attempt.refusal} />
      <Group>
        <NativeSelect
          aria-label={t('admin.licences.base')}
          data={kinds.map((value) => ({ value, label: value === 'none' ? t('admin.standing.unlicensed') : t(`admin.kind.${value}`) }))}
          value={base}
          onChange={(event) => setBase(event.currentTarget.value)}
          data-testid="licence-base"
        />
        <Button
          loading={attempt.busy}
          disabled={base === (customer.base ?? 'none')}
          onClick={() => (base === 'none' ? setEnding(true) : void attempt.run(send))}
          data-testid="licence-save"
        >
          {t('admin.save')}
        </Button>
      </Group>
      {ending && (
        <ConfirmDialog
          title={t('admin.licences.end', { name: customer.name })}
          text={t('admin.licences.endText')}
          confirm={t('admin.licences.endConfirm')}
          action={send}
          onClose={() => setEnding(false)}
        />
      )}
    </>
  )
}
