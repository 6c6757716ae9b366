import { Button, NumberInput, TextInput } from '@mantine/core'
import { IconPercentage, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { request } from '@/shared/api/client'

import classes from './admin.module.css'
import { nextMonth } from './filters'
import { FormDialog, useAttempt } from './FormDialog'
import { Listing, RowText } from './Listing'
import { day } from './moment'
import type { VatRate } from './requests'
import { useWhole } from './useList'

/** The standard rate of VAT, each from a day on. */
export function VatRates({ changed }: { changed: boolean }) {
  const { t, i18n } = useTranslation()
  const list = useWhole<VatRate>('/vat-rates')
  const [open, setOpen] = useState(false)
  const percent = new Intl.NumberFormat(i18n.language, { style: 'percent', maximumFractionDigits: 2 })
  return (
    <section className={classes.after} aria-label={t('admin.vat.title')}>
      <header className={classes.servicesHead}>
        <h2>{t('admin.vat.title')}</h2>
        {changed && (
          <Button variant="light" radius="xl" leftSection={<IconPlus size={18} />} onClick={() => setOpen(true)} data-testid="vat-create">
            {t('admin.vat.create')}
          </Button>
        )}
      </header>
      <Listing
        list={list}
        name={t('admin.vat.title')}
        id={(rate) => rate.valid_from}
        empty={t('admin.vat.empty')}
        row={(rate) => (
          <>
            <IconPercentage aria-hidden />
            <RowText title={t('admin.vat.standard')}>
              <span>{t('admin.vat.since', { date: day(rate.valid_from, i18n.language) })}</span>
            </RowText>
            <span className={`${classes.amount ?? ''} numeric`}>{percent.format(Number(rate.percent) / 100)}</span>
          </>
        )}
      />
      {open && <VatDialog onClose={() => setOpen(false)} />}
    </section>
  )
}

function VatDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [from, setFrom] = useState(() => `${nextMonth(new Date())}-01`)
  const [percent, setPercent] = useState<number | string>(19)
  const send = async () => {
    const body = { valid_from: from, percent: Number(percent).toFixed(2) }
    if (await attempt.run(() => request('PUT', '/vat-rates', body))) onClose()
  }
  return (
    <FormDialog
      title={t('admin.vat.create')}
      submit={t('admin.save')}
      attempt={attempt}
      shown={['valid_from', 'percent']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <NumberInput
        label={t('admin.vat.percent')}
        suffix=" %"
        min={0}
        max={100}
        decimalScale={2}
        value={percent}
        onChange={setPercent}
        error={attempt.refusal?.fields.percent}
        data-autofocus
        data-testid="field-percent"
      />
      <TextInput
        type="date"
        label={t('admin.vat.from')}
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
        error={attempt.refusal?.fields.valid_from}
        data-testid="field-from"
      />
    </FormDialog>
  )
}
