import { Button, NativeSelect, TextInput } from '@mantine/core'
import { IconArrowRampRight, IconDeviceLandlinePhone, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { LANGUAGES, languageCodes, type Language } from '@/shared/i18n/languages'
import { formatNumber } from '@/shared/number'
import { Page } from '@/shared/ui/Page'
import { PersonAvatar } from '@/shared/ui/PersonAvatar'

import { Action } from './Action'
import classes from './admin.module.css'
import { DevicesDialog } from './DevicesDialog'
import { DiversionsDialog } from './DiversionsDialog'
import { ConfirmDialog, FormDialog, useAttempt } from './FormDialog'
import { Listing, Pill, RowText, SearchField, useSearch } from './Listing'
import { bareNumber } from './numbers'
import { put, remove, type Package, type User, type UserBody } from './requests'
import { useSites } from './SitesPage'
import { useList } from './useList'

const PACKAGES = ['klare', 'klingende', 'volle'] as const satisfies readonly Package[]
const SHOWN = ['extension', 'name', 'package', 'number', 'language', 'site_id']

type Open = { what: 'change'; user: User | null } | { what: 'delete' | 'devices' | 'settings'; user: User } | null

/** The people of a customer. */
export function UsersPage({ customerId }: { customerId: string }) {
  const { t } = useTranslation()
  const search = useSearch()
  const list = useList<User>('/users', { customer_id: customerId, query: search.wanted })
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  return (
    <Page
      title={t('admin.users.title')}
      aside={
        <div className={classes.tools}>
          <SearchField label={t('admin.users.search')} text={search.text} onText={search.setText} />
          <Button
            radius="xl"
            size="md"
            leftSection={<IconPlus size={18} />}
            onClick={() => setOpen({ what: 'change', user: null })}
            data-testid="admin-create"
          >
            {t('admin.users.create')}
          </Button>
        </div>
      }
    >
      <Listing
        list={list}
        name={t('admin.users.title')}
        id={(user) => user.id}
        empty={search.wanted === '' ? t('admin.users.empty') : t('admin.nothing')}
        row={(user) => <UserRow user={user} onOpen={(what) => setOpen({ what, user })} />}
      />
      {open?.what === 'change' && <UserDialog user={open.user} customerId={customerId} onClose={close} />}
      {open?.what === 'devices' && <DevicesDialog user={open.user} onClose={close} />}
      {open?.what === 'settings' && <DiversionsDialog user={open.user} onClose={close} />}
      {open?.what === 'delete' && (
        <ConfirmDialog
          title={t('admin.users.delete', { name: open.user.name })}
          text={t('admin.users.deleteText')}
          confirm={t('admin.delete')}
          action={() => remove(`/users/${open.user.id}`, open.user.version)}
          onClose={close}
        />
      )}
    </Page>
  )
}

function UserRow({ user, onOpen }: { user: User; onOpen: (what: 'change' | 'delete' | 'devices' | 'settings') => void }) {
  const { t } = useTranslation()
  const { name } = user
  return (
    <>
      <PersonAvatar name={name} line={user.line_state} />
      <RowText title={name} badge={<Pill tone="accent">{t(`admin.package.${user.package}`)}</Pill>}>
        <span className="numeric">{user.extension}</span>
        {user.number !== null && <span className="numeric">{formatNumber(user.number)}</span>}
      </RowText>
      <span className={classes.actions} data-extension={user.extension}>
        <Action label={t('admin.users.devices', { name })} onClick={() => onOpen('devices')} testId="user-devices">
          <IconDeviceLandlinePhone size={20} />
        </Action>
        <Action label={t('admin.users.settings', { name })} onClick={() => onOpen('settings')} testId="user-settings">
          <IconArrowRampRight size={20} />
        </Action>
        <Action label={t('admin.users.change', { name })} onClick={() => onOpen('change')} testId="admin-change">
          <IconPencil size={20} />
        </Action>
        <Action label={t('admin.users.delete', { name })} onClick={() => onOpen('delete')} testId="admin-delete">
          <IconTrash size={20} />
        </Action>
      </span>
    </>
  )
}

function UserDialog({ user, customerId, onClose }: { user: User | null; customerId: string; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [id] = useState(() => user?.id ?? crypto.randomUUID())
  const [values, setValues] = useState({
    extension: user?.extension ?? '',
    name: user?.name ?? '',
    package: user?.package ?? 'klare',
    number: user?.number ?? '',
    language: user?.language ?? 'de',
    site_id: user?.site_id ?? null,
  })
  const sites = useSites(customerId).data ?? []
  const change = (part: Partial<typeof values>) => setValues((before) => ({ ...before, ...part }))
  const errors = attempt.refusal?.fields ?? {}
  const body: UserBody = { ...values, customer_id: customerId, number: bareNumber(values.number) || null }
  const send = async () => {
    if (await attempt.run(() => put(`/users/${id}`, user?.version ?? null, body))) onClose()
  }
  return (
    <FormDialog
      title={user ? t('admin.users.change', { name: user.name }) : t('admin.users.create')}
      submit={user ? t('admin.save') : t('admin.create')}
      attempt={attempt}
      shown={SHOWN}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        label={t('admin.users.name')}
        value={values.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
        error={errors.name}
        data-autofocus
        data-testid="field-name"
      />
      <TextInput
        label={t('admin.users.extension')}
        inputMode="numeric"
        value={values.extension}
        onChange={(event) => change({ extension: event.currentTarget.value })}
        error={errors.extension}
        data-testid="field-extension"
      />
      <TextInput
        label={t('admin.users.number')}
        description={t('admin.users.numberHint')}
        inputMode="tel"
        value={values.number}
        onChange={(event) => change({ number: event.currentTarget.value })}
        error={errors.number}
        data-testid="field-number"
      />
      <NativeSelect
        label={t('admin.users.package')}
        description={t('admin.users.packageHint')}
        data={PACKAGES.map((value) => ({ value, label: t(`admin.package.${value}`) }))}
        value={values.package}
        onChange={(event) => change({ package: event.currentTarget.value as Package })}
        error={errors.package}
        data-testid="field-package"
      />
      {sites.length > 0 && (
        <NativeSelect
          label={t('admin.users.site')}
          data={[{ value: '', label: t('admin.users.noSite') }, ...sites.map(({ id: value, name }) => ({ value, label: name }))]}
          value={values.site_id ?? ''}
          onChange={(event) => change({ site_id: event.currentTarget.value || null })}
          error={errors.site_id}
          data-testid="field-site"
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
