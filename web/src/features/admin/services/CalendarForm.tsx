import { Button, Fieldset, NativeSelect, TextInput } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

import { Action } from '../Action'
import classes from './calendar.module.css'
import { TextField } from './fields'
import { within, type Form } from './form'
import type { CalendarSettings, SpecialDays } from './model'
import { REGIONS } from './regions'
import { HoursEditor, WeekEditor } from './WeekEditor'

/** When somebody is there: a week, public holidays, days of one's own. */
export function CalendarForm({ form }: { form: Form<CalendarSettings> }) {
  const { t } = useTranslation()
  const calendar = within(form, 'calendar')
  const { week, region, special } = calendar.values
  const regions = REGIONS.map((value) => ({ value, label: t(`admin.region.${value}`) }))
  if (region !== null && !(REGIONS as readonly string[]).includes(region)) {
    regions.push({ value: region as (typeof REGIONS)[number], label: region })
  }
  const today = new Date().toISOString().slice(0, 10)
  return (
    <>
      <TextField form={calendar} name="name" label={t('admin.services.name')} first />
      <Fieldset legend={t('admin.calendar.week')}>
        <WeekEditor week={week} onWeek={(changed) => calendar.change({ week: changed })} />
      </Fieldset>
      <NativeSelect
        label={t('admin.calendar.holidays')}
        data={[{ value: '', label: t('admin.calendar.noHolidays') }, ...regions]}
        value={region ?? ''}
        onChange={(event) => calendar.change({ region: event.currentTarget.value || null })}
        error={calendar.error('region')}
        data-testid="field-region"
      />
      <Fieldset legend={t('admin.calendar.special')}>
        {special.map((days, place) => (
          <Special
            // Days have no name of their own: their place is what they are known by.
            key={place}
            days={days}
            place={place + 1}
            error={calendar.error(`special.${place}`)}
            onDays={(changed) => calendar.change({ special: special.map((each, other) => (other === place ? changed : each)) })}
            onRemove={() => calendar.change({ special: special.filter((_, other) => other !== place) })}
          />
        ))}
        <Button
          variant="default"
          size="compact-md"
          leftSection={<IconPlus size={16} />}
          onClick={() => calendar.change({ special: [...special, { first: today, last: today, name: '', hours: [] }] })}
          data-testid="special-add"
        >
          {t('admin.calendar.addSpecial')}
        </Button>
      </Fieldset>
    </>
  )
}

interface SpecialProps {
  days: SpecialDays
  place: number
  error: string | undefined
  onDays: (days: SpecialDays) => void
  onRemove: () => void
}

/** Company holidays, or a long Saturday. */
function Special({ days, place, error, onDays, onRemove }: SpecialProps) {
  const { t } = useTranslation()
  const name = days.name || t('admin.calendar.specialDays', { place })
  return (
    <div className={classes.special} role="group" aria-label={name} data-testid="special-days">
      <div className={classes.row}>
        <TextInput
          flex={1}
          label={t('admin.calendar.reason')}
          value={days.name}
          onChange={(event) => onDays({ ...days, name: event.currentTarget.value })}
        />
        <Action label={t('admin.calendar.removeSpecial', { name })} onClick={onRemove} testId="special-remove">
          <IconTrash size={20} />
        </Action>
      </div>
      <div className={classes.dates}>
        <TextInput
          type="date"
          label={t('admin.calendar.from')}
          value={days.first}
          onChange={(event) => {
            const first = event.currentTarget.value
            onDays({ ...days, first, last: days.last < first ? first : days.last })
          }}
          error={error}
        />
        <TextInput
          type="date"
          label={t('admin.calendar.to')}
          value={days.last}
          min={days.first}
          onChange={(event) => onDays({ ...days, last: event.currentTarget.value })}
        />
      </div>
      <div className={classes.row}>
        <HoursEditor hours={days.hours} onHours={(hours) => onDays({ ...days, hours })} of={name} />
      </div>
    </div>
  )
}
