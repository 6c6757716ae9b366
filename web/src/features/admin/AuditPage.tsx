import { IconEdit, IconPlus, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

import { Page } from '@/shared/ui/Page'

import classes from './admin.module.css'
import { differences } from './filters'
import { Listing, RowText } from './Listing'
import { moment } from './moment'
import type { AuditEntry } from './requests'
import { useList } from './useList'

const ICONS = { create: <IconPlus aria-hidden />, change: <IconEdit aria-hidden />, delete: <IconTrash aria-hidden /> }

/** What things are called by, whichever comes first. */
const NAMES = ['name', 'login', 'number', 'serial', 'month', 'head', 'base'] as const

/** Who changed what. */
export function AuditPage() {
  const { t } = useTranslation()
  const list = useList<AuditEntry>('/audit', {}, 'before')
  return (
    <Page title={t('admin.audit.title')}>
      <Listing
        list={list}
        name={t('admin.audit.title')}
        id={(entry) => entry.id}
        empty={t('admin.audit.empty')}
        row={(entry) => <Entry entry={entry} />}
      />
    </Page>
  )
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { t, i18n } = useTranslation()
  const values = { ...entry.before, ...entry.after }
  const name = NAMES.map((field) => values[field]).find((one) => typeof one === 'string')
  const changes = entry.action === 'change' ? differences(entry.before, entry.after) : []
  return (
    <>
      {ICONS[entry.action]}
      <RowText
        title={t(`admin.audit.${entry.action}`, {
          subject: t(`admin.audit.subject.${entry.subject}`, { defaultValue: entry.subject }),
        })}
      >
        {name !== undefined && <strong>{name}</strong>}
        <span>{entry.actor}</span>
        <time dateTime={entry.at}>{moment(entry.at, i18n.language)}</time>
        {changes.length > 0 && (
          <span className={classes.changes}>
            {changes.map((change) => (
              <span key={change.field}>
                {change.field}: {change.before !== null && <del>{change.before}</del>}{' '}
                {change.after !== null && <ins>{change.after}</ins>}
              </span>
            ))}
          </span>
        )}
      </RowText>
    </>
  )
}
