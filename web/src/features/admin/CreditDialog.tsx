import { NumberInput, Skeleton, Switch, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { request } from '@/shared/api/client'

import { FormDialog, useAttempt } from './FormDialog'
import { read, type Invoice, type LicenceEvent } from './requests'

interface Line {
  kind: LicenceEvent['kind']
  quantity: number
}

/** Takes an invoice back: all that is left of it, or some of its licences. It is written at once and numbered. */
export function CreditDialog({ invoice, onClose }: { invoice: Invoice; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  // Asked again with the same id, the server answers with the credit note that it has written already.
  const [id] = useState(() => crypto.randomUUID())
  const [reason, setReason] = useState('')
  const [whole, setWhole] = useState(true)
  const [taken, setTaken] = useState<Readonly<Record<string, number>>>({})
  const document = useQuery({
    queryKey: ['admin', '/invoices', invoice.number],
    queryFn: ({ signal }) => read<{ document: { lines?: Line[] } }>(`/invoices/${invoice.number}`, signal),
  })
  const lines = document.data?.document.lines ?? []
  const some = Object.fromEntries(Object.entries(taken).filter(([, count]) => count > 0))
  const body = { reason: reason.trim(), quantities: whole ? null : some }
  const send = async () => {
    if (await attempt.run(() => request('PUT', `/invoices/${invoice.number}/credit-notes/${id}`, body))) onClose()
  }
  return (
    <FormDialog
      title={t('admin.credit.title', { number: invoice.number })}
      submit={t('admin.credit.submit')}
      attempt={{ ...attempt, blocked: reason.trim() === '' || (!whole && Object.keys(some).length === 0) }}
      shown={['reason']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        label={t('admin.credit.reason')}
        description={t('admin.credit.reasonHint')}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        error={attempt.refusal?.fields.reason}
        data-autofocus
        data-testid="field-reason"
      />
      <Switch label={t('admin.credit.whole')} checked={whole} onChange={(event) => setWhole(event.currentTarget.checked)} data-testid="credit-whole" />
      {!whole && document.isPending && <Skeleton height={60} radius="lg" />}
      {!whole &&
        lines.map(({ kind, quantity }) => (
          <NumberInput
            key={kind}
            label={t('admin.credit.of', { kind: t(`admin.kind.${kind}`), count: quantity })}
            min={0}
            max={quantity}
            allowDecimal={false}
            value={taken[kind] ?? 0}
            onChange={(count) => setTaken((before) => ({ ...before, [kind]: Number(count) }))}
            data-testid={`field-${kind}`}
          />
        ))}
    </FormDialog>
  )
}
