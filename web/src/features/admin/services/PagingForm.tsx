import { NativeSelect, NumberInput, SimpleGrid, Switch, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { userOptions, type Estate } from './estate'
import { ManyField, NumberField, TextField } from './fields'
import type { Form } from './form'
import type { PagingSettings } from './model'

const CODECS = ['G722', 'PCMA', 'PCMU'] as const
const BEGIN: NonNullable<PagingSettings['multicast']> = { address: '239.255.10.10', port: 20000, codec: 'G722' }

/** Who hears an announcement that is dialled: telephones that answer by themselves, or listen to multicast. */
export function PagingForm({ form, estate }: { form: Form<PagingSettings>; estate: Estate }) {
  const { t } = useTranslation()
  const { multicast } = form.values
  const change = (part: Partial<typeof BEGIN>) => form.change({ multicast: { ...(multicast ?? BEGIN), ...part } })
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextField form={form} name="name" label={t('admin.services.name')} first />
        <TextField form={form} name="extension" label={t('admin.users.extension')} digits />
      </SimpleGrid>
      <ManyField form={form} name="members" label={t('admin.group.members')} description={t('admin.paging.membersHint')} options={userOptions(estate.users)} />
      <NumberField form={form} name="longest_seconds" label={t('admin.paging.longest')} seconds min={1} />
      <Switch
        label={t('admin.paging.multicast')}
        description={t('admin.paging.multicastHint')}
        checked={multicast !== null}
        onChange={(event) => form.change({ multicast: event.currentTarget.checked ? BEGIN : null })}
        data-testid="field-multicast"
      />
      {multicast && (
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          <TextInput
            label={t('admin.paging.address')}
            value={multicast.address}
            onChange={(event) => change({ address: event.currentTarget.value })}
            error={form.error('multicast')}
            data-testid="field-address"
          />
          <NumberInput
            label={t('admin.paging.port')}
            min={1}
            max={65535}
            allowDecimal={false}
            value={multicast.port}
            onChange={(port) => change({ port: Number(port) })}
            data-testid="field-port"
          />
          <NativeSelect
            label={t('admin.paging.codec')}
            data={[...CODECS]}
            value={multicast.codec}
            onChange={(event) => change({ codec: event.currentTarget.value as (typeof CODECS)[number] })}
            data-testid="field-codec"
          />
        </SimpleGrid>
      )}
    </>
  )
}
