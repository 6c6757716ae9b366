import { ActionIcon, Alert, Button, CopyButton, Group, NativeSelect, NumberInput, Skeleton, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { FormDialog, useAttempt } from '@/features/admin/FormDialog'
import { put, read } from '@/features/admin/requests'

import { DIVERSIONS, freePosition, isWhole, KINDS, targetOf, withKind, type KeyBody, type KeyList, type Kind } from './keys'
import classes from './keys.module.css'

interface Props {
  /** `/me/keys`, or those of a user. */
  path: string
  title: string
  onClose: () => void
}

/** The function keys of a user's telephones: what each does, and what is written into the telephone. */
export function KeysDialog({ path, title, onClose }: Props) {
  const { t } = useTranslation()
  const plan = useQuery({
    queryKey: ['admin', path],
    queryFn: ({ signal }) => read<KeyList>(path, signal),
    staleTime: 0,
    gcTime: 0,
  })
  const attempt = useAttempt()
  const [edited, setEdited] = useState<KeyBody[] | null>(null)
  const told = plan.data?.items.map(({ position, kind, target, number, label }) => ({ position, kind, target, number, label }))
  const keys = edited ?? told ?? []
  const change = (place: number, key: KeyBody) => setEdited(keys.map((one, index) => (index === place ? key : one)))
  const free = freePosition(keys)
  const send = async () => {
    const version = plan.data?.version ?? 0
    if (await attempt.run(() => put(path, version === 0 ? null : version, { keys }))) onClose()
  }
  const ready = plan.isSuccess
  const shown = keys.flatMap((_, place) => ['target', 'number', 'position', 'label'].map((field) => `keys.${place}.${field}`))
  return (
    <FormDialog
      title={title}
      submit={t('admin.save')}
      attempt={{ ...attempt, blocked: !ready || edited === null || !keys.every(isWhole) }}
      shown={shown}
      onSubmit={() => void send()}
      onClose={onClose}
      wide
    >
      {plan.isPending && <Skeleton height={120} radius="lg" />}
      {plan.isError && <Alert color="apricot">{t('admin.failed')}</Alert>}
      {ready && keys.length === 0 && <span>{t('keys.empty')}</span>}
      <ul className="quiet-list">
        {keys.map((key, place) => (
          <li key={place} className={classes.key} data-testid="key-row">
            <KeyFields
              value={key}
              errors={(field) => attempt.refusal?.fields[`keys.${place}.${field}`]}
              onChange={(next) => change(place, next)}
              onRemove={() => setEdited(keys.filter((_, index) => index !== place))}
            />
          </li>
        ))}
      </ul>
      {ready && (
        <Group>
          <Button
            variant="light"
            leftSection={<IconPlus size={16} />}
            disabled={free === null}
            onClick={() => setEdited([...keys, { position: free ?? 1, kind: 'line', target: '', number: null, label: '' }])}
            data-testid="key-add"
          >
            {t('keys.add')}
          </Button>
        </Group>
      )}
      {ready && edited === null && keys.length > 0 && <PhoneSettings settings={plan.data.phone_settings} />}
    </FormDialog>
  )
}

interface FieldsProps {
  value: KeyBody
  errors: (field: string) => string | undefined
  onChange: (key: KeyBody) => void
  onRemove: () => void
}

function KeyFields({ value, errors, onChange, onRemove }: FieldsProps) {
  const { t } = useTranslation()
  const choices = {
    night: ['1', '2'].map((each) => ({ value: each, label: t('keys.night', { position: each }) })),
    diversion: DIVERSIONS.map((each) => ({ value: each, label: t(`keys.diversion.${each}`) })),
  }
  const target = targetOf(value.kind)
  return (
    <>
      <NumberInput
        label={t('keys.position')}
        w={84}
        min={1}
        max={120}
        allowDecimal={false}
        value={value.position}
        onChange={(position) => onChange({ ...value, position: typeof position === 'number' ? position : value.position })}
        error={errors('position')}
      />
      <NativeSelect
        label={t('keys.kindOf')}
        data={KINDS.map((each) => ({ value: each, label: t(`keys.kind.${each}`) }))}
        value={value.kind}
        onChange={(event) => onChange(withKind(value, event.currentTarget.value as Kind))}
        data-testid="key-kind"
      />
      {target === 'text' && (
        <TextInput
          label={t(`keys.target.${value.kind as 'line' | 'dial' | 'group' | 'park'}`)}
          value={value.target ?? ''}
          onChange={(event) => onChange({ ...value, target: event.currentTarget.value })}
          error={errors('target')}
          data-testid="key-target"
        />
      )}
      {(target === 'night' || target === 'diversion') && (
        <NativeSelect
          label={t('keys.when')}
          data={choices[target]}
          value={value.target ?? ''}
          onChange={(event) => onChange({ ...value, target: event.currentTarget.value })}
          error={errors('target')}
        />
      )}
      {target === 'diversion' && (
        <TextInput
          label={t('keys.to')}
          type="tel"
          value={value.number ?? ''}
          onChange={(event) => onChange({ ...value, number: event.currentTarget.value })}
          error={errors('number')}
          data-testid="key-number"
        />
      )}
      <TextInput
        label={t('keys.label')}
        value={value.label}
        maxLength={40}
        onChange={(event) => onChange({ ...value, label: event.currentTarget.value })}
        error={errors('label')}
      />
      <ActionIcon variant="subtle" color="gray" size={36} aria-label={t('keys.remove', { position: value.position })} onClick={onRemove}>
        <IconTrash size={18} />
      </ActionIcon>
    </>
  )
}

/** What is written into a telephone; it stays the same when keys change what they do. */
function PhoneSettings({ settings }: { settings: KeyList['phone_settings'] }) {
  const { t } = useTranslation()
  return (
    <Alert color="petrol" title={t('keys.settings')} data-testid="key-settings">
      <p>{t('keys.settingsHint')}</p>
      <Group>
        {Object.entries(settings).map(([maker, text]) => (
          <CopyButton key={maker} value={text}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy} data-testid={`key-settings-${maker}`}>
                {copied ? t('admin.copied') : t('keys.copy', { maker: maker === 'snom' ? 'Snom' : 'Yealink' })}
              </Button>
            )}
          </CopyButton>
        ))}
      </Group>
    </Alert>
  )
}
