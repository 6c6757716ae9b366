import { Alert, Anchor, Button, PasswordInput, Stack } from '@mantine/core'
import { IconAlertCircle, IconCircleCheck } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'

import { api, ApiError } from '@/shared/api/client'
import { Logo } from '@/shared/ui/Logo'

import { LoginField } from './LoginField'
import { tokenIn, type PasswordPurpose } from './passwordLink'
import classes from './session.module.css'

const SHORTEST = 10

/** Where a link in a letter leads, and where one asks for such a letter. */
export function PasswordPage({ purpose }: { purpose: PasswordPurpose }) {
  const [token] = useState(() => tokenIn(window.location.hash))
  return (
    <main className={classes.side} style={{ minHeight: '100%' }}>
      {token === null ? <Ask /> : <Choose purpose={purpose} token={token} />}
    </main>
  )
}

function Choose({ purpose, token }: { purpose: PasswordPurpose; token: string }) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const [repeated, setRepeated] = useState('')
  const attempt = useMutation({
    mutationFn: () => api.choosePassword(purpose, token, password),
    // The link is used up: it need not stay in the history of the browser.
    onSuccess: () => window.history.replaceState(null, '', window.location.pathname),
  })
  const tooShort = password !== '' && password.length < SHORTEST
  const differs = repeated !== '' && repeated !== password
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (password.length >= SHORTEST && repeated === password) attempt.mutate()
  }
  if (attempt.isSuccess) {
    return (
      <div className={classes.form}>
        <Logo size={40} />
        <Alert color="green" icon={<IconCircleCheck />} role="status" data-testid="password-chosen">
          {t('session.newPassword.done', { login: attempt.data.login })}
        </Alert>
        <Button component="a" href="/" size="md" fullWidth>
          {t('session.submit')}
        </Button>
      </div>
    )
  }
  return (
    <form className={classes.form} onSubmit={submit} noValidate data-testid="password-form">
      <Logo size={40} />
      <h1 className={classes.title}>{t(`session.newPassword.${purpose}`)}</h1>
      {attempt.isError && <Failure error={attempt.error} />}
      <Stack gap="md">
        <PasswordInput
          label={t('session.newPassword.password')}
          description={t('session.newPassword.rule', { count: SHORTEST })}
          error={tooShort ? t('session.newPassword.tooShort', { count: SHORTEST }) : null}
          autoComplete="new-password"
          size="md"
          autoFocus
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          data-testid="password-new"
        />
        <PasswordInput
          label={t('session.newPassword.repeat')}
          error={differs ? t('session.newPassword.differs') : null}
          autoComplete="new-password"
          size="md"
          value={repeated}
          onChange={(event) => setRepeated(event.currentTarget.value)}
          data-testid="password-repeat"
        />
      </Stack>
      <Button type="submit" size="md" fullWidth loading={attempt.isPending} data-testid="password-submit">
        {t('session.newPassword.submit')}
      </Button>
    </form>
  )
}

function Ask() {
  const { t } = useTranslation()
  const [login, setLogin] = useState('')
  const attempt = useMutation({ mutationFn: () => api.forgotPassword(login.trim()) })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (login.trim() !== '') attempt.mutate()
  }
  return (
    <form className={classes.form} onSubmit={submit} noValidate data-testid="forgotten-form">
      <Logo size={40} />
      <div>
        <h1 className={classes.title}>{t('session.forgotten.title')}</h1>
        <p className={classes.welcome}>{t('session.forgotten.hint')}</p>
      </div>
      {attempt.isError && <Failure error={attempt.error} />}
      {attempt.isSuccess && (
        <Alert color="green" icon={<IconCircleCheck />} role="status" data-testid="forgotten-done">
          {t('session.forgotten.done')}
        </Alert>
      )}
      <LoginField value={login} onChange={setLogin} testId="forgotten-login" />
      <Button type="submit" size="md" fullWidth loading={attempt.isPending} data-testid="forgotten-submit">
        {t('session.forgotten.submit')}
      </Button>
      <Anchor href="/" ta="center">
        {t('session.forgotten.back')}
      </Anchor>
    </form>
  )
}

function Failure({ error }: { error: Error }) {
  const { t } = useTranslation()
  const status = error instanceof ApiError ? error.status : 0
  const sentence =
    status === 404 || status === 409
      ? t('session.newPassword.used')
      : status === 429
        ? t('session.error.tooMany')
        : t('session.error.server')
  return (
    <Alert color="red" icon={<IconAlertCircle />} role="alert" data-testid="password-error">
      {sentence}
    </Alert>
  )
}
