import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconAddressBook, IconArrowLeft, IconFileImport, IconLock, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Action } from '@/features/admin/Action'
import classes from '@/features/admin/admin.module.css'
import { ConfirmDialog } from '@/features/admin/FormDialog'
import { Listing, Pill, RowText, SearchField, useSearch } from '@/features/admin/Listing'
import { address, read, remove } from '@/features/admin/requests'
import { useList } from '@/features/admin/useList'
import { Page } from '@/shared/ui/Page'
import { PersonAvatar } from '@/shared/ui/PersonAvatar'

import { BookDialog } from './BookDialog'
import type { Book, Entry, FoundEntry } from './books'
import { EntryDialog } from './EntryDialog'
import { FileDialog } from './FileDialog'
import { Numbers, type Call } from './Numbers'

interface Props {
  /** Whose shared books are administered; null: whoever telephones sees its own and the shared ones. */
  customerId: string | null
  /** Calls a number; null where nobody telephones. */
  onCall: Call | null
}

/** The phone books that one sees: all of them, or one with its entries; a search looks into all, or into the one. */
export function BooksPage({ customerId, onCall }: Props) {
  const [open, setOpen] = useState<string | null>(null)
  const books = useQuery({
    queryKey: ['admin', '/phone-books', customerId],
    queryFn: ({ signal }) => read<{ items: Book[] }>(address('/phone-books', { customer_id: customerId }), signal),
  })
  const shown = books.data?.items.filter((book) => customerId === null || !book.private) ?? []
  const book = shown.find((one) => one.id === open)
  if (book) return <BookPage key={book.id} book={book} onCall={onCall} onBack={() => setOpen(null)} />
  const state = books.isPending ? 'loading' : books.isError ? 'failed' : 'ready'
  return (
    <AllBooks
      books={shown}
      state={state}
      customerId={customerId}
      onCall={onCall}
      onOpen={setOpen}
      onRetry={() => void books.refetch()}
    />
  )
}

interface AllProps extends Props {
  books: Book[]
  state: 'loading' | 'failed' | 'ready'
  onOpen: (id: string) => void
  onRetry: () => void
}

function AllBooks({ books, state, customerId, onCall, onOpen, onRetry }: AllProps) {
  const { t } = useTranslation()
  const search = useSearch()
  const wanted = search.wanted.trim()
  const [asked, setAsked] = useState<{ what: 'change' | 'delete'; book: Book | null } | null>(null)
  const found = useQuery({
    queryKey: ['admin', '/phone-books/search', customerId, wanted],
    queryFn: ({ signal }) =>
      read<{ items: FoundEntry[] }>(address('/phone-books/search', { q: wanted, customer_id: customerId, limit: '50' }), signal),
    enabled: wanted !== '',
    placeholderData: (before) => before,
  })
  const nothing = { hasMore: false, loadingMore: false, more: () => undefined, retry: onRetry }
  return (
    <Page
      title={t('books.title')}
      aside={
        <div className={classes.tools}>
          <SearchField label={t('books.search')} text={search.text} onText={search.setText} />
          <Button
            radius="xl"
            size="md"
            leftSection={<IconPlus size={18} />}
            onClick={() => setAsked({ what: 'change', book: null })}
            data-testid="book-create"
          >
            {t('books.create')}
          </Button>
        </div>
      }
    >
      {wanted === '' ? (
        <Listing
          list={{ ...nothing, items: books, state }}
          name={t('books.title')}
          id={(book) => book.id}
          empty={t('books.empty')}
          hint={t('books.emptyHint')}
          row={(book) => <BookRow book={book} onOpen={() => onOpen(book.id)} onAsk={(what) => setAsked({ what, book })} />}
        />
      ) : (
        <Listing
          list={{ ...nothing, items: found.data?.items ?? [], state: found.isPending ? 'loading' : found.isError ? 'failed' : 'ready' }}
          name={t('books.found')}
          id={(entry) => entry.id}
          empty={t('admin.nothing')}
          row={(entry) => (
            <EntryText entry={entry} onCall={onCall}>
              <Pill>{entry.book}</Pill>
            </EntryText>
          )}
        />
      )}
      {asked?.what === 'change' && <BookDialog book={asked.book} customerId={customerId} onClose={() => setAsked(null)} />}
      {asked?.what === 'delete' && asked.book && (
        <ConfirmDialog
          title={t('books.delete', { name: asked.book.name })}
          text={t('books.deleteText', { count: asked.book.entries })}
          confirm={t('admin.delete')}
          action={() => remove(`/phone-books/${asked.book?.id ?? ''}`, asked.book?.version ?? 0)}
          onClose={() => setAsked(null)}
        />
      )}
    </Page>
  )
}

