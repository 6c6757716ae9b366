import { Alert, Button, NativeSelect, SimpleGrid, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconMapPin, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { formatNumber } from '@/shared/number'
import { Page } from '@/shared/ui/Page'

import { Action } from './Action'
import classes from './admin.module.css'
import { ConfirmDialog, FormDialog, useAttempt } from './FormDialog'
import { Listing, RowText } from './Listing'
import { bareNumber } from './numbers'
import { address, put, read, remove, type Site, type Trunk } from './requests'
import { useTrunks } from './services/estate'

type Open = { what: 'change'; site: Site | null } | { what: 'delete'; site: Site } | null

export function useSites(customerId: string) {
  return useQuery({
    queryKey: ['admin', '/sites', customerId],
    queryFn: ({ signal }) => read<{ items: Site[] }>(address('/sites', { customer_id: customerId }), signal),
    select: (page) => page.items,
  })
}

/** Where users are, and what control centres see of them. */
export function SitesPage({ customerId }: { customerId: string }) {
  const { t } = useTranslation()
  const sites = useSites(customerId)
  const trunks = useTrunks(customerId)
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const list = {
    items: sites.data ?? [],
    state: sites.isPending || trunks.isPending ? ('loading' as const) : sites.isError ? ('failed' as const) : ('ready' as const),
    hasMore: false,
    loadingMore: false,
    more: () => undefined,
    retry: () => void sites.refetch(),
  }
  const noTrunk = trunks.data?.length === 0
  return (
    <Page
      title={t('admin.sites.title')}
      aside={
        <Button
          radius="xl"
          size="md"
          leftSection={<IconPlus size={18} />}
          disabled={!trunks.data || noTrunk}
          onClick={() => setOpen({ what: 'change', site: null })}
          data-testid="admin-create"
        >
          {t('admin.sites.create')}
        </Button>
      }
    >
      {noTrunk && (
        <Alert color="petrol" mb="md">
          {t('admin.sites.noTrunk')}
        </Alert>
      )}
      <Listing
        list={list}
        name={t('admin.sites.title')}
        id={(site) => site.id}
        empty={t('admin.sites.empty')}
        hint={t('admin.sites.emptyHint')}
        row={(site) => <SiteRow site={site} trunks={trunks.data ?? []} onOpen={(what) => setOpen({ what, site })} />}
      />
      {open?.what === 'change' && (
        <SiteDialog site={open.site} trunks={trunks.data ?? []} customerId={customerId} onClose={close} />
      )}
      {open?.what === 'delete' && (
        <ConfirmDialog
          title={t('admin.sites.delete', { name: open.site.name })}
          text={t('admin.sites.deleteText')}
          confirm={t('admin.delete')}
          action={() => remove(`/sites/${open.site.id}`, open.site.version)}
          onClose={close}
        />
      )}
    </Page>
  )
}

interface RowProps {
  site: Site
  trunks: readonly Trunk[]
  onOpen: (what: 'change' | 'delete') => void
}

function SiteRow({ site, trunks, onOpen }: RowProps) {
  const { t } = useTranslation()
  const { name, emergency_number: number } = site
  const trunk = trunks.find((one) => one.id === site.trunk_id)
  return (
    <>
      <IconMapPin aria-hidden />
      <RowText title={name}>
        <span>{`${site.street}, ${site.postcode} ${site.city}`}</span>
        {trunk && <span>{t('admin.sites.over', { trunk: trunk.name })}</span>}
        <span className="numeric">
          {number == null ? t('admin.sites.showsHead') : t('admin.sites.shows', { number: formatNumber(number) })}
        </span>
      </RowText>
      <span className={classes.actions}>
        <Action label={t('admin.sites.change', { name })} onClick={() => onOpen('change')} testId="admin-change">
          <IconPencil size={20} />
        </Action>
        <Action label={t('admin.sites.delete', { name })} onClick={() => onOpen('delete')} testId="admin-delete">
          <IconTrash size={20} />
        </Action>
      </span>
    </>
  )
}

interface DialogProps {
  site: Site | null
  trunks: readonly Trunk[]
  customerId: string
  onClose: () => void
}

const TEXTS = ['name', 'street', 'postcode', 'city'] as const

export function SiteDialog({ site, trunks, customerId, onClose }: DialogProps) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [id] = useState(() => site?.id ?? crypto.randomUUID())
  const [values, setValues] = useState({
    name: site?.name ?? '',
    street: site?.street ?? '',
    postcode: site?.postcode ?? '',
    city: site?.city ?? '',
    country: site?.country ?? 'DE',
    trunk_id: site?.trunk_id ?? trunks[0]?.id ?? '',
    emergency_number: site?.emergency_number ?? '',
  })
  const change = (part: Partial<typeof values>) => setValues((before) => ({ ...before, ...part }))
  const errors = attempt.refusal?.fields ?? {}
  const body = { ...values, customer_id: customerId, emergency_number: bareNumber(values.emergency_number) || null }
  const send = async () => {
    if (await attempt.run(() => put(`/sites/${id}`, site?.version ?? null, body))) onClose()
  }
  return (
    <FormDialog
      title={site ? t('admin.sites.change', { name: site.name }) : t('admin.sites.create')}
      submit={site ? t('admin.save') : t('admin.create')}
      attempt={attempt}
      shown={[...TEXTS, 'trunk_id', 'emergency_number']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {TEXTS.map((field) => (
          <TextInput
            key={field}
            label={t(`admin.sites.${field}`)}
            value={values[field]}
            onChange={(event) => change({ [field]: event.currentTarget.value })}
            error={errors[field]}
            data-testid={`field-${field}`}
            {...(field === 'name' ? { 'data-autofocus': true } : {})}
          />
        ))}
      </SimpleGrid>
      <NativeSelect
        label={t('admin.sites.trunk')}
        data={trunks.map((trunk) => ({ value: trunk.id, label: trunk.name }))}
        value={values.trunk_id}
        onChange={(event) => change({ trunk_id: event.currentTarget.value })}
        error={errors.trunk_id}
        data-testid="field-trunk"
      />
      <TextInput
        label={t('admin.sites.emergency')}
        description={t('admin.sites.emergencyHint')}
        inputMode="tel"
        value={values.emergency_number}
        onChange={(event) => change({ emergency_number: event.currentTarget.value })}
        error={errors.emergency_number}
        data-testid="field-emergency"
      />
    </FormDialog>
  )
}
