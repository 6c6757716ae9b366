import { Alert, Button, CopyButton, Group, Modal, Stack, Switch, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { request } from '@/shared/api/client'

import classes from './admin.module.css'
import { FormDialog, useAttempt } from './FormDialog'
import { moment } from './moment'
import { QrCode } from './QrCode'
import type { NewInvitation, User } from './requests'

/** An account for a user: a link by mail, or as a QR code for the smartphone in the user's hand. */
export function InviteDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [login, setLogin] = useState('')
  const [mail, setMail] = useState(false)
  const [made, setMade] = useState<NewInvitation | null>(null)
  if (made) return <Made invitation={made} name={user.name} onClose={onClose} />
  const body = { organisation_id: user.customer_id, role: 'user', user_id: user.id, login: login.trim(), language: user.language, mail }
  return (
    <FormDialog
      title={t('admin.invite.title', { name: user.name })}
      submit={t('admin.invite.submit')}
      attempt={attempt}
      shown={['login']}
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
    </FormDialog>
  )
}

interface MadeProps {
  invitation: NewInvitation
  name: string
  /** Who administers does not telephone with this account. */
  staff?: boolean
  onClose: () => void
}

export function Made({ invitation, name, staff = false, onClose }: MadeProps) {
  const { t, i18n } = useTranslation()
  const link = `${window.location.origin}/invitation#${invitation.token}`
  return (
    <Modal opened onClose={onClose} title={t('admin.invite.title', { name })} closeButtonProps={{ 'aria-label': t('admin.close') }} centered>
      <Stack align="center" data-testid="invitation">
        {invitation.mailed && <Alert color="petrol">{t('admin.invite.mailed', { login: invitation.login })}</Alert>}
        <p className={classes.servicesHint}>{t(staff ? 'admin.invite.scanStaff' : 'admin.invite.scan', { date: moment(invitation.expires_at, i18n.language) })}</p>
        <QrCode text={link} label={t('admin.invite.code', { name })} />
        <code className={classes.link} data-testid="invitation-link">
          {link}
        </code>
        <Group>
          <CopyButton value={link}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? t('admin.copied') : t('admin.invite.copy')}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose} data-testid="admin-cancel">
            {t('admin.close')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
