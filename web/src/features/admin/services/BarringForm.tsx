import { Button, Fieldset, Group, NativeSelect, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Action } from '../Action'
import type { Estate } from './estate'
import { NumberField } from './fields'
import { within, type Form } from './form'
import { REACHES, withOthers } from './barring'
import type { BarringOf, BarringSettings } from './model'

interface Props {
  form: Form<BarringSettings>
  estate: Estate
}

/** Who may call where, and where the guard against toll fraud steps in. Emergency calls are never concerned. */
export function BarringForm({ form, estate }: Props) {
  const { t } = useTranslation()
  const { users } = form.values
  const others = estate.users.filter((user) => !(user.id in users))
  const [next] = others
  return (
    <>
      <Fieldset legend={t('admin.barring.everybody')}>
        <Rule rule={form.values.everybody} onRule={(everybody) => form.change({ everybody })} of={t('admin.barring.everybody')} error={form.error('everybody')} />
      </Fieldset>
      {Object.entries(users).map(([id, rule]) => {
        const name = estate.users.find((user) => user.id === id)?.name ?? t('admin.barring.unknownUser')
        return (
          <Fieldset key={id} legend={name} data-testid="barring-user">
            <Rule rule={rule} onRule={(changed) => form.change({ users: { ...users, [id]: changed } })} of={name} error={form.error(`users.${id}`)} />
            <Button
              mt="sm"
              size="compact-md"
              variant="default"
              onClick={() => form.change({ users: withOthers(users, id) })}
              aria-label={t('admin.barring.likeOthers', { name })}
            >
              {t('admin.barring.likeOthersShort')}
            </Button>
          </Fieldset>
        )
      })}
      {next && (
        <NativeSelect
          label={t('admin.barring.add')}
          data={[
            { value: '', label: t('admin.services.choose') },
            ...others.map((user) => ({ value: user.id, label: `${user.name} (${user.extension})` })),
          ]}
          value=""
          onChange={(event) =>
            form.change({ users: { ...users, [event.currentTarget.value]: { ...form.values.everybody } } })
          }
          data-testid="barring-add"
        />
      )}
      <LimitsFields form={form} />
    </>
  )
}

function LimitsFields({ form }: { form: Form<BarringSettings> }) {
  const { t } = useTranslation()
  const limits = within(form, 'limits')
  return (
    <Fieldset legend={t('admin.barring.limits')}>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberField form={limits} name="user_calls" label={t('admin.barring.userCalls')} />
        <NumberField form={limits} name="user_minutes" label={t('admin.barring.userMinutes')} />
        <NumberField form={limits} name="customer_calls" label={t('admin.barring.customerCalls')} />
        <NumberField form={limits} name="customer_minutes" label={t('admin.barring.customerMinutes')} />
      </SimpleGrid>
    </Fieldset>
  )
}

interface RuleProps {
  rule: BarringOf
  onRule: (rule: BarringOf) => void
  of: string
  error: string | undefined
}

function Rule({ rule, onRule, of, error }: RuleProps) {
  const { t } = useTranslation()
  const [start, setStart] = useState('')
  const beginning = start.replace(/[\s()/-]/g, '')
  const possible = /^\+?[0-9]+$/.test(beginning)
  const except = (allowed: boolean) => {
    onRule({ ...rule, exceptions: { ...rule.exceptions, [beginning]: allowed } })
    setStart('')
  }
  return (
    <Stack gap="sm">
      <NativeSelect
        label={t('admin.barring.reach')}
        aria-label={t('admin.barring.reachOf', { name: of })}
        data={REACHES.map((value) => ({ value, label: t(`admin.barring.reaches.${value}`) }))}
        value={rule.reach}
        onChange={(event) => onRule({ ...rule, reach: event.currentTarget.value as BarringOf['reach'] })}
        error={error}
        data-testid="field-reach"
      />
      {Object.entries(rule.exceptions).map(([number, allowed]) => (
        <Group key={number} justify="space-between" wrap="nowrap">
          <span>{t(allowed ? 'admin.barring.allowed' : 'admin.barring.forbidden', { number })}</span>
          <Action
            label={t('admin.barring.removeException', { number })}
            onClick={() => onRule({ ...rule, exceptions: withOthers(rule.exceptions, number) })}
            testId="exception-remove"
          >
            <IconX size={18} />
          </Action>
        </Group>
      ))}
      <Group align="flex-end">
        <TextInput
          flex={1}
          miw={160}
          label={t('admin.barring.exception')}
          aria-label={t('admin.barring.exceptionOf', { name: of })}
          placeholder={t('admin.barring.example')}
          inputMode="tel"
          value={start}
          onChange={(event) => setStart(event.currentTarget.value)}
        />
        {([true, false] as const).map((allowed) => (
          <Button key={String(allowed)} variant="default" leftSection={<IconPlus size={16} />} disabled={!possible} onClick={() => except(allowed)}>
            {t(allowed ? 'admin.barring.allow' : 'admin.barring.forbid')}
          </Button>
        ))}
      </Group>
    </Stack>
  )
}
