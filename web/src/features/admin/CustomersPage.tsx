import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconArrowLeft, IconBuilding, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, NavLink, Navigate, Route, Routes, useNavigate, useParams } from 'react-router'

import { useSignedIn } from '@/app/services'
import { LANGUAGES, languageCodes, type Language } from '@/shared/i18n/languages'
import { Page } from '@/shared/ui/Page'

import { Action } from './Action'
import { AccountsPage } from './access/AccountsPage'
import { SignOnPage } from './access/SignOnPage'
import classes from './admin.module.css'
import { DevicesPage } from './DevicesPage'
import { ConfirmDialog, FormDialog, useAttempt } from './FormDialog'
import { LicencesPage, STANDING_TONES } from './LicencesPage'
import { LinesPage } from './LinesPage'
import { Listing, Pill, RowText, SearchField, useSearch } from './Listing'
import { RecordsPage } from './RecordsPage'
import { put, read, readAll, remove, type Customer, type Reseller } from './requests'
import { mayOpen } from './sections'
import { useList } from './useList'
import { GroupsPage, ReceptionPage, RulesPage } from './services/ServicePages'
import { SetupPage } from './setup/SetupPage'
import { SitesPage } from './SitesPage'
import { SoundsPage } from './SoundsPage'
import { UsersPage } from './UsersPage'

type Open = { what: 'change'; customer: Customer | null } | { what: 'delete'; customer: Customer } | null

/** Customers of the provider or of a reseller. */
export function CustomersPage() {
  const { t } = useTranslation()
  const search = useSearch()
  const list = useList<Customer>('/customers', { query: search.wanted })
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  return (
    <Page
      title={t('admin.customers.title')}
      aside={
        <div className={classes.tools}>
          <SearchField label={t('admin.customers.search')} text={search.text} onText={search.setText} />
          <Button
            radius="xl"
            size="md"
            leftSection={<IconPlus size={18} />}
            onClick={() => setOpen({ what: 'change', customer: null })}
            data-testid="admin-create"
          >
            {t('admin.customers.create')}
          </Button>
        </div>
      }
    >
      <Listing
        list={list}
        name={t('admin.customers.title')}
        id={(customer) => customer.id}
        empty={search.wanted === '' ? t('admin.customers.empty') : t('admin.nothing')}
        row={(customer) => <CustomerRow customer={customer} onOpen={(what) => setOpen({ what, customer })} />}
      />
      {open?.what === 'change' && <CustomerDialog customer={open.customer} onClose={close} />}
      {open?.what === 'delete' && (
        <ConfirmDialog
          title={t('admin.customers.delete', { name: open.customer.name })}
          text={t('admin.customers.deleteText')}
          confirm={t('admin.delete')}
          action={() => remove(`/customers/${open.customer.id}`, open.customer.version)}
          onClose={close}
        />
      )}
    </Page>
  )
}

function CustomerRow({ customer, onOpen }: { customer: Customer; onOpen: (what: 'change' | 'delete') => void }) {
  const { t } = useTranslation()
  const { name } = customer
  const users = (['klare', 'klingende', 'volle'] as const).reduce((sum, kind) => sum + (customer.licences[kind] ?? 0), 0)
  return (
    <>
      <IconBuilding aria-hidden />
      <RowText
        title={
          <Link to={`/admin/customers/${customer.id}/users`} data-testid="customer-link">
            {name}
          </Link>
        }
        badge={<Pill tone={STANDING_TONES[customer.standing]}>{t(`admin.standing.${customer.standing}`)}</Pill>}
      >
        <span className="numeric">{t('admin.customers.number', { number: customer.number })}</span>
        <span>{customer.domain}</span>
        <span>{t('admin.customers.users', { count: users })}</span>
      </RowText>
      <span className={classes.actions}>
        <Action label={t('admin.customers.change', { name })} onClick={() => onOpen('change')} testId="admin-change">
          <IconPencil size={20} />
        </Action>
        <Action label={t('admin.customers.delete', { name })} onClick={() => onOpen('delete')} testId="admin-delete">
          <IconTrash size={20} />
        </Action>
      </span>
    </>
  )
}