function BookRow({ book, onOpen, onAsk }: { book: Book; onOpen: () => void; onAsk: (what: 'change' | 'delete') => void }) {
  const { t } = useTranslation()
  const { name } = book
  return (
    <>
      {book.private ? <IconLock aria-hidden /> : <IconAddressBook aria-hidden />}
      <RowText
        title={
          <Button variant="subtle" size="compact-md" onClick={onOpen} data-testid="book-open">
            {name}
          </Button>
        }
        badge={<Pill tone="accent">{t(book.private ? 'books.private' : 'books.shared')}</Pill>}
      >
        <span>{t('books.entries', { count: book.entries })}</span>
      </RowText>
      {book.changeable && (
        <span className={classes.actions}>
          <Action label={t('books.rename', { name })} onClick={() => onAsk('change')} testId="book-rename">
            <IconPencil size={20} />
          </Action>
          <Action label={t('books.delete', { name })} onClick={() => onAsk('delete')} testId="book-delete">
            <IconTrash size={20} />
          </Action>
        </span>
      )}
    </>
  )
}

function BookPage({ book, onCall, onBack }: { book: Book; onCall: Call | null; onBack: () => void }) {
  const { t } = useTranslation()
  const search = useSearch()
  const list = useList<Entry>(`/phone-books/${book.id}/entries`, { q: search.wanted }, 'cursor')
  const [asked, setAsked] = useState<{ what: 'change' | 'delete' | 'file'; entry: Entry | null } | null>(null)
  const close = () => setAsked(null)
  return (
    <Page
      title={book.name}
      aside={
        <div className={classes.tools}>
          <Button variant="subtle" radius="xl" size="md" leftSection={<IconArrowLeft size={18} />} onClick={onBack} data-testid="books-back">
            {t('books.all')}
          </Button>
          <SearchField label={t('books.searchOne')} text={search.text} onText={search.setText} />
          {book.changeable && (
            <>
              <Button
                variant="light"
                radius="xl"
                size="md"
                leftSection={<IconFileImport size={18} />}
                onClick={() => setAsked({ what: 'file', entry: null })}
                data-testid="book-import"
              >
                {t('books.import.button')}
              </Button>
              <Button
                radius="xl"
                size="md"
                leftSection={<IconPlus size={18} />}
                onClick={() => setAsked({ what: 'change', entry: null })}
                data-testid="entry-create"
              >
                {t('books.add')}
              </Button>
            </>
          )}
        </div>
      }
    >
      <Listing
        list={list}
        name={book.name}
        id={(entry) => entry.id}
        empty={search.wanted === '' ? t('books.emptyBook') : t('admin.nothing')}
        row={(entry) => (
          <>
            <EntryText entry={entry} onCall={onCall} />
            {book.changeable && (
              <span className={classes.actions}>
                <Action label={t('books.change', { name: entry.name })} onClick={() => setAsked({ what: 'change', entry })} testId="entry-change">
                  <IconPencil size={20} />
                </Action>
                <Action
                  label={t('books.deleteEntry', { name: entry.name })}
                  onClick={() => setAsked({ what: 'delete', entry })}
                  testId="entry-delete"
                >
                  <IconTrash size={20} />
                </Action>
              </span>
            )}
          </>
        )}
      />
      {asked?.what === 'change' && <EntryDialog bookId={book.id} entry={asked.entry} onClose={close} />}
      {asked?.what === 'file' && <FileDialog bookId={book.id} onClose={close} />}
      {asked?.what === 'delete' && asked.entry && (
        <ConfirmDialog
          title={t('books.deleteEntry', { name: asked.entry.name })}
          text={t('books.deleteEntryText')}
          confirm={t('admin.delete')}
          action={() => remove(`/phone-books/${book.id}/entries/${asked.entry?.id ?? ''}`, asked.entry?.version ?? 0)}
          onClose={close}
        />
      )}
    </Page>
  )
}

interface EntryTextProps {
  entry: Pick<Entry, 'name' | 'company' | 'short' | 'numbers'>
  onCall: Call | null
  children?: React.ReactNode
}

function EntryText({ entry, onCall, children }: EntryTextProps) {
  const { t } = useTranslation()
  return (
    <>
      <PersonAvatar name={entry.name} />
      <RowText
        title={entry.name}
        badge={
          <>
            {entry.short !== null && <Pill tone="accent">{t('books.dialledBy', { short: entry.short })}</Pill>}
            {children}
          </>
        }
      >
        {entry.company !== entry.name && entry.company !== '' && <span>{entry.company}</span>}
        <Numbers name={entry.name} numbers={entry.numbers} onCall={onCall} />
      </RowText>
    </>
  )
}
