import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconPencil, IconPlus, IconRouter, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Page } from '@/shared/ui/Page'

import { Action } from './Action'
import classes from './admin.module.css'
import { ConfirmDialog, FormDialog, useAttempt } from './FormDialog'
import { Listing, Pill, RowText } from './Listing'
import { put, readAll, remove, type Customer, type Gateway } from './requests'
import { useWhole } from './useList'

type Open = { what: 'change'; gateway: Gateway | null } | { what: 'delete'; gateway: Gateway } | null

/** The provider's gateways: in stock, or rented out with an extended base licence. */
export function GatewaysPage() {
  const { t } = useTranslation()
  const list = useWhole<Gateway>('/gateways')
  const rented = list.items.some((one) => one.customer_id !== null)
  const customers = useQuery({
    queryKey: ['admin', '/customers', 'whole'],
    queryFn: ({ signal }) => readAll<Customer>('/customers', {}, signal),
    enabled: rented,
  })
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  return (
    <Page
      title={t('admin.gateways.title')}
      aside={
        <Button
          radius="xl"
          size="md"
          leftSection={<IconPlus size={18} />}
          onClick={() => setOpen({ what: 'change', gateway: null })}
          data-testid="admin-create"
        >
          {t('admin.gateways.create')}
        </Button>
      }
    >
      <Listing
        list={list}
        name={t('admin.gateways.title')}
        id={(gateway) => gateway.id}
        empty={t('admin.gateways.empty')}
        hint={t('admin.gateways.emptyHint')}
        row={(gateway) => {
          const { serial, customer_id: customer } = gateway
          return (
            <>
              <IconRouter aria-hidden />
              <RowText
                title={serial}
                badge={customer === null ? <Pill tone="good">{t('admin.gateways.stock')}</Pill> : <Pill tone="accent">{t('admin.gateways.rented')}</Pill>}
              >
                <span>{gateway.model}</span>
                {customer !== null && <span>{customers.data?.find((one) => one.id === customer)?.name ?? '…'}</span>}
              </RowText>
              <span className={classes.actions}>
                <Action label={t('admin.gateways.change', { serial })} onClick={() => setOpen({ what: 'change', gateway })} testId="admin-change">
                  <IconPencil size={20} />
                </Action>
                {customer === null && (
                  <Action label={t('admin.gateways.delete', { serial })} onClick={() => setOpen({ what: 'delete', gateway })} testId="admin-delete">
                    <IconTrash size={20} />
                  </Action>
                )}
              </span>
            </>
          )
        }}
      />
      {open?.what === 'change' && <GatewayDialog gateway={open.gateway} onClose={close} />}
      {open?.what === 'delete' && (
        <ConfirmDialog
          title={t('admin.gateways.delete', { serial: open.gateway.serial })}
          text={t('admin.gateways.deleteText')}
          confirm={t('admin.delete')}
          action={() => remove(`/gateways/${open.gateway.id}`, open.gateway.version)}
          onClose={close}
        />
      )}
    </Page>
  )
}

function GatewayDialog({ gateway, onClose }: { gateway: Gateway | null; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [id] = useState(() => gateway?.id ?? crypto.randomUUID())
  const [values, setValues] = useState({ serial: gateway?.serial ?? '', model: gateway?.model ?? '' })
  const send = async () => {
    if (await attempt.run(() => put(`/gateways/${id}`, gateway?.version ?? null, values))) onClose()
  }
  return (
    <FormDialog
      title={gateway ? t('admin.gateways.change', { serial: gateway.serial }) : t('admin.gateways.create')}
      submit={gateway ? t('admin.save') : t('admin.create')}
      attempt={attempt}
      shown={['serial', 'model']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      {(['serial', 'model'] as const).map((field) => (
        <TextInput
          key={field}
          label={t(`admin.gateways.${field}`)}
          value={values[field]}
          onChange={(event) => {
            const text = event.currentTarget.value
            setValues((before) => ({ ...before, [field]: text }))
          }}
          error={attempt.refusal?.fields[field]}
          data-testid={`field-${field}`}
          {...(field === 'serial' ? { 'data-autofocus': true } : {})}
        />
      ))}
    </FormDialog>
  )
}
