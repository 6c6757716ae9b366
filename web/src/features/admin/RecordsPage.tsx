import { NativeSelect, TextInput } from '@mantine/core'
import { IconArrowDownLeft, IconArrowsLeftRight, IconArrowUpRight, IconSearch, IconUrgent } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { spokenDuration } from '@/shared/i18n/format'
import { formatNumber } from '@/shared/number'
import { Page } from '@/shared/ui/Page'

import classes from './admin.module.css'
import { passes, type RecordFilter } from './filters'
import { Listing, Pill, RowText } from './Listing'
import { moment } from './moment'
import type { CallRecord } from './requests'
import { useList } from './useList'

const DIRECTIONS = ['all', 'internal', 'incoming', 'outgoing', 'emergency'] as const
const RESULTS = ['all', 'answered', 'unanswered'] as const
const ICONS = {
  internal: <IconArrowsLeftRight aria-hidden />,
  incoming: <IconArrowDownLeft aria-hidden />,
  outgoing: <IconArrowUpRight aria-hidden />,
  emergency: <IconUrgent aria-hidden />,
}

/** Finished calls, newest first. The filters look through what is loaded; older calls come with the button below. */
export function RecordsPage({ customerId }: { customerId: string }) {
  const { t } = useTranslation()
  const list = useList<CallRecord>('/call-records', { customer_id: customerId }, 'before')
  const [filter, setFilter] = useState<RecordFilter>({ text: '', direction: 'all', result: 'all' })
  const change = (part: Partial<RecordFilter>) => setFilter((before) => ({ ...before, ...part }))
  const shown = list.items.filter((record) => passes(record, filter))
  return (
    <Page title={t('admin.records.title')}>
      <div className={classes.filters}>
        <TextInput
          aria-label={t('admin.records.search')}
          placeholder={t('admin.records.search')}
          leftSection={<IconSearch size={18} />}
          value={filter.text}
          onChange={(event) => change({ text: event.currentTarget.value })}
          data-testid="admin-search"
        />
        <NativeSelect
          aria-label={t('admin.records.direction')}
          data={DIRECTIONS.map((value) => ({ value, label: t(`admin.records.directions.${value}`) }))}
          value={filter.direction}
          onChange={(event) => change({ direction: event.currentTarget.value as RecordFilter['direction'] })}
          data-testid="record-direction"
        />
        <NativeSelect
          aria-label={t('admin.records.result')}
          data={RESULTS.map((value) => ({ value, label: t(`admin.records.results.${value}`) }))}
          value={filter.result}
          onChange={(event) => change({ result: event.currentTarget.value as RecordFilter['result'] })}
          data-testid="record-result"
        />
      </div>
      <Listing
        list={{ ...list, items: shown }}
        name={t('admin.records.title')}
        id={(record) => record.id}
        empty={list.items.length === 0 ? t('admin.records.empty') : t('admin.records.nothing', { count: list.items.length })}
        row={(record) => <RecordRow record={record} />}
      />
    </Page>
  )
}

function RecordRow({ record }: { record: CallRecord }) {
  const { t, i18n } = useTranslation()
  const party = ({ name, number }: CallRecord['caller']) =>
    name || (number === null || number === undefined ? t('calls.anonymous') : formatNumber(number))
  const answered = record.result === 'answered'
  const seconds =
    record.answered_at === null ? 0 : (Date.parse(record.ended_at) - Date.parse(record.answered_at)) / 1000
  return (
    <>
      {ICONS[record.direction]}
      <RowText
        title={`${party(record.caller)} → ${party(record.callee)}`}
        badge={<Pill tone={answered ? 'good' : 'plain'}>{t(`admin.records.outcome.${record.result}`)}</Pill>}
      >
        <span>{t(`admin.records.directions.${record.direction}`)}</span>
        <time dateTime={record.started_at}>{moment(record.started_at, i18n.language)}</time>
        {answered && <span className="numeric">{spokenDuration(seconds, i18n.language)}</span>}
      </RowText>
    </>
  )
}
