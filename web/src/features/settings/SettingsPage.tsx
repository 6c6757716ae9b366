import { Button, Group, Kbd, SegmentedControl, Select, Slider, Switch, Text, useMantineColorScheme } from '@mantine/core'
import { IconLogout, IconPlayerPlay } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { usePage, useSignedIn } from '@/app/services'
import { OwnKeys } from '@/features/keys/OwnKeys'
import { currentCall } from '@/features/softphone/machine'
import { api } from '@/shared/api/client'
import { changeLanguage } from '@/shared/i18n/i18n'
import { isLanguage, LANGUAGES, languageCodes } from '@/shared/i18n/languages'
import { formatNumber } from '@/shared/number'
import { Page } from '@/shared/ui/Page'
import { useStore } from '@/shared/useStore'

import { AudioDevices } from './AudioDevices'
import { askForNotifications, useNotificationPermission } from './notificationPermission'
import classes from './settings.module.css'

const RINGTONE_SAMPLE_MS = 2800

export function SettingsPage() {
  const { t } = useTranslation()
  const telephones = useSignedIn().account.user !== null
  return (
    <Page title={t('settings.title')}>
      <Card title={t('settings.account')}>
        <AccountFacts />
      </Card>
      <Card title={t('settings.appearance')}>
        <Appearance />
      </Card>
      {telephones && (
        <>
          <Card title={t('settings.sound')}>
            <Sound />
            <AudioDevices />
          </Card>
          <Card title={t('keys.title')}>
            <OwnKeys />
          </Card>
          <Card title={t('settings.notifications')}>
            <Notifications />
          </Card>
          <Card title={t('settings.shortcuts')}>
            <Shortcuts />
          </Card>
        </>
      )}
    </Page>
  )
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.card} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  )
}

function AccountFacts() {
  const { t } = useTranslation()
  const { account, softphone, signOut } = useSignedIn()
  const busy = currentCall(useStore(softphone.state)) !== null
  const { user, organisation } = account
  return (
    <>
      <dl className={classes.facts}>
        <dt>{t('settings.organisation')}</dt>
        <dd>{organisation.name}</dd>
        {user && (
          <>
            <dt>{t('settings.extension')}</dt>
            <dd className="numeric">{user.extension}</dd>
          </>
        )}
        {user?.number != null && (
          <>
            <dt>{t('settings.number')}</dt>
            <dd className="numeric">{formatNumber(user.number)}</dd>
          </>
        )}
      </dl>
      <Group>
        <Button variant="default" leftSection={<IconLogout size={18} />} onClick={signOut} data-testid="sign-out">
          {t('session.signOut')}
        </Button>
        {busy && (
          <Text size="sm" c="dimmed">
            {t('session.signOutInCall')}
          </Text>
        )}
      </Group>
    </>
  )
}

function Appearance() {
  const { t, i18n } = useTranslation()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const [failed, setFailed] = useState(false)
  const choose = (code: string | null) => {
    if (code === null || !isLanguage(code)) return
    void changeLanguage(code)
    api.setLanguage(code).then(
      () => setFailed(false),
      () => setFailed(true),
    )
  }
  return (
    <>
      <Select
        label={t('settings.language')}
        data={languageCodes.map((code) => ({ value: code, label: LANGUAGES[code] }))}
        value={i18n.language}
        onChange={choose}
        allowDeselect={false}
        size="md"
        error={failed ? t('settings.saveFailed') : undefined}
        data-testid="language-select"
      />
      <div>
        <Text size="sm" fw={500} mb={6} id="theme-label">
          {t('settings.theme')}
        </Text>
        <SegmentedControl
          aria-labelledby="theme-label"
          fullWidth
          size="md"
          value={colorScheme}
          onChange={setColorScheme}
          data={[
            { value: 'light', label: t('settings.light') },
            { value: 'dark', label: t('settings.dark') },
            { value: 'auto', label: t('settings.auto') },
          ]}
          data-testid="theme-select"
        />
      </div>
    </>
  )
}

function Sound() {
  const { t } = useTranslation()
  const { preferences, tones } = usePage()
  const { ringtoneVolume, voiceProcessing } = useStore(preferences)
  const percent = Math.round(ringtoneVolume * 100)
  const sample = () => {
    tones.stop()
    tones.play('ringtone', ringtoneVolume)
    window.setTimeout(() => tones.stop(), RINGTONE_SAMPLE_MS)
  }
  return (
    <>
      <div>
        <Text size="sm" fw={500} mb={6}>
          {t('settings.volume')}
        </Text>
        <Group wrap="nowrap">
          <Slider
            className={classes.volume ?? ''}
            thumbLabel={t('settings.volume')}
            thumbProps={{ 'aria-valuetext': t('settings.volumeValue', { percent }) }}
            label={`${percent} %`}
            value={percent}
            onChange={(value) => preferences.change({ ringtoneVolume: value / 100 })}
          />
          <Button variant="light" leftSection={<IconPlayerPlay size={17} />} onClick={sample}>
            {t('settings.tryRingtone')}
          </Button>
        </Group>
      </div>
      <Switch
        label={t('settings.processing')}
        description={t('settings.processingHint')}
        checked={voiceProcessing}
        onChange={(event) => preferences.change({ voiceProcessing: event.currentTarget.checked })}
      />
    </>
  )
}

function Notifications() {
  const { t } = useTranslation()
  const permission = useNotificationPermission()
  switch (permission) {
    case 'granted':
      return <Text>{t('notification.on')}</Text>
    case 'denied':
      return <Text>{t('notification.blocked')}</Text>
    case 'default':
      return (
        <Group>
          <Text>{t('notification.off')}</Text>
          <Button variant="light" onClick={askForNotifications}>
            {t('notification.allow')}
          </Button>
        </Group>
      )
    case 'unsupported':
      return <Text>{t('notification.off')}</Text>
  }
}

function Shortcuts() {
  const { t } = useTranslation()
  const rows = [
    ['D', t('settings.shortcutDial')],
    ['A', t('settings.shortcutAnswer')],
    ['H', t('settings.shortcutHangup')],
    ['M', t('settings.shortcutMute')],
  ] as const
  return (
    <dl className={classes.facts}>
      {rows.map(([key, text]) => (
        <div key={key} style={{ display: 'contents' }}>
          <dt>
            <Kbd>Alt</Kbd> + <Kbd>⇧</Kbd> + <Kbd>{key}</Kbd>
          </dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  )
}
