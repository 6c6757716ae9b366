import { useTranslation } from 'react-i18next'

import type { RegistrationState } from './machine'

import classes from './badge.module.css'

export type PhoneState = RegistrationState | 'none'

/** Whether this phone can make and take calls. */
export function RegistrationBadge({ state }: { state: PhoneState }) {
  const { t } = useTranslation()
  return (
    <span className={classes.badge} role="status" data-testid="registration-state" data-state={state}>
      <span className={classes.dot} aria-hidden />
      <span className={classes.text}>{t(`registration.${state}`)}</span>
    </span>
  )
}
