import { Fieldset, NativeSelect, SimpleGrid } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { namedOptions, useDestinations, type Estate } from './estate'
import { DestinationField, DestinationInput, NumberField, OneOfField, PromptsField, SwitchField, TextField } from './fields'
import type { Form } from './form'
import { KeyTable } from './KeyRows'
import type { Choice, MenuSettings } from './model'

const CHOICES = ['connect', 'menu', 'by_name', 'repeat', 'back', 'hang_up'] as const satisfies readonly Choice['kind'][]

/** A choice of a kind; what it leads to is still to be chosen. */
function fresh(kind: Choice['kind'], menu: string): Choice {
  if (kind === 'connect') return { kind, to: '' }
  return kind === 'menu' ? { kind, menu } : { kind }
}

/** A menu of announcements and keys. */
export function MenuForm({ form, estate }: { form: Form<MenuSettings>; estate: Estate }) {
  const { t } = useTranslation()
  const destinations = useDestinations(estate)
  const menus = namedOptions(estate.services, 'menu').filter(({ value }) => value !== form.values.id)
  const calendars = namedOptions(estate.services, 'calendar')
  const self = { value: form.values.id, label: t('admin.menu.itself') }
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextField form={form} name="name" label={t('admin.services.name')} first />
        <TextField form={form} name="extension" label={t('admin.users.extension')} description={t('admin.menu.extensionHint')} digits optional />
      </SimpleGrid>
      <PromptsField form={form} own={estate.announcements} name="greeting" label={t('admin.menu.greeting')} />
      <Fieldset legend={t('admin.menu.keys')}>
        <KeyTable<Choice>
          values={form.values.choices}
          onValues={(choices) => form.change({ choices })}
          fresh={() => fresh('connect', '')}
          row={(key, choice, change) => (
            <>
              <NativeSelect
                aria-label={t('admin.keys.does', { key })}
                data={CHOICES.map((value) => ({ value, label: t(`admin.menu.choices.${value}`) }))}
                value={choice.kind}
                onChange={(event) => change(fresh(event.currentTarget.value as Choice['kind'], menus[0]?.value ?? form.values.id))}
                data-testid="key-kind"
              />
              {choice.kind === 'connect' && (
                <DestinationInput
                  label={t('admin.keys.leadsTo', { key })}
                  hideLabel
                  value={choice.to}
                  groups={destinations}
                  onValue={(to) => change({ kind: 'connect', to: to ?? '' })}
                  error={form.error(`choices.${key}`)}
                  testId="key-destination"
                />
              )}
              {choice.kind === 'menu' && (
                <NativeSelect
                  aria-label={t('admin.keys.leadsTo', { key })}
                  data={[...menus, self]}
                  value={choice.menu}
                  onChange={(event) => change({ kind: 'menu', menu: event.currentTarget.value })}
                  error={form.error(`choices.${key}`)}
                  data-testid="key-menu"
                />
              )}
            </>
          )}
        />
      </Fieldset>
      <SwitchField form={form} name="dial_extensions" label={t('admin.menu.dialExtensions')} />
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        <NumberField form={form} name="timeout" label={t('admin.menu.timeout')} seconds min={1} />
        <NumberField form={form} name="digit_timeout" label={t('admin.menu.digitTimeout')} seconds min={1} />
        <NumberField form={form} name="attempts" label={t('admin.menu.attempts')} min={1} />
      </SimpleGrid>
      <DestinationField
        form={form}
        name="on_failure"
        label={t('admin.menu.onFailure')}
        description={t('admin.menu.onFailureHint')}
        groups={destinations}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <OneOfField form={form} name="calendar" label={t('admin.services.hours')} options={calendars} none={t('admin.services.always')} />
        {form.values.calendar !== null && (
          <OneOfField form={form} name="closed" label={t('admin.menu.closed')} options={menus} none={t('admin.services.choose')} />
        )}
      </SimpleGrid>
    </>
  )
}
