import { Alert, SimpleGrid, Skeleton, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { FormDialog, useAttempt } from './FormDialog'
import { put, readOptional, type BillingAddress } from './requests'

const NEEDED = ['name', 'street', 'postcode', 'city', 'country'] as const
const OPTIONAL = ['email', 'contact', 'phone', 'vat_id', 'tax_number'] as const
const OF_SELLER = ['iban', 'bic'] as const
type Field = (typeof NEEDED)[number] | (typeof OPTIONAL)[number] | (typeof OF_SELLER)[number]

interface Props {
  organisationId: string
  name: string
  /** Who writes invoices needs a bank account. */
  seller?: boolean
  onClose: () => void
}

/** Where invoices go, or (the provider's) what stands at their head. */
export function AddressDialog(props: Props) {
  const { t } = useTranslation()
  const path = `/organisations/${props.organisationId}/billing-address`
  const address = useQuery({
    queryKey: ['admin', path],
    gcTime: 0,
    queryFn: ({ signal }) => readOptional<BillingAddress>(path, signal),
  })
  if (address.data !== undefined) return <Address {...props} path={path} before={address.data} />
  return (
    <FormDialog title={t('admin.address.title', { name: props.name })} submit={t('admin.save')} attempt={WAITING} shown={[]} onSubmit={() => undefined} onClose={props.onClose}>
      {address.isError ? <Alert color="apricot">{t('admin.failed')}</Alert> : <Skeleton height={240} radius="lg" />}
    </FormDialog>
  )
}

const WAITING = { busy: false, refusal: null, run: () => Promise.resolve(false), blocked: true }

function Address({ name, seller = false, path, before, onClose }: Props & { path: string; before: BillingAddress | null }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const fields: readonly Field[] = [...NEEDED, ...OPTIONAL, ...(seller ? OF_SELLER : [])]
  const [values, setValues] = useState<Partial<Record<Field, string>>>(() =>
    before ? Object.fromEntries(fields.map((field) => [field, before[field] ?? ''])) : { name, country: 'DE' },
  )
  const written = (field: Field) => (values[field] ?? '').trim()
  const body = Object.fromEntries([
    ...NEEDED.map((field) => [field, written(field)]),
    ...[...OPTIONAL, ...OF_SELLER].map((field) => [field, written(field) || (fields.includes(field) ? null : (before?.[field] ?? null))]),
  ]) as Record<Field, string | null>
  const send = async () => {
    if (await attempt.run(() => put(path, before?.version ?? null, body))) onClose()
  }
  return (
    <FormDialog
      title={t('admin.address.title', { name })}
      submit={t('admin.save')}
      attempt={attempt}
      shown={fields}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {fields.map((field) => (
          <TextInput
            key={field}
            label={t(`admin.address.${field}`)}
            value={values[field] ?? ''}
            onChange={(event) => {
              const value = event.currentTarget.value
              setValues((all) => ({ ...all, [field]: value }))
            }}
            error={attempt.refusal?.fields[field]}
            data-testid={`field-${field}`}
          />
        ))}
      </SimpleGrid>
    </FormDialog>
  )
}
