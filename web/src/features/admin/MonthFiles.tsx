import { Button, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconDownload } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

import classes from './admin.module.css'
import { RowText } from './Listing'
import { euros } from './moment'
import { read, type LicenceEvent, type MonthSummary } from './requests'

/** What a closed month comes to for each reseller, and its files for bookkeeping. */
export function MonthFiles({ month, provider }: { month: string; provider: boolean }) {
  const { t, i18n } = useTranslation()
  const summary = useQuery({
    queryKey: ['admin', '/months', month, 'summary'],
    queryFn: ({ signal }) => read<{ items: MonthSummary[] }>(`/months/${month}/summary`, signal),
  })
  const items = summary.data?.items ?? []
  if (items.length === 0) return null
  const files = provider ? (['invoices', 'datev'] as const) : (['invoices'] as const)
  return (
    <section aria-label={t('admin.months.summary')} data-testid="month-summary">
      <h2 className={classes.heading}>{t('admin.months.summary')}</h2>
      <ul className={`quiet-list ${classes.rows ?? ''}`}>
        {items.map((one) => (
          <li key={one.reseller_id ?? 'direct'} className={classes.row}>
            <RowText title={one.reseller ?? t('admin.months.direct')}>
              <span>{t('admin.months.customers', { count: one.customers })}</span>
              {Object.entries(one.quantities).map(([kind, count]) => (
                <span key={kind}>{`${count} × ${t(`admin.kind.${kind as LicenceEvent['kind']}`)}`}</span>
              ))}
              {Number(one.commission) > 0 && <span>{t('admin.months.commission', { amount: euros(one.commission, i18n.language) })}</span>}
            </RowText>
            <span className={`${classes.amount ?? ''} numeric`}>{euros(one.net, i18n.language)}</span>
          </li>
        ))}
      </ul>
      <Group mt="sm">
        {files.map((file) => (
          <Button
            key={file}
            component="a"
            variant="light"
            href={`/api/v1/months/${month}/${file}.csv`}
            download={`${file}-${month}.csv`}
            leftSection={<IconDownload size={18} />}
            data-testid={`month-${file}`}
          >
            {t(`admin.months.file.${file}`)}
          </Button>
        ))}
      </Group>
    </section>
  )
}
