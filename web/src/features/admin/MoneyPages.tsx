import { Alert, Button, NativeSelect, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconFileInvoice, IconFileTypePdf, IconFileTypeXml, IconLock, IconPlus, IconReceipt2, IconReceiptRefund, IconTag, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useSignedIn } from '@/app/services'
import { request } from '@/shared/api/client'
import { Page } from '@/shared/ui/Page'

import { Action } from './Action'
import { AddressDialog } from './AddressDialog'
import classes from './admin.module.css'
import { CreditDialog } from './CreditDialog'
import { lastMonths } from './filters'
import { ConfirmDialog } from './FormDialog'
import { Listing, Pill, RowText } from './Listing'
import { MonthFiles } from './MonthFiles'
import { day, euros, moment, monthName } from './moment'
import { PriceDialog } from './PriceDialogs'
import { read, readAll, type Closing, type Invoice, type LicenceEvent, type MonthReport, type Price, type Reseller } from './requests'
import { useList, useWhole } from './useList'
import { VatRates } from './VatRates'

const MONTHS_BACK = 24

export function PricesPage() {
  const { t, i18n } = useTranslation()
  const { account } = useSignedIn()
  const list = useWhole<Price>('/prices')
  const resellers = useQuery({
    queryKey: ['admin', '/resellers', 'whole'],
    queryFn: ({ signal }) => readAll<Reseller>('/resellers', {}, signal),
    enabled: account.role === 'provider',
  })
  const [open, setOpen] = useState<'create' | Price | null>(null)
  const provider = account.role === 'provider'
  const percent = new Intl.NumberFormat(i18n.language, { style: 'percent', maximumFractionDigits: 2 })
  return (
    <Page
      title={t('admin.prices.title')}
      aside={
        provider && (
          <Button radius="xl" size="md" leftSection={<IconPlus size={18} />} onClick={() => setOpen('create')} data-testid="admin-create">
            {t('admin.prices.create')}
          </Button>
        )
      }
    >
      <Listing
        list={list}
        name={t('admin.prices.title')}
        id={(price) => price.id}
        empty={t('admin.prices.empty')}
        hint={t('admin.prices.emptyHint')}
        row={(price) => (
          <>
            <IconTag aria-hidden />
            <RowText
              title={t(`admin.kind.${price.kind}`)}
              badge={
                price.reseller_id != null && (
                  <Pill tone="accent">
                    {resellers.data?.find((one) => one.id === price.reseller_id)?.name ?? t('admin.prices.agreed')}
                  </Pill>
                )
              }
            >
              <span>{t('admin.prices.from', { date: day(price.valid_from, i18n.language) })}</span>
              {Number(price.commission) > 0 && (
                <span>{t('admin.prices.commission', { percent: percent.format(Number(price.commission)) })}</span>
              )}
            </RowText>
            <span className={`${classes.amount ?? ''} numeric`}>{euros(price.amount, i18n.language)}</span>
            {provider && (
              <span className={classes.actions}>
                <Action label={t('admin.prices.delete', { name: t(`admin.kind.${price.kind}`) })} onClick={() => setOpen(price)} testId="admin-delete">
                  <IconTrash size={20} />
                </Action>
              </span>
            )}
          </>
        )}
      />
      <VatRates changed={provider} />
      {open === 'create' && <PriceDialog resellers={resellers.data ?? []} onClose={() => setOpen(null)} />}
      {open !== null && open !== 'create' && (
        <ConfirmDialog
          title={t('admin.prices.delete', { name: t(`admin.kind.${open.kind}`) })}
          text={t('admin.prices.deleteText', { date: day(open.valid_from, i18n.language) })}
          confirm={t('admin.delete')}
          action={() => request<undefined>('DELETE', `/prices/${open.id}`)}
          onClose={() => setOpen(null)}
        />
      )}
    </Page>
  )
}

/** What a month comes to, and its end: the invoices are written and nothing of it changes any more. */
export function MonthsPage() {
  const { t, i18n } = useTranslation()
  const { account } = useSignedIn()
  const [addressed, setAddressed] = useState(false)
  const list = useWhole<Closing>('/months')
  const months = lastMonths(new Date(), MONTHS_BACK)
  const [month, setMonth] = useState(months[1] ?? '')
  const [asked, setAsked] = useState(false)
  const name = monthName(month, i18n.language)
  const closed = list.items.find((one) => one.month === month)
  return (
    <Page
      title={t('admin.months.title')}
      aside={
        <div className={classes.tools}>
          <NativeSelect
            aria-label={t('admin.months.month')}
            data={months.map((value) => ({ value, label: monthName(value, i18n.language) }))}
            value={month}
            onChange={(event) => setMonth(event.currentTarget.value)}
            data-testid="month"
          />
          <Button variant="default" onClick={() => setAddressed(true)} data-testid="own-address">
            {t('admin.months.ownAddress')}
          </Button>
          <Button
            leftSection={<IconLock size={18} />}
            disabled={list.state !== 'ready' || closed !== undefined}
            onClick={() => setAsked(true)}
            data-testid="month-close"
          >
            {t('admin.months.close')}
          </Button>
        </div>
      }
    >
      {closed && (
        <Alert color="petrol" mb="md" title={t('admin.months.closed', { month: name })} data-testid="month-result">
          {t('admin.months.result', {
            invoices: t('admin.months.invoices', { count: closed.invoices }),
            net: euros(closed.net, i18n.language),
            gross: euros(closed.gross, i18n.language),
          })}
        </Alert>
      )}
      <Usage month={month} />
      <MonthFiles month={month} provider={account.role === 'provider'} />
      <h2 className={classes.heading}>{t('admin.months.before')}</h2>
      <Listing
        list={list}
        name={t('admin.months.before')}
        id={(one) => one.month}
        empty={t('admin.months.empty')}
        row={(one) => (
          <>
            <IconLock aria-hidden />
            <RowText title={monthName(one.month, i18n.language)}>
              <span>{t('admin.months.closedAt', { date: moment(one.closed_at, i18n.language) })}</span>
              <span>{t('admin.months.invoices', { count: one.invoices })}</span>
            </RowText>
            <span className={`${classes.amount ?? ''} numeric`}>{euros(one.gross, i18n.language)}</span>
          </>
        )}
      />
      {addressed && (
        <AddressDialog organisationId={account.organisation.id} name={account.organisation.name} seller onClose={() => setAddressed(false)} />
      )}
      {asked && (
        <ConfirmDialog
          title={t('admin.months.closeWhich', { month: name })}
          text={t('admin.months.closeText')}
          confirm={t('admin.months.close')}
          action={() => request<Closing>('PUT', `/months/${month}/closing`)}
          onClose={() => setAsked(false)}
        />
      )}
    </Page>
  )
}

