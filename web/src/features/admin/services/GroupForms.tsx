import { Fieldset, SimpleGrid, Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { HOLD, useDestinations, userOptions, type Estate } from './estate'
import { ChoiceField, DestinationField, ManyField, NumberField, PromptField, SwitchField, TextField } from './fields'
import { within, type Form } from './form'
import { KeyRows } from './KeyRows'
import type { GroupSettings, PickupSettings, QueueSettings } from './model'

const STRATEGIES = ['parallel', 'longest_idle', 'round_robin'] as const
const WAITING = ['never', 'when_all_busy', 'always'] as const

interface Props<T> {
  form: Form<T>
  estate: Estate
}

/** A hunt group: who rings, how, how long, and where the call goes then. */
export function GroupForm({ form, estate }: Props<GroupSettings>) {
  const { t } = useTranslation()
  const destinations = useDestinations(estate)
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextField form={form} name="name" label={t('admin.services.name')} first />
        <TextField form={form} name="extension" label={t('admin.users.extension')} digits />
      </SimpleGrid>
      <ManyField
        form={form}
        name="members"
        label={t('admin.group.members')}
        description={t('admin.group.membersHint')}
        options={userOptions(estate.users)}
      />
      <ChoiceField
        form={form}
        name="strategy"
        label={t('admin.group.strategy')}
        options={STRATEGIES.map((value) => ({ value, label: t(`admin.group.strategies.${value}`) }))}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {form.values.strategy !== 'parallel' && (
          <NumberField form={form} name="ring_seconds" label={t('admin.group.ring')} seconds min={1} />
        )}
        <NumberField form={form} name="timeout_seconds" label={t('admin.group.timeout')} seconds min={1} />
        <NumberField form={form} name="wrap_up_seconds" label={t('admin.group.wrapUp')} description={t('admin.group.wrapUpHint')} seconds />
        <ChoiceField
          form={form}
          name="call_waiting"
          label={t('admin.group.callWaiting')}
          options={WAITING.map((value) => ({ value, label: t(`admin.group.waiting.${value}`) }))}
        />
      </SimpleGrid>
      <DestinationField
        form={form}
        name="overflow"
        label={t('admin.group.overflow')}
        description={t('admin.group.overflowHint')}
        groups={destinations}
      />
      <TextField form={form} name="display" label={t('admin.group.display')} description={t('admin.group.displayHint')} />
    </>
  )
}

/** A wait queue: a group, and what callers hear until one of it is free. */
export function QueueForm({ form, estate }: Props<QueueSettings>) {
  const { t } = useTranslation()
  const destinations = useDestinations(estate)
  return (
    <>
      <GroupForm form={within(form, 'group')} estate={estate} />
      <Fieldset legend={t('admin.queue.heard')}>
        <Stack>
          <ChoiceField
            form={form}
            name="answer"
            label={t('admin.queue.answer')}
            options={(['connected', 'alerting'] as const).map((value) => ({ value, label: t(`admin.queue.answers.${value}`) }))}
          />
          <PromptField form={form} own={estate.announcements} name="announcement_1" label={t('admin.queue.first')} />
          <PromptField form={form} own={estate.announcements} name="announcement_2" label={t('admin.queue.repeated')} />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <NumberField form={form} name="first_after" label={t('admin.queue.firstAfter')} seconds />
            <NumberField form={form} name="repeat_after" label={t('admin.queue.repeatAfter')} seconds min={1} />
          </SimpleGrid>
          <ChoiceField
            form={form}
            name="music"
            label={t('admin.queue.music')}
            options={estate.music.map((value) => ({ value, label: value === HOLD ? t('admin.queue.houseMusic') : value }))}
          />
          <SwitchField form={form} name="say_position" label={t('admin.queue.sayPosition')} />
          <SwitchField form={form} name="say_wait" label={t('admin.queue.sayWait')} />
        </Stack>
      </Fieldset>
      <Fieldset legend={t('admin.queue.limits')}>
        <Stack>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <NumberField form={form} name="max_waiting" label={t('admin.queue.maxWaiting')} min={1} />
            <NumberField form={form} name="max_wait" label={t('admin.queue.maxWait')} description={t('admin.queue.maxWaitHint')} seconds />
          </SimpleGrid>
          <ChoiceField
            form={form}
            name="when_empty"
            label={t('admin.queue.whenEmpty')}
            options={(['wait', 'overflow'] as const).map((value) => ({ value, label: t(`admin.queue.empty.${value}`) }))}
          />
        </Stack>
      </Fieldset>
      <Fieldset legend={t('admin.queue.exits')}>
        <KeyRows
          values={form.values.exits}
          onValues={(exits) => form.change({ exits })}
          fresh={() => ''}
          destinations={destinations}
          error={(key) => form.error(`exits.${key}`)}
        />
      </Fieldset>
    </>
  )
}

/** People who may pick up each other's calls. */
export function PickupForm({ form, estate }: Props<PickupSettings>) {
  const { t } = useTranslation()
  return (
    <ManyField
      form={form}
      name="members"
      label={t('admin.group.members')}
      description={t('admin.pickup.hint')}
      options={userOptions(estate.users)}
    />
  )
}
