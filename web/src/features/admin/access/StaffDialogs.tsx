import { Switch, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useSignedIn } from '@/app/services'
import { request } from '@/shared/api/client'

import { FormDialog, useAttempt } from '../FormDialog'
import { Made } from '../InviteDialog'
import type { AccountItem, NewInvitation } from '../requests'
import { givable, type Right } from './rights'
import { RightsField } from './RightsField'

interface InviteProps {
  organisationId: string
  role: AccountItem['role']
  onClose: () => void
}

/** A colleague for the administration: a login, what it may, and the link to a password. */
export function InviteStaffDialog({ organisationId, role, onClose }: InviteProps) {
  const { t, i18n } = useTranslation()
  const own = useSignedIn().account.rights
  const attempt = useAttempt()
  const [login, setLogin] = useState('')
  const [mail, setMail] = useState(false)
  const [rights, setRights] = useState<Right[] | null>(() => (own === null ? null : [...givable(own)]))
  const [made, setMade] = useState<NewInvitation | null>(null)
  if (made) return <Made invitation={made} name={made.login} staff onClose={onClose} />
  const body = { organisation_id: organisationId, role, login: login.trim(), rights, language: i18n.language, mail }
  return (
    <FormDialog
      title={t('admin.accounts.invite')}
      submit={t('admin.invite.submit')}
      attempt={{ ...attempt, blocked: login.trim() === '' || rights?.length === 0 }}
      shown={['login', 'rights']}
      onSubmit={() => void attempt.run(async () => setMade(await request<NewInvitation>('POST', '/invitations', body)))}
      onClose={onClose}
    >
      <TextInput
        type="email"
        label={t('admin.invite.login')}
        description={t('admin.invite.loginHint')}
        autoComplete="off"
        value={login}
        onChange={(event) => setLogin(event.currentTarget.value)}
        error={attempt.refusal?.fields.login}
        data-autofocus
        data-testid="field-login"
      />
      <Switch label={t('admin.invite.mail')} checked={mail} onChange={(event) => setMail(event.currentTarget.checked)} data-testid="field-mail" />
      <RightsField value={rights} onChange={setRights} error={attempt.refusal?.fields.rights} />
    </FormDialog>
  )
}

/** Cuts an account down to some rights, or gives it all of its role. */
export function RightsDialog({ account, onClose }: { account: AccountItem; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [rights, setRights] = useState<Right[] | null>(account.rights)
  const send = async () => {
    if (await attempt.run(() => request('PUT', `/accounts/${account.id}/rights`, { rights }))) onClose()
  }
  return (
    <FormDialog
      title={t('admin.accounts.change', { login: account.login })}
      submit={t('admin.save')}
      attempt={{ ...attempt, blocked: rights?.length === 0 }}
      shown={['rights']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <RightsField value={rights} onChange={setRights} error={attempt.refusal?.fields.rights} />
    </FormDialog>
  )
}
