import { Alert, Button, Fieldset, NativeSelect, NumberInput, SimpleGrid, Skeleton, Switch } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { request } from '@/shared/api/client'

import classes from './admin.module.css'
import { FormDialog, useAttempt } from './FormDialog'
import { read, type User, type UserSettings } from './requests'
import { useDestinations, useEstate, type Estate } from './services/estate'
import { DestinationInput } from './services/fields'

type Diversion = UserSettings['diversions'][number]

const KINDS = ['always', 'busy', 'no_reply', 'not_registered'] as const
const ORIGINS = ['any', 'internal', 'external'] as const
const MOST = 12

/** What a user has set, set for the user: for one who is ill, or has left. */
export function DiversionsDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation()
  const { estate, failed } = useEstate(user.customer_id)
  const settings = useQuery({
    queryKey: ['admin', '/users', user.id, 'settings'],
    queryFn: ({ signal }) => read<UserSettings>(`/users/${user.id}/settings`, signal),
    gcTime: 0,
  })
  if (estate && settings.data) return <Settings user={user} estate={estate} before={settings.data} onClose={onClose} />
  return (
    <FormDialog title={t('admin.users.settings', { name: user.name })} submit={t('admin.save')} attempt={WAITING} shown={[]} onSubmit={() => undefined} onClose={onClose}>
      {failed || settings.isError ? <Alert color="apricot">{t('admin.failed')}</Alert> : <Skeleton height={120} radius="lg" />}
    </FormDialog>
  )
}

const WAITING = { busy: true, refusal: null, run: () => Promise.resolve(false) }

interface Props {
  user: User
  estate: Estate
  before: UserSettings
  onClose: () => void
}

function Settings({ user, estate, before, onClose }: Props) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [values, setValues] = useState(before)
  const change = (part: Partial<UserSettings>) => setValues((all) => ({ ...all, ...part }))
  const { diversions } = values
  const put = (place: number, part: Partial<Diversion>) =>
    change({ diversions: diversions.map((each, other) => (other === place ? { ...each, ...part } : each)) })
  const send = async () => {
    if (await attempt.run(() => request('PUT', `/users/${user.id}/settings`, values))) onClose()
  }
  return (
    <FormDialog
      title={t('admin.users.settings', { name: user.name })}
      submit={t('admin.save')}
      attempt={attempt}
      shown={[]}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      {diversions.length === 0 && <span className={classes.servicesHint}>{t('admin.diversions.none')}</span>}
      {diversions.map((diversion, place) => (
        // A diversion has no name of its own: its place is what it is known by.
        <One
          key={place}
          diversion={diversion}
          place={place + 1}
          estate={estate}
          onChange={(part) => put(place, part)}
          onRemove={() => change({ diversions: diversions.filter((_, other) => other !== place) })}
        />
      ))}
      {diversions.length < MOST && (
        <Button
          variant="default"
          leftSection={<IconPlus size={16} />}
          onClick={() => change({ diversions: [...diversions, { kind: 'always', number: '', origin: 'any', seconds: 20 }] })}
          data-testid="diversion-add"
        >
          {t('admin.diversions.add')}
        </Button>
      )}
      <Switch label={t('admin.diversions.dnd')} checked={values.dnd} onChange={(event) => change({ dnd: event.currentTarget.checked })} />
      <Switch
        label={t('admin.diversions.waiting')}
        checked={values.call_waiting}
        onChange={(event) => change({ call_waiting: event.currentTarget.checked })}
      />
      <Switch label={t('admin.diversions.clir')} checked={values.clir} onChange={(event) => change({ clir: event.currentTarget.checked })} />
    </FormDialog>
  )
}

interface OneProps {
  diversion: Diversion
  place: number
  estate: Estate
  onChange: (part: Partial<Diversion>) => void
  onRemove: () => void
}

function One({ diversion, place, estate, onChange, onRemove }: OneProps) {
  const { t } = useTranslation()
  const destinations = useDestinations(estate)
  return (
    <Fieldset legend={t('admin.diversions.of', { place })} data-testid="diversion">
      <SimpleGrid cols={2}>
        <NativeSelect
          label={t('admin.diversions.when')}
          data={KINDS.map((value) => ({ value, label: t(`admin.diversions.kinds.${value}`) }))}
          value={diversion.kind}
          onChange={(event) => onChange({ kind: event.currentTarget.value as Diversion['kind'] })}
          data-testid="diversion-kind"
        />
        <NativeSelect
          label={t('admin.diversions.calls')}
          data={ORIGINS.map((value) => ({ value, label: t(`admin.diversions.origins.${value}`) }))}
          value={diversion.origin}
          onChange={(event) => onChange({ origin: event.currentTarget.value as Diversion['origin'] })}
        />
      </SimpleGrid>
      <DestinationInput
        label={t('admin.diversions.to')}
        value={diversion.number}
        groups={destinations}
        onValue={(number) => onChange({ number: number ?? '' })}
        testId="diversion-to"
      />
      {diversion.kind === 'no_reply' && (
        <NumberInput
          label={t('admin.diversions.after')}
          suffix={` ${t('admin.services.seconds')}`}
          min={5}
          max={120}
          allowDecimal={false}
          value={diversion.seconds}
          onChange={(seconds) => onChange({ seconds: Number(seconds) })}
        />
      )}
      <Button
        mt="sm"
        size="compact-md"
        variant="default"
        leftSection={<IconX size={16} />}
        onClick={onRemove}
        data-testid="diversion-remove"
      >
        {t('admin.diversions.remove', { place })}
      </Button>
    </Fieldset>
  )
}
