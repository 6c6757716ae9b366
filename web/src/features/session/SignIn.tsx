import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { api, ApiError, UnreachableError } from '@/shared/api/client'
import type { Account } from '@/shared/api/types'

import { SignInForm, type SignInFailure } from './SignInForm'

function failureOf(error: Error): SignInFailure {
  if (error instanceof UnreachableError) return { kind: 'unreachable' }
  if (!(error instanceof ApiError)) return { kind: 'server' }
  if (error.status === 401 || error.status === 403 || error.status === 422) return { kind: 'wrong' }
  if (error.status === 429) return { kind: 'tooMany', seconds: error.retryAfter }
  return { kind: error.status === 503 ? 'unreachable' : 'server' }
}

interface Props {
  onSignedIn: (account: Account) => void
  /** Somebody was signed in on this page and is not any more. */
  expired: boolean
}

export function SignIn({ onSignedIn, expired }: Props) {
  const { t } = useTranslation()
  const attempt = useMutation({
    mutationFn: (form: { login: string; password: string; remember: boolean }) =>
      api.signIn(form.login, form.password, form.remember),
    onSuccess: onSignedIn,
  })
  return (
    <SignInForm
      busy={attempt.isPending}
      failure={attempt.isError ? failureOf(attempt.error) : null}
      note={expired && attempt.isIdle ? t('session.error.expired') : null}
      onSubmit={attempt.mutate}
    />
  )
}
