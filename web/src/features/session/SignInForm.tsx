import { Alert, Anchor, Button, Checkbox, Divider, PasswordInput, Stack, TextInput } from '@mantine/core'
import { IconAlertCircle, IconInfoCircle } from '@tabler/icons-react'
import { useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'

import type { Credentials } from '@/shared/api/client'
import { Logo } from '@/shared/ui/Logo'

import { DoorFrame, DoorLanguages } from './Door'
import { LoginField } from './LoginField'
import classes from './session.module.css'

export type SignInFailure =
  | { kind: 'wrong' }
  /** The password is right; a one-time code is missing, or is not. */
  | { kind: 'code' | 'wrongCode' }
  /** The password is right, but the customer has its people sign in with their company account. */
  | { kind: 'company' }
  | { kind: 'tooMany'; seconds: number | null }
  | { kind: 'unreachable' }
  | { kind: 'server' }

interface Props {
  busy: boolean
  failure: SignInFailure | null
  note: string | null
  onSubmit: (form: Credentials) => void
  onCompany: () => void
}

export function SignInForm({ busy, failure, note, onSubmit, onCompany }: Props) {
  const { t } = useTranslation()
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [remember, setRemember] = useState(true)
  const asksForCode = failure?.kind === 'code' || failure?.kind === 'wrongCode' || code !== ''

  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (busy || login.trim() === '' || password === '') return
    onSubmit({ login: login.trim(), password, remember, ...(code.trim() === '' ? {} : { code: code.trim() }) })
  }

  const sentence = () => {
    switch (failure?.kind) {
      case 'wrong':
        return t('session.error.wrong')
      case 'company':
        return t('session.error.company')
      case 'wrongCode':
        return t('session.error.wrongCode')
      case 'tooMany':
        return failure.seconds === null
          ? t('session.error.tooMany')
          : t('session.error.tooManyFor', { count: failure.seconds })
      case 'unreachable':
        return t('session.error.unreachable')
      case 'server':
        return t('session.error.server')
      case 'code':
      case undefined:
        return null
    }
  }
  const told = sentence()

  return (
    <DoorFrame>
      <form className={classes.form} onSubmit={submit} data-testid="login-form" noValidate>
        <Logo size={40} />
        <div>
          <h1 className={classes.title}>{t('session.title')}</h1>
          <p className={classes.welcome}>{t('session.welcome')}</p>
        </div>
        <div aria-live="assertive">
          {failure && told !== null && (
            <Alert
              color="red"
              icon={<IconAlertCircle />}
              data-testid="login-error"
              data-error={failure.kind}
              className={classes.alert ?? ''}
            >
              {told}
            </Alert>
          )}
          {!failure && note !== null && (
            <Alert icon={<IconInfoCircle />} className={classes.alert ?? ''}>
              {note}
            </Alert>
          )}
        </div>
        <Stack gap="md">
          <LoginField value={login} onChange={setLogin} testId="login-name" />
          <PasswordInput
            label={t('session.password')}
            name="password"
            autoComplete="current-password"
            size="md"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            data-testid="login-password"
          />
          {asksForCode && (
            <TextInput
              label={t('session.code')}
              description={t('session.codeHint')}
              name="code"
              autoComplete="one-time-code"
              autoFocus
              size="md"
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
              data-testid="login-code"
            />
          )}
          <Checkbox
            label={t('session.remember')}
            checked={remember}
            onChange={(event) => setRemember(event.currentTarget.checked)}
          />
        </Stack>
        <Button type="submit" size="md" fullWidth loading={busy} data-testid="login-submit">
          {t('session.submit')}
        </Button>
        <Anchor href="/reset" ta="center" size="sm" data-testid="login-forgotten">
          {t('session.forgotten.title')}
        </Anchor>
        <Divider label={t('session.or')} classNames={{ label: classes.or ?? '' }} />
        <Button variant="default" size="md" fullWidth onClick={onCompany} data-testid="login-company">
          {t('session.company.open')}
        </Button>
        <DoorLanguages />
      </form>
    </DoorFrame>
  )
}
