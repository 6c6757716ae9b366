import { Alert, Button, CopyButton, Group, Modal, NativeSelect, Skeleton, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconDeviceLandlinePhone, IconDeviceLaptop, IconKey, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { request } from '@/shared/api/client'

import { Action } from './Action'
import classes from './admin.module.css'
import { DeviceDialog } from './DeviceDialog'
import { ConfirmDialog, RefusalAlert, useAttempt } from './FormDialog'
import { Pill, RowText } from './Listing'
import { portsText } from './numbers'
import { put, read, readAll, remove, type Customer, type Device, type DeviceBody, type DevicePut, type SipAccess, type Site, type User } from './requests'
import { useSites } from './SitesPage'
import { SpeechEncryption } from './SpeechEncryption'

/** The telephones of a user. */
export function DevicesDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation()
  const title = t('admin.devices.of', { name: user.name })
  return <Telephones customerId={user.customer_id} userId={user.id} title={title} onClose={onClose} />
}

/** The telephones that are nobody's: somebody has to log in there. */
export function FreeDevicesDialog({ customerId, onClose }: { customerId: string; onClose: () => void }) {
  const { t } = useTranslation()
  return <Telephones customerId={customerId} userId={null} title={t('admin.devices.free')} onClose={onClose} />
}

/** A password is shown once, when it was made; then nobody can read it any more. */
function Telephones({ customerId, userId, title, onClose }: { customerId: string; userId: string | null; title: string; onClose: () => void }) {
  const { t } = useTranslation()
  const devices = useQuery({
    queryKey: ['admin', '/devices', customerId, 'whole'],
    queryFn: ({ signal }) => readAll<Device>('/devices', { customer_id: customerId }, signal),
  })
  const sites = useSites(customerId).data ?? []
  const own = devices.data?.filter((device) => device.user_id === userId) ?? []
  const [told, setTold] = useState<DevicePut | null>(null)
  const [asked, setAsked] = useState<{ what: 'change' | 'delete' | 'renew'; device: Device } | null>(null)
  return (
    <>
      <Modal
        opened={asked === null}
        onClose={onClose}
        title={title}
        closeButtonProps={{ 'aria-label': t('admin.close') }}
        size="lg"
        centered
      >
        <Stack data-testid="devices-dialog">
          {userId === null && <Text size="sm">{t('admin.devices.freeText')}</Text>}
          {told && <Settings device={told} customerId={customerId} />}
          {devices.isPending && <Skeleton height={64} radius="lg" />}
          {devices.isError && <Alert color="apricot">{t('admin.failed')}</Alert>}
          {devices.isSuccess && own.length === 0 && <Text c="dimmed">{t('admin.devices.empty')}</Text>}
          {own.length > 0 && (
            <ul className={`quiet-list ${classes.rows ?? ''}`}>
              {own.map((device) => (
                <li key={device.id} className={classes.row} data-testid="device-row" data-sip-user={device.sip_user}>
                  {device.kind === 'web' ? <IconDeviceLaptop aria-hidden /> : <IconDeviceLandlinePhone aria-hidden />}
                  <RowText
                    title={device.kind === 'web' ? t('admin.devices.web') : device.name || device.sip_user}
                    badge={
                      <Pill tone={device.registered ? 'good' : 'plain'}>
                        {t(device.registered ? 'admin.devices.online' : 'admin.devices.offline')}
                      </Pill>
                    }
                  >
                    <span>{device.sip_user}</span>
                    {device.srtp && <span>{t('admin.srtp.short', { value: t(`admin.srtp.values.${device.srtp}`) })}</span>}
                    {device.site_id && <span>{sites.find((site) => site.id === device.site_id)?.name}</span>}
                  </RowText>
                  {device.kind === 'phone' && (
                    <span className={classes.actions}>
                      <Action
                        label={t('admin.devices.change', { name: device.name || device.sip_user })}
                        onClick={() => setAsked({ what: 'change', device })}
                        testId="device-change"
                      >
                        <IconPencil size={20} />
                      </Action>
                      <Action
                        label={t('admin.devices.renew', { name: device.name })}
                        onClick={() => setAsked({ what: 'renew', device })}
                        testId="device-renew"
                      >
                        <IconKey size={20} />
                      </Action>
                      <Action
                        label={t('admin.devices.delete', { name: device.name })}
                        onClick={() => setAsked({ what: 'delete', device })}
                        testId="device-delete"
                      >
                        <IconTrash size={20} />
                      </Action>
                    </span>
                  )}
                </li>
              ))}
            </ul>
          )}
          <NewDevice customerId={customerId} userId={userId} sites={sites} onMade={setTold} />
        </Stack>
      </Modal>
      {asked?.what === 'change' && <DeviceDialog device={asked.device} onClose={() => setAsked(null)} />}
      {asked?.what === 'delete' && (
        <ConfirmDialog
          title={t('admin.devices.delete', { name: asked.device.name })}
          text={t('admin.devices.deleteText')}
          confirm={t('admin.delete')}
          action={() => remove(`/devices/${asked.device.id}`, asked.device.version)}
          onClose={() => setAsked(null)}
        />
      )}
      {asked?.what === 'renew' && (
        <ConfirmDialog
          title={t('admin.devices.renew', { name: asked.device.name })}
          text={t('admin.devices.renewText')}
          confirm={t('admin.devices.renewConfirm')}
          action={async () => setTold(await request<DevicePut>('POST', `/devices/${asked.device.id}/password`))}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  )
}

interface NewDeviceProps {
  customerId: string
  userId: string | null
  sites: Site[]
  onMade: (made: DevicePut) => void
}

function NewDevice({ customerId, userId, sites, onMade }: NewDeviceProps) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [name, setName] = useState('')
  const [siteId, setSiteId] = useState('')
  const [srtp, setSrtp] = useState<DeviceBody['srtp']>('prefer')
  const [id, setId] = useState(() => crypto.randomUUID())
  const create = async () => {
    const whose = userId === null ? { customer_id: customerId, site_id: siteId || null } : { user_id: userId }
    const body: DeviceBody = { ...whose, name: name.trim(), srtp }
    const done = await attempt.run(async () => onMade(await put<DevicePut>(`/devices/${id}`, null, body)))
    if (!done) return
    setName('')
    setId(crypto.randomUUID())
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void create()
      }}
    >
      <Stack gap="sm">
        <RefusalAlert refusal={attempt.refusal} shown={['name', 'site_id', 'srtp']} />
        <TextInput
          label={t('admin.devices.name')}
          placeholder={t('admin.devices.nameExample')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={attempt.refusal?.fields.name}
          data-testid="device-name"
        />
        {userId === null && sites.length > 0 && (
          <NativeSelect
            label={t('admin.devices.site')}
            data={[{ value: '', label: t('admin.devices.firstSite') }, ...sites.map((site) => ({ value: site.id, label: site.name }))]}
            value={siteId}
            onChange={(event) => setSiteId(event.currentTarget.value)}
            error={attempt.refusal?.fields.site_id}
            data-testid="device-site"
          />
        )}
        <SpeechEncryption of="telephone" value={srtp} onChange={setSrtp} error={attempt.refusal?.fields.srtp} />
        <Group justify="flex-end">
          <Button type="submit" leftSection={<IconPlus size={18} />} loading={attempt.busy} data-testid="device-create">
            {t('admin.create')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** What is written into the telephone. */
function Settings({ device, customerId }: { device: DevicePut; customerId: string }) {
  const { t } = useTranslation()
  const customer = useQuery({
    queryKey: ['admin', '/customers', customerId],
    queryFn: ({ signal }) => read<Customer>(`/customers/${customerId}`, signal),
  })
  const access = useQuery({
    queryKey: ['admin', '/sip-access'],
    queryFn: ({ signal }) => read<SipAccess>('/sip-access', signal),
    staleTime: Infinity,
  })
  const settings = [
    ['server', window.location.hostname],
    ['ports', portsText(access.data?.ports ?? {})],
    ['domain', customer.data?.domain ?? '…'],
    ['user', device.sip_user],
    ['password', device.password ?? ''],
  ] as const
  const whole = settings.map(([what, value]) => `${t(`admin.devices.sip.${what}`)}: ${value}`).join('\n')
  return (
    <Alert color="petrol" title={t('admin.devices.settings', { name: device.name || device.sip_user })} data-testid="device-settings">
      <Text size="sm" mb="sm">
        {t('admin.devices.once')}
      </Text>
      <dl className={classes.facts}>
        {settings.map(([what, value]) => (
          <Fact key={what} name={t(`admin.devices.sip.${what}`)} value={value} testId={`sip-${what}`} />
        ))}
      </dl>
      <CopyButton value={whole}>
        {({ copied, copy }) => (
          <Button mt="sm" variant="default" onClick={copy} data-testid="sip-copy">
            {copied ? t('admin.copied') : t('admin.devices.copyAll')}
          </Button>
        )}
      </CopyButton>
    </Alert>
  )
}

function Fact({ name, value, testId }: { name: string; value: string; testId: string }) {
  const { t } = useTranslation()
  return (
    <>
      <dt>{name}</dt>
      <dd data-testid={testId}>{value}</dd>
      <dd>
        <CopyButton value={value}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="default" onClick={copy} aria-label={t('admin.copyWhat', { name })}>
              {copied ? t('admin.copied') : t('admin.copy')}
            </Button>
          )}
        </CopyButton>
      </dd>
    </>
  )
}
