import { NativeSelect, NumberInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { request } from '@/shared/api/client'

import { decimal, nextMonth } from './filters'
import { FormDialog, useAttempt } from './FormDialog'
import type { Price, Reseller } from './requests'

const KINDS = ['base', 'extended_base', 'trunk', 'klare', 'klingende', 'volle'] as const satisfies readonly Price['kind'][]

/** A price from a month on; for everybody, or agreed with one reseller. */
export function PriceDialog({ resellers, onClose }: { resellers: readonly Reseller[]; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [kind, setKind] = useState<Price['kind']>('base')
  const [month, setMonth] = useState(() => nextMonth(new Date()))
  const [amount, setAmount] = useState('')
  const [reseller, setReseller] = useState('')
  const [percent, setPercent] = useState<number | string>(0)
  const errors = attempt.refusal?.fields ?? {}
  const body = {
    kind,
    valid_from: `${month}-01`,
    amount: decimal(amount),
    reseller_id: reseller || null,
    // Shares are decimal text of four places; a percent has two.
    commission: reseller === '' ? '0' : (Number(percent) / 100).toFixed(4),
  }
  const send = async () => {
    if (await attempt.run(() => request('PUT', '/prices', body))) onClose()
  }
  return (
    <FormDialog
      title={t('admin.prices.create')}
      submit={t('admin.save')}
      attempt={attempt}
      shown={['kind', 'valid_from', 'amount', 'reseller_id', 'commission']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <NativeSelect
        label={t('admin.prices.kind')}
        data={KINDS.map((value) => ({ value, label: t(`admin.kind.${value}`) }))}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value as Price['kind'])}
        error={errors.kind}
        data-testid="field-kind"
      />
      <TextInput
        label={t('admin.prices.amount')}
        inputMode="decimal"
        value={amount}
        onChange={(event) => setAmount(event.currentTarget.value)}
        error={errors.amount}
        data-autofocus
        data-testid="field-amount"
      />
      <TextInput
        type="month"
        label={t('admin.prices.month')}
        value={month}
        onChange={(event) => setMonth(event.currentTarget.value)}
        error={errors.valid_from}
        data-testid="field-month"
      />
      <NativeSelect
        label={t('admin.prices.for')}
        data={[{ value: '', label: t('admin.prices.everybody') }, ...resellers.map((one) => ({ value: one.id, label: one.name }))]}
        value={reseller}
        onChange={(event) => setReseller(event.currentTarget.value)}
        error={errors.reseller_id}
        data-testid="field-reseller"
      />
      {reseller !== '' && (
        <NumberInput
          label={t('admin.prices.share')}
          suffix=" %"
          min={0}
          max={100}
          decimalScale={2}
          value={percent}
          onChange={setPercent}
          error={errors.commission}
          data-testid="field-commission"
        />
      )}
    </FormDialog>
  )
}
