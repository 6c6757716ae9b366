import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api, ApiError, UnreachableError, type Credentials } from '@/shared/api/client'
import type { Account } from '@/shared/api/types'

import { CompanySignIn } from './CompanySignIn'
import { SignInForm, type SignInFailure } from './SignInForm'
import type { SignOnResult } from './singleSignOn'

function failureOf(error: Error, withCode: boolean): SignInFailure {
  if (error instanceof UnreachableError) return { kind: 'unreachable' }
  if (!(error instanceof ApiError)) return { kind: 'server' }
  if (error.slug === 'second-factor') return { kind: withCode ? 'wrongCode' : 'code' }
  if (error.slug === 'company-account') return { kind: 'company' }
  if (error.status === 401 || error.status === 403 || error.status === 422) return { kind: 'wrong' }
  if (error.status === 429) return { kind: 'tooMany', seconds: error.retryAfter }
  return { kind: error.status === 503 ? 'unreachable' : 'server' }
}

interface Props {
  onSignedIn: (account: Account) => void
  /** Somebody was signed in on this page and is not any more. */
  expired: boolean
  /** How an attempt to sign in at the company ended. */
  returned: SignOnResult | null
}

export function SignIn({ onSignedIn, expired, returned }: Props) {
  const { t } = useTranslation()
  const [company, setCompany] = useState(returned !== null)
  const attempt = useMutation({
    mutationFn: (form: Credentials) => api.signIn(form),
    onSuccess: onSignedIn,
  })
  if (company) return <CompanySignIn returned={returned} onBack={() => setCompany(false)} />
  return (
    <SignInForm
      busy={attempt.isPending}
      failure={attempt.isError ? failureOf(attempt.error, (attempt.variables.code ?? '') !== '') : null}
      note={expired && attempt.isIdle ? t('session.error.expired') : null}
      onSubmit={attempt.mutate}
      onCompany={() => setCompany(true)}
    />
  )
}
