import { Alert, Anchor, Button, Checkbox, PasswordInput, Stack } from '@mantine/core'
import { IconAlertCircle, IconInfoCircle } from '@tabler/icons-react'
import { useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'

import { changeLanguage } from '@/shared/i18n/i18n'
import { LANGUAGES, languageCodes } from '@/shared/i18n/languages'
import { Logo } from '@/shared/ui/Logo'

import { LoginField } from './LoginField'
import classes from './session.module.css'

export type SignInFailure =
  | { kind: 'wrong' }
  | { kind: 'tooMany'; seconds: number | null }
  | { kind: 'unreachable' }
  | { kind: 'server' }

interface Props {
  busy: boolean
  failure: SignInFailure | null
  note: string | null
  onSubmit: (form: { login: string; password: string; remember: boolean }) => void
}

export function SignInForm({ busy, failure, note, onSubmit }: Props) {
  const { t, i18n } = useTranslation()
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const [remember, setRemember] = useState(true)

  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (!busy && login.trim() !== '' && password !== '') onSubmit({ login: login.trim(), password, remember })
  }

  const sentence = () => {
    switch (failure?.kind) {
      case 'wrong':
        return t('session.error.wrong')
      case 'tooMany':
        return failure.seconds === null
          ? t('session.error.tooMany')
          : t('session.error.tooManyFor', { count: failure.seconds })
      case 'unreachable':
        return t('session.error.unreachable')
      case 'server':
        return t('session.error.server')
      case undefined:
        return null
    }
  }

  return (
    <div className={classes.door}>
      <aside className={classes.poster} aria-hidden>
        <Wave />
        <p className={classes.tagline}>{t('app.tagline')}</p>
      </aside>
      <main className={classes.side}>
        <form className={classes.form} onSubmit={submit} data-testid="login-form" noValidate>
          <Logo size={40} />
          <div>
            <h1 className={classes.title}>{t('session.title')}</h1>
            <p className={classes.welcome}>{t('session.welcome')}</p>
          </div>
          <div aria-live="assertive">
            {failure && (
              <Alert
                color="red"
                icon={<IconAlertCircle />}
                data-testid="login-error"
                data-error={failure.kind}
                className={classes.alert ?? ''}
              >
                {sentence()}
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
          <div className={classes.languages} role="group" aria-label={t('settings.language')}>
            {languageCodes.map((code) => (
              <button
                key={code}
                type="button"
                lang={code}
                aria-pressed={i18n.resolvedLanguage === code}
                onClick={() => void changeLanguage(code)}
              >
                {LANGUAGES[code]}
              </button>
            ))}
          </div>
        </form>
      </main>
    </div>
  )
}

const BARS = [18, 34, 62, 40, 88, 130, 74, 168, 220, 142, 96, 196, 250, 160, 84, 118, 60, 92, 44, 28, 14]

/** A voice, drawn. */
function Wave() {
  return (
    <svg className={classes.wave} viewBox="0 0 504 280" preserveAspectRatio="xMidYMid meet">
      {BARS.map((height, index) => (
        <rect
          key={index}
          x={index * 24 + 4}
          y={140 - height / 2}
          width={11}
          height={height}
          rx={5.5}
          fill={index === 12 ? '#ffa07a' : '#ffffff'}
          opacity={index === 12 ? 1 : 0.18 + height / 420}
        />
      ))}
    </svg>
  )
}
