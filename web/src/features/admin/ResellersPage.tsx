import { Button, NativeSelect, TextInput } from '@mantine/core'
import { IconBuildingStore, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { LANGUAGES, languageCodes, type Language } from '@/shared/i18n/languages'
import { Page } from '@/shared/ui/Page'

import { Action } from './Action'
import classes from './admin.module.css'
import { ConfirmDialog, FormDialog, useAttempt } from './FormDialog'
import { Listing, RowText, SearchField, useSearch } from './Listing'
import { day } from './moment'
import { put, remove, type Reseller } from './requests'
import { useList } from './useList'

type Open = { what: 'change'; reseller: Reseller | null } | { what: 'delete'; reseller: Reseller } | null

/** Who sells the provider's telephony. */
export function ResellersPage() {
  const { t, i18n } = useTranslation()
  const search = useSearch()
  const list = useList<Reseller>('/resellers', { query: search.wanted })
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  return (
    <Page
      title={t('admin.resellers.title')}
      aside={
        <div className={classes.tools}>
          <SearchField label={t('admin.resellers.search')} text={search.text} onText={search.setText} />
          <Button
            radius="xl"
            size="md"
            leftSection={<IconPlus size={18} />}
            onClick={() => setOpen({ what: 'change', reseller: null })}
            data-testid="admin-create"
          >
            {t('admin.resellers.create')}
          </Button>
        </div>
      }
    >
      <Listing
        list={list}
        name={t('admin.resellers.title')}
        id={(reseller) => reseller.id}
        empty={search.wanted === '' ? t('admin.resellers.empty') : t('admin.nothing')}
        row={(reseller) => (
          <>
            <IconBuildingStore aria-hidden />
            <RowText title={reseller.name}>
              <span>{t('admin.resellers.since', { date: day(reseller.created_at, i18n.language) })}</span>
            </RowText>
            <span className={classes.actions}>
              <Action
                label={t('admin.resellers.change', { name: reseller.name })}
                onClick={() => setOpen({ what: 'change', reseller })}
                testId="admin-change"
              >
                <IconPencil size={20} />
              </Action>
              <Action
                label={t('admin.resellers.delete', { name: reseller.name })}
                onClick={() => setOpen({ what: 'delete', reseller })}
                testId="admin-delete"
              >
                <IconTrash size={20} />
              </Action>
            </span>
          </>
        )}
      />
      {open?.what === 'change' && <ResellerDialog reseller={open.reseller} onClose={close} />}
      {open?.what === 'delete' && (
        <ConfirmDialog
          title={t('admin.resellers.delete', { name: open.reseller.name })}
          text={t('admin.resellers.deleteText')}
          confirm={t('admin.delete')}
          action={() => remove(`/resellers/${open.reseller.id}`, open.reseller.version)}
          onClose={close}
        />
      )}
    </Page>
  )
}

function ResellerDialog({ reseller, onClose }: { reseller: Reseller | null; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [id] = useState(() => reseller?.id ?? crypto.randomUUID())
  const [name, setName] = useState(reseller?.name ?? '')
  const [language, setLanguage] = useState<Language>(reseller?.language ?? 'de')
  const send = async () => {
    if (await attempt.run(() => put(`/resellers/${id}`, reseller?.version ?? null, { name, language }))) onClose()
  }
  return (
    <FormDialog
      title={reseller ? t('admin.resellers.change', { name: reseller.name }) : t('admin.resellers.create')}
      submit={reseller ? t('admin.save') : t('admin.create')}
      attempt={attempt}
      shown={['name', 'language']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        label={t('admin.customers.name')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={attempt.refusal?.fields.name}
        data-autofocus
        data-testid="field-name"
      />
      <NativeSelect
        label={t('settings.language')}
        data={languageCodes.map((value) => ({ value, label: LANGUAGES[value] }))}
        value={language}
        onChange={(event) => setLanguage(event.currentTarget.value as Language)}
        error={attempt.refusal?.fields.language}
      />
    </FormDialog>
  )
}
