import { ActionIcon, Button, Group, NativeSelect, TextInput } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { FormDialog, useAttempt } from '@/features/admin/FormDialog'
import { put } from '@/features/admin/requests'

import { bodyOf, draftOf, NUMBER_KINDS, type Draft, type Entry, type NumberKind } from './books'

/** A person or company of a phone book, new or changed. */
export function EntryDialog({ bookId, entry, onClose }: { bookId: string; entry: Entry | null; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [id] = useState(() => entry?.id ?? crypto.randomUUID())
  const [draft, setDraft] = useState(() => draftOf(entry))
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part })
  const changeNumber = (place: number, part: Partial<Draft['numbers'][number]>) =>
    change({ numbers: draft.numbers.map((one, index) => (index === place ? { ...one, ...part } : one)) })
  const fields = attempt.refusal?.fields ?? {}
  const body = bodyOf(draft, entry)
  const send = async () => {
    if (await attempt.run(() => put(`/phone-books/${bookId}/entries/${id}`, entry?.version ?? null, body))) onClose()
  }
  const text = (name: 'name' | 'company' | 'email' | 'short') => (
    <TextInput
      label={t(`books.field.${name}`)}
      {...(name === 'short' ? { description: t('books.shortHint') } : {})}
      value={draft[name]}
      onChange={(event) => change({ [name]: event.currentTarget.value })}
      error={fields[name]}
      data-autofocus={name === 'name' || undefined}
      data-testid={`field-${name}`}
    />
  )
  return (
    <FormDialog
      title={entry === null ? t('books.add') : t('books.change', { name: entry.name })}
      submit={t('admin.save')}
      attempt={{ ...attempt, blocked: body.numbers.length === 0 || (body.name === '' && body.company === '') }}
      shown={['name', 'company', 'email', 'short', ...draft.numbers.map((_, place) => `numbers.${place}.number`)]}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      {text('name')}
      {text('company')}
      {draft.numbers.map((one, place) => (
        <Group key={place} align="flex-end" wrap="nowrap" gap="xs">
          <TextInput
            flex={1}
            type="tel"
            label={t('books.field.number')}
            value={one.number}
            onChange={(event) => changeNumber(place, { number: event.currentTarget.value })}
            error={fields[`numbers.${place}.number`]}
            data-testid="field-number"
          />
          <NativeSelect
            aria-label={t('books.field.kind')}
            data={NUMBER_KINDS.map((value) => ({ value, label: t(`books.kind.${value}`) }))}
            value={one.kind}
            onChange={(event) => changeNumber(place, { kind: event.currentTarget.value as NumberKind })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={36}
            aria-label={t('books.removeNumber')}
            disabled={draft.numbers.length === 1}
            onClick={() => change({ numbers: draft.numbers.filter((_, index) => index !== place) })}
          >
            <IconTrash size={18} />
          </ActionIcon>
        </Group>
      ))}
      <Button
        variant="subtle"
        size="compact-md"
        leftSection={<IconPlus size={16} />}
        onClick={() => change({ numbers: [...draft.numbers, { number: '', kind: 'mobile' }] })}
      >
        {t('books.addNumber')}
      </Button>
      {text('email')}
      {text('short')}
    </FormDialog>
  )
}
