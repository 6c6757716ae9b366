import { SimpleGrid } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { namedOptions, useDestinations, type Estate } from './estate'
import { ChoiceField, DestinationField, NumberField, OneOfField, PromptsField, SwitchField, TextField } from './fields'
import type { Form } from './form'
import type { AttendantSettings } from './model'

const POSITIONS = ['day', 'night_1', 'night_2'] as const

/** Where calls to the head number go, by day and by night. */
export function AttendantForm({ form, estate }: { form: Form<AttendantSettings>; estate: Estate }) {
  const { t } = useTranslation()
  const destinations = useDestinations(estate)
  const calendars = namedOptions(estate.services, 'calendar')
  const menus = namedOptions(estate.services, 'menu')
  return (
    <>
      <TextField form={form} name="extension" label={t('admin.users.extension')} description={t('admin.attendant.extensionHint')} digits />
      <DestinationField form={form} name="to" label={t('admin.attendant.to')} groups={destinations} required />
      <OneOfField form={form} name="menu" label={t('admin.attendant.menu')} options={menus} none={t('admin.attendant.noMenu')} />
      <OneOfField form={form} name="calendar" label={t('admin.services.hours')} options={calendars} none={t('admin.services.always')} />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <DestinationField form={form} name="night_1" label={t('admin.attendant.night_1')} groups={destinations} />
        <DestinationField form={form} name="night_2" label={t('admin.attendant.night_2')} groups={destinations} />
      </SimpleGrid>
      <ChoiceField
        form={form}
        name="on_holidays"
        label={t('admin.attendant.onHolidays')}
        options={POSITIONS.map((value) => ({ value, label: t(`admin.attendant.positions.${value}`) }))}
      />
      <SwitchField
        form={form}
        name="hold_until_pressed"
        label={t('admin.attendant.hold')}
        description={t('admin.attendant.holdHint')}
      />
      <PromptsField form={form} own={estate.announcements} name="announcement" label={t('admin.attendant.announcement')} />
      <NumberField
        form={form}
        name="recall_seconds"
        label={t('admin.attendant.recall')}
        description={t('admin.attendant.recallHint')}
        seconds
        min={1}
      />
    </>
  )
}
