import { Button } from '@mantine/core'
import { IconArrowRampRight, IconDeviceLandlinePhone, IconFileImport, IconKeyboard, IconLockPassword, IconPencil, IconPlus, IconQrcode, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { KeysDialog } from '@/features/keys/KeysDialog'
import { formatNumber } from '@/shared/number'
import { Page } from '@/shared/ui/Page'
import { PersonAvatar } from '@/shared/ui/PersonAvatar'

import { Action } from './Action'
import classes from './admin.module.css'
import { DevicesDialog } from './DevicesDialog'
import { DiversionsDialog } from './DiversionsDialog'
import { ConfirmDialog } from './FormDialog'
import { ImportDialog } from './ImportDialog'
import { InviteDialog } from './InviteDialog'
import { PinDialog } from './PinDialog'
import { Listing, Pill, RowText, SearchField, useSearch } from './Listing'
import { remove, type User } from './requests'
import { useList } from './useList'
import { UserDialog } from './UserDialog'

type Open = { what: 'import' } | { what: 'change'; user: User | null } | { what: 'delete' | 'devices' | 'keys' | 'settings' | 'invite' | 'pin'; user: User } | null

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
            variant="light"
            radius="xl"
            size="md"
            leftSection={<IconFileImport size={18} />}
            onClick={() => setOpen({ what: 'import' })}
            data-testid="users-import"
          >
            {t('admin.import.button')}
          </Button>
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
      {open?.what === 'import' && <ImportDialog customerId={customerId} onClose={close} />}
      {open?.what === 'devices' && <DevicesDialog user={open.user} onClose={close} />}
      {open?.what === 'keys' && (
        <KeysDialog path={`/users/${open.user.id}/keys`} title={t('keys.of', { name: open.user.name })} onClose={close} />
      )}
      {open?.what === 'invite' && <InviteDialog user={open.user} onClose={close} />}
      {open?.what === 'pin' && <PinDialog user={open.user} onClose={close} />}
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

function UserRow({ user, onOpen }: { user: User; onOpen: (what: 'change' | 'delete' | 'devices' | 'keys' | 'settings' | 'invite' | 'pin') => void }) {
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
        <Action label={t('keys.of', { name })} onClick={() => onOpen('keys')} testId="user-keys">
          <IconKeyboard size={20} />
        </Action>
        <Action label={t('admin.invite.title', { name })} onClick={() => onOpen('invite')} testId="user-invite">
          <IconQrcode size={20} />
        </Action>
        <Action label={t('admin.users.settings', { name })} onClick={() => onOpen('settings')} testId="user-settings">
          <IconArrowRampRight size={20} />
        </Action>
        <Action label={t('admin.pin.title', { name })} onClick={() => onOpen('pin')} testId="user-pin">
          <IconLockPassword size={20} />
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
