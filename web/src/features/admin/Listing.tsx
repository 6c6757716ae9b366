import { Button, Skeleton, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconDatabase, IconSearch } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { EmptyState } from '@/shared/ui/EmptyState'

import classes from './admin.module.css'
import type { List } from './useList'

const TYPING_MS = 250

/** What is typed into a search field, and what of it is looked for: once the typing pauses. An address may begin it. */
export function useSearch() {
  const [text, setText] = useState(() => new URLSearchParams(window.location.search).get('query') ?? '')
  const [wanted] = useDebouncedValue(text, TYPING_MS)
  return { text, setText, wanted }
}

export function SearchField({ label, text, onText }: { label: string; text: string; onText: (text: string) => void }) {
  return (
    <TextInput
      className={classes.search ?? ''}
      aria-label={label}
      placeholder={label}
      radius="xl"
      size="md"
      leftSection={<IconSearch size={18} />}
      value={text}
      onChange={(event) => onText(event.currentTarget.value)}
      data-testid="admin-search"
    />
  )
}

interface Props<T> {
  list: Pick<List<T>, 'items' | 'state' | 'hasMore' | 'loadingMore' | 'more' | 'retry'>
  name: string
  row: (item: T) => ReactNode
  id: (item: T) => string | number
  empty: string
  hint?: string
}

/** Rows of a list with what surrounds them: waiting, failed, nothing there, more. */
export function Listing<T>({ list, name, row, id, empty, hint }: Props<T>) {
  const { t } = useTranslation()
  if (list.state === 'loading') {
    return (
      <div className={classes.waiting} aria-hidden>
        {[0, 1, 2, 3, 4].map((one) => (
          <Skeleton key={one} height={64} radius="lg" />
        ))}
      </div>
    )
  }
  if (list.state === 'failed') {
    return (
      <EmptyState
        icon={<IconDatabase size={28} />}
        title={t('admin.failed')}
        action={<Button onClick={list.retry}>{t('app.retry')}</Button>}
      />
    )
  }
  return (
    <>
      {list.items.length === 0 && (
        <EmptyState icon={<IconDatabase size={28} />} title={empty} {...(hint === undefined ? {} : { hint })} />
      )}
      {list.items.length > 0 && (
        <ul className={`quiet-list ${classes.rows ?? ''}`} aria-label={name} data-testid="admin-list">
          {list.items.map((item) => (
            <li key={id(item)} className={classes.row} data-testid="admin-row">
              {row(item)}
            </li>
          ))}
        </ul>
      )}
      {list.hasMore && (
        <Button variant="subtle" fullWidth mt="md" onClick={list.more} loading={list.loadingMore} data-testid="admin-more">
          {t('admin.more')}
        </Button>
      )}
    </>
  )
}

/** The text of a row: what it is, and what one wants to know of it. */
export function RowText({ title, badge, children }: { title: ReactNode; badge?: ReactNode; children?: ReactNode }) {
  return (
    <span className={classes.main}>
      <span className={classes.name}>
        {title}
        {badge}
      </span>
      <span className={classes.detail}>{children}</span>
    </span>
  )
}

export function Pill({ tone = 'plain', children }: { tone?: 'plain' | 'good' | 'bad' | 'accent'; children: ReactNode }) {
  return (
    <span className={classes.pill} data-tone={tone}>
      {children}
    </span>
  )
}
