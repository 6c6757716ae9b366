import { Button, PasswordInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { request } from '@/shared/api/client'

import { FormDialog, useAttempt } from './FormDialog'
import type { User } from './requests'

/** A user's PIN for foreign telephones: set anew or taken away, never read. */
export function PinDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [pin, setPin] = useState('')
  const path = `/users/${user.id}/pin`
  const run = async (action: () => Promise<unknown>) => {
    if (await attempt.run(action)) onClose()
  }
  return (
    <FormDialog
      title={t('admin.pin.title', { name: user.name })}
      submit={t('admin.pin.set')}
      attempt={{ ...attempt, blocked: pin === '' }}
      shown={['pin']}
      onSubmit={() => void run(() => request('PUT', path, { pin }))}
      onClose={onClose}
    >
      <PasswordInput
        label={t('admin.pin.pin')}
        description={t('admin.pin.hint')}
        inputMode="numeric"
        autoComplete="off"
        value={pin}
        onChange={(event) => setPin(event.currentTarget.value)}
        error={attempt.refusal?.fields.pin}
        data-autofocus
        data-testid="field-pin"
      />
      <Button
        variant="subtle"
        color="red"
        loading={attempt.busy}
        onClick={() => void run(() => request('DELETE', path))}
        data-testid="pin-clear"
      >
        {t('admin.pin.clear')}
      </Button>
    </FormDialog>
  )
}