function Usage({ month }: { month: string }) {
  const { t } = useTranslation()
  const report = useQuery({
    queryKey: ['admin', '/months', month],
    queryFn: ({ signal }) => read<MonthReport>(`/months/${month}`, signal),
  })
  if (report.isPending) return <Skeleton height={68} radius="lg" />
  if (report.isError) return <Alert color="apricot">{t('admin.failed')}</Alert>
  const used = report.data.usage.filter((one) => Object.keys(one.quantities).length > 0)
  if (used.length === 0) return <p>{t('admin.months.unused')}</p>
  return (
    <ul className={`quiet-list ${classes.rows ?? ''}`} aria-label={t('admin.months.usage')} data-testid="month-usage">
      {used.map((one) => (
        <li key={one.customer_id} className={classes.row}>
          <RowText
            title={one.customer}
            badge={one.billable ? null : <Pill tone="bad">{t('admin.months.noAddress')}</Pill>}
          >
            {Object.entries(one.quantities).map(([kind, count]) => (
              <span key={kind}>{`${count} × ${t(`admin.kind.${kind as LicenceEvent['kind']}`)}`}</span>
            ))}
          </RowText>
        </li>
      ))}
    </ul>
  )
}

/** Invoices and credit notes, with the files that are sent. */
export function InvoicesPage() {
  const { t, i18n } = useTranslation()
  const { account } = useSignedIn()
  const [month, setMonth] = useState('')
  const [credited, setCredited] = useState<Invoice | null>(null)
  const list = useList<Invoice>('/invoices', { month }, 'before')
  const months = lastMonths(new Date(), MONTHS_BACK)
  return (
    <Page
      title={t('admin.invoices.title')}
      aside={
        <NativeSelect
          aria-label={t('admin.months.month')}
          data={[
            { value: '', label: t('admin.invoices.all') },
            ...months.map((value) => ({ value, label: monthName(value, i18n.language) })),
          ]}
          value={month}
          onChange={(event) => setMonth(event.currentTarget.value)}
          data-testid="month"
        />
      }
    >
      {month !== '' && account.role === 'reseller' && <MonthFiles month={month} provider={false} />}
      <Listing
        list={list}
        name={t('admin.invoices.title')}
        id={(invoice) => invoice.number}
        empty={t('admin.invoices.empty')}
        row={(invoice) => (
          <InvoiceRow invoice={invoice} {...(account.role === 'provider' ? { onCredit: () => setCredited(invoice) } : {})} />
        )}
      />
      {credited && <CreditDialog invoice={credited} onClose={() => setCredited(null)} />}
    </Page>
  )
}

const FILES = [
  { kind: 'pdf', icon: <IconFileTypePdf size={18} /> },
  { kind: 'xml', icon: <IconFileTypeXml size={18} /> },
] as const

function InvoiceRow({ invoice, onCredit }: { invoice: Invoice; onCredit?: () => void }) {
  const { t, i18n } = useTranslation()
  const credit = invoice.kind === 'credit_note'
  return (
    <>
      {credit ? <IconReceipt2 aria-hidden /> : <IconFileInvoice aria-hidden />}
      <RowText
        title={invoice.customer}
        badge={credit && <Pill tone="bad">{t('admin.invoices.credit', { number: invoice.corrects ?? '' })}</Pill>}
      >
        <span className="numeric">{invoice.number}</span>
        <span>{monthName(invoice.month, i18n.language)}</span>
        <strong className="numeric">{euros(credit ? -Number(invoice.gross) : invoice.gross, i18n.language)}</strong>
      </RowText>
      <span className={classes.actions}>
        {FILES.map(({ kind, icon }) => (
          <Button
            key={kind}
            component="a"
            href={`/api/v1/invoices/${invoice.number}/${kind}`}
            download={`${invoice.number}.${kind}`}
            variant="light"
            size="compact-md"
            leftSection={icon}
            aria-label={t('admin.invoices.file', { number: invoice.number, kind: kind.toLocaleUpperCase() })}
            data-testid={`invoice-${kind}`}
          >
            {kind.toLocaleUpperCase()}
          </Button>
        ))}
        {!credit && onCredit && (
          <Action label={t('admin.credit.title', { number: invoice.number })} onClick={onCredit} testId="invoice-credit">
            <IconReceiptRefund size={20} />
          </Action>
        )}
      </span>
    </>
  )
}
