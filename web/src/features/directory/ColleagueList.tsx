import { ActionIcon, Button, Skeleton, TextInput, Tooltip } from '@mantine/core'
import { IconPhone, IconSearch, IconUsers } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

import type { Colleague } from '@/shared/api/types'
import { formatNumber } from '@/shared/number'
import { EmptyState } from '@/shared/ui/EmptyState'
import { Page } from '@/shared/ui/Page'
import { PersonAvatar } from '@/shared/ui/PersonAvatar'

import classes from './directory.module.css'

export interface ColleagueListProps {
  people: Colleague[]
  state: 'loading' | 'failed' | 'ready'
  search: string
  ownUserId: string | null
  /** A call is going on: nobody else can be called now. */
  inCall: boolean
  onSearch: (text: string) => void
  onCall: (person: Colleague) => void
  onRetry: () => void
}

/** Everybody of the organisation with the state of their line. */
export function ColleagueList(props: ColleagueListProps) {
  const { t } = useTranslation()
  const { people, search, state } = props
  return (
    <Page
      title={t('colleagues.title')}
      aside={
        <TextInput
          className={classes.search ?? ''}
          aria-label={t('colleagues.search')}
          placeholder={t('colleagues.search')}
          radius="xl"
          size="md"
          leftSection={<IconSearch size={18} />}
          value={search}
          onChange={(event) => props.onSearch(event.currentTarget.value)}
          data-testid="colleague-search"
        />
      }
    >
      {state === 'loading' && (
        <div className={classes.waiting} aria-hidden>
          {[0, 1, 2, 3, 4, 5].map((card) => (
            <Skeleton key={card} height={76} radius="lg" />
          ))}
        </div>
      )}
      {state === 'failed' && (
        <EmptyState
          icon={<IconUsers size={28} />}
          title={t('colleagues.failed')}
          action={<Button onClick={props.onRetry}>{t('app.retry')}</Button>}
        />
      )}
      {state === 'ready' && people.length === 0 && (
        <EmptyState
          icon={<IconUsers size={28} />}
          title={search === '' ? t('colleagues.empty') : t('colleagues.nothing')}
          {...(search === '' ? { hint: t('colleagues.emptyHint') } : {})}
        />
      )}
      <ul className={`quiet-list ${classes.people ?? ''}`} data-testid="colleague-list">
        {people.map((person) => (
          <Person key={person.user_id} person={person} {...props} />
        ))}
      </ul>
    </Page>
  )
}

function Person({ person, ownUserId, inCall, onCall }: { person: Colleague } & ColleagueListProps) {
  const { t } = useTranslation()
  const self = person.user_id === ownUserId
  return (
    <li className={classes.card} data-testid="colleague" data-line={person.line_state} data-extension={person.extension}>
      <PersonAvatar name={person.name} size={48} line={person.line_state} />
      <span className={classes.text}>
        <strong className={classes.name}>
          {person.name}
          {self && <span className={classes.self}>{t('colleagues.you')}</span>}
        </strong>
        <span className={classes.detail}>
          <span className={classes.line} data-line={person.line_state}>
            {t(`line.${person.line_state}`)}
          </span>
          <span className="numeric" title={person.number === null ? undefined : formatNumber(person.number)}>
            {person.extension}
          </span>
        </span>
      </span>
      {!self && (
        <Tooltip label={t('dial.callTo', { name: person.name })}>
          <ActionIcon
            variant="light"
            radius="xl"
            size={44}
            disabled={inCall}
            aria-label={t('dial.callTo', { name: person.name })}
            onClick={() => onCall(person)}
            data-testid="colleague-call"
          >
            <IconPhone size={20} />
          </ActionIcon>
        </Tooltip>
      )}
    </li>
  )
}
