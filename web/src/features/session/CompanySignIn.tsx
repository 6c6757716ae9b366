import { Alert, Anchor, Button, TextInput } from '@mantine/core'
import { IconAlertCircle } from '@tabler/icons-react'
import { useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'

import { Logo } from '@/shared/ui/Logo'

import { DoorFrame, DoorLanguages } from './Door'
import classes from './session.module.css'
import { companyDomain, domainIn, signOnAddress, type SignOnResult } from './singleSignOn'

interface Props {
  returned: SignOnResult | null
  onBack: () => void
}

/** Signing in with the account that one has at one's company: its domain says where that is. */
export function CompanySignIn({ returned, onBack }: Props) {
  const { t } = useTranslation()
  const [domain, setDomain] = useState(companyDomain.get)
  const [leaving, setLeaving] = useState(false)
  const wanted = domainIn(domain)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (wanted === '') return
    companyDomain.set(wanted)
    setLeaving(true)
    window.location.assign(signOnAddress(wanted))
  }
  return (
    <DoorFrame>
      <form className={classes.form} onSubmit={submit} data-testid="company-form" noValidate>
        <Logo size={40} />
        <div>
          <h1 className={classes.title}>{t('session.company.title')}</h1>
          <p className={classes.welcome}>{t('session.company.hint')}</p>
        </div>
        {returned !== null && !leaving && (
          <Alert
            color="red"
            icon={<IconAlertCircle />}
            role="alert"
            className={classes.alert ?? ''}
            data-testid="company-error"
            data-error={returned}
          >
            {t(`session.company.result.${returned}`)}
          </Alert>
        )}
        <TextInput
          label={t('session.company.domain')}
          description={t('session.company.domainHint')}
          name="domain"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          size="md"
          autoFocus
          value={domain}
          onChange={(event) => setDomain(event.currentTarget.value)}
          data-testid="company-domain"
        />
        <Button type="submit" size="md" fullWidth loading={leaving} data-testid="company-submit">
          {t('session.company.submit')}
        </Button>
        <Anchor component="button" type="button" ta="center" onClick={onBack} data-testid="company-back">
          {t('session.company.back')}
        </Anchor>
        <DoorLanguages />
      </form>
    </DoorFrame>
  )
}
