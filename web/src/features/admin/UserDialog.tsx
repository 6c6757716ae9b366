import { NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { LANGUAGES, languageCodes, type Language } from '@/shared/i18n/languages'

import { FormDialog, useAttempt } from './FormDialog'
import { bareNumber, proposedNumber } from './numbers'
import { put, type Package, type User, type UserBody } from './requests'
import { useTrunks } from './services/estate'
import { useSites } from './SitesPage'

const PACKAGES = ['klare', 'klingende', 'volle'] as const satisfies readonly Package[]
const SHOWN = ['extension', 'name', 'package', 'number', 'language', 'site_id']

/** Somebody new, or changed. Until a number is written, a new one gets that of the extension. */
export function UserDialog({ user, customerId, onClose }: { user: User | null; customerId: string; onClose: () => void }) {
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
  const trunks = useTrunks(customerId).data ?? []
  const [written, setWritten] = useState(user !== null)
  const number = written ? values.number : proposedNumber(trunks, values.extension)
  const site = values.site_id ?? (user === null ? (sites[0]?.id ?? null) : null)
  const change = (part: Partial<typeof values>) => setValues((before) => ({ ...before, ...part }))
  const errors = attempt.refusal?.fields ?? {}
  const body: UserBody = { ...values, customer_id: customerId, number: bareNumber(number) || null, site_id: site }
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
        value={number}
        onChange={(event) => {
          setWritten(true)
          change({ number: event.currentTarget.value })
        }}
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
          value={site ?? ''}
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
