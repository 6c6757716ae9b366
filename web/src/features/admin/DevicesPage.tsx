import { IconDeviceLandlinePhone, IconDeviceLaptop, IconPencil } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Page } from '@/shared/ui/Page'

import { Action } from './Action'
import classes from './admin.module.css'
import { DevicesDialog } from './DevicesDialog'
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
  const [open, setOpen] = useState<User | null>(null)
  return (
    <Page
      title={t('admin.devices.title')}
      aside={<SearchField label={t('admin.devices.search')} text={search.text} onText={search.setText} />}
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
                <span>{device.sip_user}</span>
              </RowText>
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
      {open && <DevicesDialog user={open} onClose={() => setOpen(null)} />}
    </Page>
  )
}
