import { Button, Select, Stack, Text } from '@mantine/core'
import { IconHeadphones, IconMicrophone } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

import { usePage, useSignedIn } from '@/app/services'
import { useStore } from '@/shared/useStore'

import { useMediaDevices } from './useMediaDevices'

const SYSTEM = 'system'
const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype

/** Choice of microphone and loudspeaker; takes effect at once, in a call too. */
export function AudioDevices({ compact = false }: { compact?: boolean }) {
  const { t } = useTranslation()
  const { preferences } = usePage()
  const { softphone } = useSignedIn()
  const { microphone, speaker } = useStore(preferences)
  const devices = useMediaDevices()

  const options = (list: MediaDeviceInfo[]) => [
    { value: SYSTEM, label: t('settings.systemDevice') },
    ...list.map((device, index) => ({
      value: device.deviceId,
      label: device.label || t('settings.device', { number: index + 1 }),
    })),
  ]
  const chosen = (id: string | null, list: MediaDeviceInfo[]) =>
    list.some((device) => device.deviceId === id) ? id : SYSTEM
  const idOf = (value: string | null) => (value === null || value === SYSTEM ? null : value)

  return (
    <Stack gap="md">
      {!devices.named && (
        <Stack gap="xs" align="flex-start">
          <Text size="sm" c="dimmed">
            {t('settings.noDevices')}
          </Text>
          <Button variant="light" size="sm" onClick={devices.allow}>
            {t('settings.allowMicrophone')}
          </Button>
        </Stack>
      )}
      <Select
        label={t('settings.microphone')}
        leftSection={<IconMicrophone size={18} />}
        data={options(devices.microphones)}
        value={chosen(microphone, devices.microphones)}
        allowDeselect={false}
        size={compact ? 'sm' : 'md'}
        data-testid="microphone-select"
        onChange={(value) => {
          preferences.change({ microphone: idOf(value) })
          // A device that cannot be opened leaves the call on the one it had.
          softphone.useMicrophone(idOf(value)).catch(() => undefined)
        }}
      />
      <Select
        label={t('settings.speaker')}
        leftSection={<IconHeadphones size={18} />}
        data={options(devices.speakers)}
        value={chosen(speaker, devices.speakers)}
        allowDeselect={false}
        disabled={!canChooseSpeaker}
        {...(canChooseSpeaker ? {} : { description: t('settings.speakerUnsupported') })}
        size={compact ? 'sm' : 'md'}
        data-testid="speaker-select"
        onChange={(value) => preferences.change({ speaker: idOf(value) })}
      />
    </Stack>
  )
}
