import { Button, SegmentedControl, Skeleton, UnstyledButton } from '@mantine/core'
import { IconArrowDownLeft, IconArrowUpRight, IconPhone, IconPhoneOff } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

import type { CallListEntry, LineState } from '@/shared/api/types'
import { clockTime, dayKey, dayName, spokenDuration } from '@/shared/i18n/format'
import { formatNumber } from '@/shared/number'
import { EmptyState } from '@/shared/ui/EmptyState'
import { Page } from '@/shared/ui/Page'
import { PersonAvatar } from '@/shared/ui/PersonAvatar'

import classes from './calllist.module.css'

export type CallFilter = 'all' | 'missed'

export interface CallListViewProps {
  entries: CallListEntry[]
  state: 'loading' | 'failed' | 'ready'
  filter: CallFilter
  now: Date
  lineOf: (userId: string | null) => LineState | undefined
  hasMore: boolean
  loadingMore: boolean
  onFilter: (filter: CallFilter) => void
  onMore: () => void
  onRetry: () => void
  onCall: (entry: CallListEntry) => void
}

/** Entries of one day belong together; the list comes newest first. */
function byDay(entries: CallListEntry[]): CallListEntry[][] {
  const days: CallListEntry[][] = []
  for (const entry of entries) {
    const last = days.at(-1)
    if (last?.[0] && dayKey(last[0].started_at) === dayKey(entry.started_at)) last.push(entry)
    else days.push([entry])
  }
  return days
}

export function CallListView(props: CallListViewProps) {
  const { t, i18n } = useTranslation()
  const { entries, filter, now } = props
  const shown = filter === 'all' ? entries : entries.filter((entry) => entry.result === 'missed')
  return (
    <Page
      title={t('calls.title')}
      aside={
        <SegmentedControl
          aria-label={t('calls.filter')}
          radius="xl"
          value={filter}
          onChange={props.onFilter}
          data={[
            { value: 'all', label: t('calls.all') },
            { value: 'missed', label: t('calls.missedOnly') },
          ]}
        />
      }
    >
      <div data-testid="call-list" aria-busy={props.state === 'loading'}>
        {props.state === 'loading' && <Waiting />}
        {props.state === 'failed' && (
          <EmptyState
            icon={<IconPhoneOff size={28} />}
            title={t('calls.failed')}
            action={<Button onClick={props.onRetry}>{t('app.retry')}</Button>}
          />
        )}
        {props.state === 'ready' && shown.length === 0 && (
          <EmptyState
            icon={<IconPhone size={28} />}
            title={filter === 'all' ? t('calls.empty') : t('calls.emptyMissed')}
            hint={filter === 'all' ? t('calls.emptyHint') : t('calls.emptyMissedHint')}
          />
        )}
        {byDay(shown).map((day) => (
          <section key={day[0]?.id} className={classes.day}>
            <h2>{day[0] && dayName(day[0].started_at, now, i18n.language)}</h2>
            <ul className={`quiet-list ${classes.rows ?? ''}`}>
              {day.map((entry) => (
                <Row key={entry.id} entry={entry} line={props.lineOf(entry.user_id)} onCall={props.onCall} />
              ))}
            </ul>
          </section>
        ))}
        {props.hasMore && (
          <Button variant="subtle" fullWidth mt="md" onClick={props.onMore} loading={props.loadingMore}>
            {t('calls.more')}
          </Button>
        )}
      </div>
    </Page>
  )
}

interface RowProps {
  entry: CallListEntry
  line: LineState | undefined
  onCall: (entry: CallListEntry) => void
}

function Row({ entry, line, onCall }: RowProps) {
  const { t, i18n } = useTranslation()
  const number = entry.number ?? ''
  const shownNumber = number === '' ? t('calls.anonymous') : formatNumber(number)
  // Who calls from outside may come with an empty name.
  const known = entry.name || null
  const name = known ?? shownNumber
  const result = t(`calls.result.${entry.direction}_${entry.result}`)
  const length = entry.duration_seconds === null ? null : spokenDuration(entry.duration_seconds, i18n.language)
  const missed = entry.direction === 'incoming' && entry.result === 'missed'
  return (
    <li>
      <UnstyledButton
        className={classes.row}
        disabled={number === ''}
        onClick={() => onCall(entry)}
        data-testid="call-list-row"
        data-entry={entry.id}
        data-direction={entry.direction}
        data-result={entry.result}
        data-number={number}
        data-unseen={!entry.seen || undefined}
        title={number === '' ? undefined : t('calls.callBack', { name })}
      >
        <PersonAvatar name={known} line={line} />
        <span className={classes.main}>
          <span className={classes.name} data-missed={missed || undefined}>
            {name}
            {missed && !entry.seen && <span className={classes.new}>{t('calls.new')}</span>}
          </span>
          <span className={classes.detail}>
            <span className={classes.kind} data-missed={missed || undefined} data-failed={entry.result !== 'answered' || undefined}>
              {entry.direction === 'incoming' ? <IconArrowDownLeft size={15} aria-hidden /> : <IconArrowUpRight size={15} aria-hidden />}
              {result}
            </span>
            {known !== null && number !== '' && <span className="numeric">{shownNumber}</span>}
          </span>
        </span>
        <span className={`${classes.when ?? ''} numeric`}>
          <time dateTime={entry.started_at}>{clockTime(entry.started_at, i18n.language)}</time>
          {length !== null && <span>{length}</span>}
        </span>
        <span className={classes.callBack} aria-hidden>
          <IconPhone size={19} />
        </span>
      </UnstyledButton>
    </li>
  )
}

function Waiting() {
  return (
    <div className={classes.waiting} aria-hidden>
      {[0, 1, 2, 3, 4].map((row) => (
        <Skeleton key={row} height={52} radius="lg" />
      ))}
    </div>
  )
}