function CustomerDialog({ customer, onClose }: { customer: Customer | null; onClose: () => void }) {
  const { t } = useTranslation()
  const { account } = useSignedIn()
  const attempt = useAttempt()
  const navigate = useNavigate()
  const provider = account.role === 'provider'
  const resellers = useQuery({
    queryKey: ['admin', '/resellers', 'whole'],
    queryFn: ({ signal }) => readAll<Reseller>('/resellers', {}, signal),
    enabled: provider,
  })
  const [id] = useState(() => customer?.id ?? crypto.randomUUID())
  const parent = customer && customer.parent_id !== account.organisation.id ? customer.parent_id : ''
  const [values, setValues] = useState<{ name: string; domain: string; language: Language; reseller: string }>({
    name: customer?.name ?? '',
    domain: customer?.domain ?? '',
    language: customer?.language ?? 'de',
    reseller: parent,
  })
  const change = (part: Partial<typeof values>) => setValues((before) => ({ ...before, ...part }))
  const errors = attempt.refusal?.fields ?? {}
  const { reseller, ...named } = values
  const body = { ...named, reseller_id: provider && reseller !== '' ? reseller : null }
  const send = async () => {
    if (!(await attempt.run(() => put(`/customers/${id}`, customer?.version ?? null, body)))) return
    onClose()
    if (!customer) void navigate(`/admin/customers/${id}/setup`)
  }
  return (
    <FormDialog
      title={customer ? t('admin.customers.change', { name: customer.name }) : t('admin.customers.create')}
      submit={customer ? t('admin.save') : t('admin.create')}
      attempt={attempt}
      shown={['name', 'domain', 'language', 'reseller_id']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        label={t('admin.customers.name')}
        value={values.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
        error={errors.name}
        data-autofocus
        data-testid="field-name"
      />
      <TextInput
        label={t('admin.customers.domain')}
        description={t('admin.customers.domainHint')}
        value={values.domain}
        onChange={(event) => change({ domain: event.currentTarget.value })}
        error={errors.domain}
        data-testid="field-domain"
      />
      {provider && (
        <NativeSelect
          label={t('admin.customers.reseller')}
          data={[
            { value: '', label: t('admin.customers.direct') },
            ...(resellers.data ?? []).map((one) => ({ value: one.id, label: one.name })),
          ]}
          value={reseller}
          disabled={resellers.isPending}
          onChange={(event) => change({ reseller: event.currentTarget.value })}
          error={errors.reseller_id}
          data-testid="field-reseller"
        />
      )}
      <NativeSelect
        label={t('settings.language')}
        data={languageCodes.map((value) => ({ value, label: LANGUAGES[value] }))}
        value={values.language}
        onChange={(event) => change({ language: event.currentTarget.value as Language })}
        error={errors.language}
      />
    </FormDialog>
  )
}

const PARTS = ['users', 'devices', 'groups', 'reception', 'sounds', 'rules', 'lines', 'sites', 'records', 'licences', 'accounts', 'sign-on', 'setup'] as const

/** One customer: the same pages as its own administrator has. */
export function CustomerPage() {
  const { t } = useTranslation()
  const { customerId = '' } = useParams()
  const { rights } = useSignedIn().account
  const customer = useQuery({
    queryKey: ['admin', '/customers', customerId],
    queryFn: ({ signal }) => read<Customer>(`/customers/${customerId}`, signal),
  })
  return (
    <>
      <nav className={classes.customer} aria-label={t('admin.customers.parts')}>
        <Link to="/admin/customers" className={classes.back ?? ''}>
          <IconArrowLeft size={18} aria-hidden />
          {t('admin.customers.title')}
        </Link>
        <strong className={classes.customerName} data-testid="customer-name">{customer.data?.name ?? '…'}</strong>
        <div className={classes.parts}>
          {PARTS.filter((part) => mayOpen(rights, part)).map((part) => (
            <NavLink key={part} to={`/admin/customers/${customerId}/${part}`} className={classes.part ?? ''} data-testid={`customer-${part}`}>
              {t(`admin.${part}.title`)}
            </NavLink>
          ))}
        </div>
      </nav>
      <Routes>
        <Route path="users" element={<UsersPage customerId={customerId} />} />
        <Route path="devices" element={<DevicesPage customerId={customerId} />} />
        <Route path="setup" element={<SetupPage customerId={customerId} />} />
        <Route path="groups" element={<GroupsPage customerId={customerId} />} />
        <Route path="reception" element={<ReceptionPage customerId={customerId} />} />
        <Route path="sounds" element={<SoundsPage customerId={customerId} />} />
        <Route path="rules" element={<RulesPage customerId={customerId} />} />
        <Route path="lines" element={<LinesPage customerId={customerId} />} />
        <Route path="sites" element={<SitesPage customerId={customerId} />} />
        <Route path="records" element={<RecordsPage customerId={customerId} />} />
        <Route path="licences" element={<LicencesPage customerId={customerId} />} />
        <Route path="accounts" element={<AccountsPage organisationId={customerId} role="customer" />} />
        <Route path="sign-on" element={<SignOnPage customerId={customerId} />} />
        <Route path="*" element={<Navigate to={`/admin/customers/${customerId}/users`} replace />} />
      </Routes>
    </>
  )
}
