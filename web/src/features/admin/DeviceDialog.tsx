import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { FormDialog, useAttempt } from './FormDialog'
import { put, type Device, type DeviceBody, type DevicePut } from './requests'
import { SpeechEncryption } from './SpeechEncryption'

/** What can be changed of a telephone: its name, and whether its speech is encrypted. */
export function DeviceDialog({ device, onClose }: { device: Device; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [name, setName] = useState(device.name)
  const [srtp, setSrtp] = useState(device.srtp ?? 'prefer')
  const errors = attempt.refusal?.fields ?? {}
  const send = async () => {
    const { customer_id, user_id, site_id, sip_user } = device
    const body: DeviceBody = { customer_id, user_id, site_id, sip_user, name: name.trim(), srtp }
    if (await attempt.run(() => put<DevicePut>(`/devices/${device.id}`, device.version, body))) onClose()
  }
  return (
    <FormDialog
      title={t('admin.devices.change', { name: device.name || device.sip_user })}
      submit={t('admin.save')}
      attempt={attempt}
      shown={['name', 'srtp']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        label={t('admin.devices.nameLabel')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={errors.name}
        data-autofocus
        data-testid="field-name"
      />
      <SpeechEncryption of="telephone" value={srtp} onChange={setSrtp} error={errors.srtp} />
    </FormDialog>
  )
}
