import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { FormDialog, useAttempt } from '@/features/admin/FormDialog'
import { put } from '@/features/admin/requests'

import type { Book } from './books'

/** A new book, or another name for one. Administrators make shared ones, everybody else private ones. */
export function BookDialog({ book, customerId, onClose }: { book: Book | null; customerId: string | null; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [id] = useState(() => book?.id ?? crypto.randomUUID())
  const [name, setName] = useState(book?.name ?? '')
  const shared = book === null ? customerId : book.private ? null : book.customer_id
  const send = async () => {
    const body = { name: name.trim(), customer_id: shared }
    if (await attempt.run(() => put(`/phone-books/${id}`, book?.version ?? null, body))) onClose()
  }
  return (
    <FormDialog
      title={book === null ? t('books.create') : t('books.rename', { name: book.name })}
      submit={book === null ? t('admin.create') : t('admin.save')}
      attempt={{ ...attempt, blocked: name.trim() === '' }}
      shown={['name']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        label={t('books.name')}
        description={t(shared === null ? 'books.privateHint' : 'books.sharedHint')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={attempt.refusal?.fields.name}
        data-autofocus
        data-testid="field-name"
      />
    </FormDialog>
  )
}
