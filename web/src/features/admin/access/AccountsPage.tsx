import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconKey, IconMailForward, IconTrash, IconUserPlus, IconUserShield } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useSignedIn } from '@/app/services'
import { request } from '@/shared/api/client'
import { Page } from '@/shared/ui/Page'

import { Action } from '../Action'
import classes from '../admin.module.css'
import { ConfirmDialog } from '../FormDialog'
import { Listing, Pill, RowText } from '../Listing'
import { day, moment } from '../moment'
import { read, type AccountItem, type Invitation } from '../requests'
import { useList } from '../useList'
import { InviteStaffDialog, RightsDialog } from './StaffDialogs'
import { RIGHTS, type Right } from './rights'

type Open =
  | { what: 'invite' }
  | { what: 'rights' | 'dismiss'; account: AccountItem }
  | { what: 'withdraw'; invitation: Invitation }
  | null

interface Props {
  organisationId: string
  /** The role that staff of this organisation has. */
  role: AccountItem['role']
}

/** Who can sign in for an organisation, and what its staff may. */
export function AccountsPage({ organisationId, role }: Props) {
  const { t } = useTranslation()
  const list = useList<AccountItem>('/accounts', { organisation_id: organisationId })
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  return (
    <Page
      title={t('admin.accounts.title')}
      aside={
        <Button
          radius="xl"
          size="md"
          leftSection={<IconUserPlus size={18} />}
          onClick={() => setOpen({ what: 'invite' })}
          data-testid="admin-create"
        >
          {t('admin.accounts.invite')}
        </Button>
      }
    >
      <Invitations organisationId={organisationId} onWithdraw={(invitation) => setOpen({ what: 'withdraw', invitation })} />
      <Listing
        list={list}
        name={t('admin.accounts.title')}
        id={(account) => account.id}
        empty={t('admin.accounts.empty')}
        row={(account) => <AccountRow account={account} onOpen={(what) => setOpen({ what, account })} />}
      />
      {open?.what === 'invite' && <InviteStaffDialog organisationId={organisationId} role={role} onClose={close} />}
      {open?.what === 'rights' && <RightsDialog account={open.account} onClose={close} />}
      {open?.what === 'dismiss' && (
        <ConfirmDialog
          title={t('admin.accounts.dismiss', { login: open.account.login })}
          text={t('admin.accounts.dismissText')}
          confirm={t('admin.delete')}
          action={() => request<undefined>('DELETE', `/accounts/${open.account.id}`)}
          onClose={close}
        />
      )}
      {open?.what === 'withdraw' && (
        <ConfirmDialog
          title={t('admin.accounts.withdraw', { login: open.invitation.login })}
          text={t('admin.accounts.withdrawText')}
          confirm={t('admin.accounts.withdrawConfirm')}
          action={() => request<undefined>('DELETE', `/invitations/${open.invitation.id}`)}
          onClose={close}
        />
      )}
    </Page>
  )
}

function RightPills({ role, rights }: { role: AccountItem['role']; rights: readonly Right[] | null }) {
  const { t } = useTranslation()
  if (role === 'user') return null
  if (rights === null) return <span>{t('admin.accounts.allRights')}</span>
  return <span>{RIGHTS.filter((right) => rights.includes(right)).map((right) => t(`admin.accounts.right.${right}`)).join(', ')}</span>
}

function AccountRow({ account, onOpen }: { account: AccountItem; onOpen: (what: 'rights' | 'dismiss') => void }) {
  const { t, i18n } = useTranslation()
  const own = useSignedIn().account.id === account.id
  const { login, role } = account
  return (
    <>
      {role === 'user' ? <IconKey aria-hidden /> : <IconUserShield aria-hidden />}
      <RowText
        title={login}
        badge={
          <>
            <Pill tone={role === 'user' ? 'plain' : 'accent'}>{t(`admin.role.${role}`)}</Pill>
            {own && <Pill>{t('admin.accounts.own')}</Pill>}
          </>
        }
      >
        <RightPills role={role} rights={account.rights} />
        <span>{t('admin.accounts.since', { date: day(account.created_at, i18n.language) })}</span>
      </RowText>
      {!own && (
        <span className={classes.actions}>
          {role !== 'user' && (
            <Action label={t('admin.accounts.change', { login })} onClick={() => onOpen('rights')} testId="account-rights">
              <IconUserShield size={20} />
            </Action>
          )}
          <Action label={t('admin.accounts.dismiss', { login })} onClick={() => onOpen('dismiss')} testId="admin-delete">
            <IconTrash size={20} />
          </Action>
        </span>
      )}
    </>
  )
}

/** Who has been invited and has not chosen a password yet. */
function Invitations({ organisationId, onWithdraw }: { organisationId: string; onWithdraw: (invitation: Invitation) => void }) {
  const { t, i18n } = useTranslation()
  const invitations = useQuery({
    queryKey: ['admin', '/invitations'],
    queryFn: ({ signal }) => read<{ items: Invitation[] }>('/invitations', signal),
    select: (page) => page.items.filter((one) => one.organisation_id === organisationId),
  })
  if (!invitations.data || invitations.data.length === 0) return null
  return (
    <section className={classes.services} aria-label={t('admin.accounts.invited')}>
      <header className={classes.servicesHead}>
        <h2>{t('admin.accounts.invited')}</h2>
      </header>
      <ul className={`quiet-list ${classes.rows ?? ''}`} aria-label={t('admin.accounts.invited')}>
        {invitations.data.map((one) => (
          <li key={one.id} className={classes.row} data-testid="invitation-row">
            <IconMailForward aria-hidden />
            <RowText title={one.login} badge={<Pill>{t(`admin.role.${one.role}`)}</Pill>}>
              <RightPills role={one.role} rights={one.rights} />
              <span>{t('admin.accounts.until', { date: moment(one.expires_at, i18n.language) })}</span>
            </RowText>
            <span className={classes.actions}>
              <Action label={t('admin.accounts.withdraw', { login: one.login })} onClick={() => onWithdraw(one)} testId="invitation-withdraw">
                <IconTrash size={20} />
              </Action>
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
