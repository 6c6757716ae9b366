import { Button } from '@mantine/core'
import { IconDeviceLandlinePhone, IconDeviceLaptop, IconPencil } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Page } from '@/shared/ui/Page'

import { Action } from './Action'
import classes from './admin.module.css'
import { DevicesDialog, FreeDevicesDialog } from './DevicesDialog'
import { Listing, Pill, RowText, SearchField, useSearch } from './Listing'
import type { Device, User } from './requests'
import { useUsers } from './services/estate'
import { useList } from './useList'

/** All telephones of a customer, whose they are, and whether they are there. */
export function DevicesPage({ customerId }: { customerId: string }) {
  const { t } = useTranslation()
  const search = useSearch()
  const list = useList<Device>('/devices', { customer_id: customerId, query: search.wanted })
  const users = useUsers(customerId).data ?? []
  const [open, setOpen] = useState<User | 'free' | null>(null)
  return (
    <Page
      title={t('admin.devices.title')}
      aside={
        <div className={classes.tools}>
          <SearchField label={t('admin.devices.search')} text={search.text} onText={search.setText} />
          <Button
            variant="light"
            radius="xl"
            size="md"
            leftSection={<IconDeviceLandlinePhone size={18} />}
            onClick={() => setOpen('free')}
            data-testid="free-devices"
          >
            {t('admin.devices.free')}
          </Button>
        </div>
      }
    >
      <Listing
        list={list}
        name={t('admin.devices.title')}
        id={(device) => device.id}
        empty={search.wanted === '' ? t('admin.devices.none') : t('admin.nothing')}
        hint={t('admin.devices.noneHint')}
        row={(device) => {
          const user = users.find((one) => one.id === device.user_id)
          return (
            <>
              {device.kind === 'web' ? <IconDeviceLaptop aria-hidden /> : <IconDeviceLandlinePhone aria-hidden />}
              <RowText
                title={device.kind === 'web' ? t('admin.devices.web') : device.name || device.sip_user}
                badge={
                  <Pill tone={device.registered ? 'good' : 'plain'}>
                    {t(device.registered ? 'admin.devices.online' : 'admin.devices.offline')}
                  </Pill>
                }
              >
                {user && <span>{`${user.name} (${user.extension})`}</span>}
                {device.user_id === null && <span>{t('admin.devices.nobody')}</span>}
                <span>{device.sip_user}</span>
              </RowText>
              {device.user_id === null && (
                <span className={classes.actions}>
                  <Action label={t('admin.devices.free')} onClick={() => setOpen('free')} testId="free-devices-of-row">
                    <IconPencil size={20} />
                  </Action>
                </span>
              )}
              {user && (
                <span className={classes.actions}>
                  <Action label={t('admin.devices.of', { name: user.name })} onClick={() => setOpen(user)} testId="user-devices">
                    <IconPencil size={20} />
                  </Action>
                </span>
              )}
            </>
          )
        }}
      />
      {open === 'free' && <FreeDevicesDialog customerId={customerId} onClose={() => setOpen(null)} />}
      {open && open !== 'free' && <DevicesDialog user={open} onClose={() => setOpen(null)} />}
    </Page>
  )
}
