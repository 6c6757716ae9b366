import { IconDownload, IconMicrophone, IconPlayerPlay, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { request } from '@/shared/api/client'
import { spokenDuration } from '@/shared/i18n/format'
import { formatNumber } from '@/shared/number'
import { Page } from '@/shared/ui/Page'

import { Action } from './Action'
import classes from './admin.module.css'
import { ConfirmDialog } from './FormDialog'
import { Listing, Pill, RowText } from './Listing'
import { moment } from './moment'
import type { CallRecording } from './requests'
import { useList } from './useList'

const TONES = { recording: 'accent', ready: 'plain', missing: 'bad' } as const

/** What users have recorded of their calls: to listen to, to keep elsewhere, to delete. */
export function RecordedCallsPage({ customerId }: { customerId: string }) {
  const { t } = useTranslation()
  const list = useList<CallRecording>('/call-recordings', { customer_id: customerId }, 'before')
  const [asked, setAsked] = useState<CallRecording | null>(null)
  return (
    <Page title={t('admin.recordings.title')}>
      <Listing
        list={list}
        name={t('admin.recordings.title')}
        id={(one) => one.id}
        empty={t('admin.recordings.empty')}
        hint={t('admin.recordings.hint')}
        row={(one) => <RecordingRow recording={one} onDelete={() => setAsked(one)} />}
      />
      {asked && (
        <ConfirmDialog
          title={t('admin.recordings.delete', { name: partiesOf(asked) })}
          text={t('admin.recordings.deleteText')}
          confirm={t('admin.delete')}
          action={() => request<undefined>('DELETE', `/call-recordings/${asked.id}`)}
          onClose={() => setAsked(null)}
        />
      )}
    </Page>
  )
}

type Party = CallRecording['caller']

function nameOf({ name, number }: Party): string {
  if (name != null && name !== '') return name
  return number == null || number === '' ? '?' : formatNumber(number)
}

const partiesOf = ({ caller, callee }: CallRecording) => `${nameOf(caller)} → ${nameOf(callee)}`

function RecordingRow({ recording, onDelete }: { recording: CallRecording; onDelete: () => void }) {
  const { t, i18n } = useTranslation()
  const [heard, setHeard] = useState(false)
  const name = partiesOf(recording)
  const address = `/api/v1/call-recordings/${recording.id}/audio`
  return (
    <>
      <IconMicrophone aria-hidden />
      <RowText
        title={name}
        badge={
          recording.state !== 'ready' && <Pill tone={TONES[recording.state]}>{t(`admin.recordings.state.${recording.state}`)}</Pill>
        }
      >
        <time dateTime={recording.started_at}>{moment(recording.started_at, i18n.language)}</time>
        {recording.seconds !== null && <span>{spokenDuration(recording.seconds, i18n.language)}</span>}
        {heard && <audio className={classes.player} src={address} controls autoPlay aria-label={name} />}
      </RowText>
      <span className={classes.actions}>
        {recording.state === 'ready' && (
          <>
            <Action label={t('admin.recordings.listen', { name })} onClick={() => setHeard(!heard)} testId="recording-listen">
              <IconPlayerPlay size={20} />
            </Action>
            <Action label={t('admin.recordings.save', { name })} href={address} testId="recording-save">
              <IconDownload size={20} />
            </Action>
          </>
        )}
        {recording.state !== 'recording' && (
          <Action label={t('admin.recordings.delete', { name })} onClick={onDelete} testId="admin-delete">
            <IconTrash size={20} />
          </Action>
        )}
      </span>
    </>
  )
}
