import { ActionIcon, Button, TextInput, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { IconBackspace, IconPhone, IconSearch, IconUrgent } from '@tabler/icons-react'
import { useRef, type ChangeEvent, type ClipboardEvent, type SubmitEvent, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'

import type { Colleague } from '@/shared/api/types'
import { dialString, formatNumber, formatTyped, isEmergency, looksLikeNumber } from '@/shared/number'
import { Keypad } from '@/shared/ui/Keypad'
import { PersonAvatar } from '@/shared/ui/PersonAvatar'

import classes from './calls.module.css'

export interface Party {
  number: string
  name: string | null
}

export interface DialPanelProps {
  text: string
  matches: Colleague[]
  /** Whom one spoke to or tried to last, for calling again. */
  recent: Party[]
  inputRef?: RefObject<HTMLInputElement | null>
  onText: (text: string) => void
  onKey: (key: string) => void
  onDial: (number: string, name: string | null) => void
}

/** The field to type or paste a number or a name into, what the directory has for it, and the dial pad. */
export function DialPanel({ text, matches, recent, inputRef, onText, onKey, onDial }: DialPanelProps) {
  const { t } = useTranslation()
  const own = useRef<HTMLInputElement | null>(null)
  const field = inputRef ?? own
  const numeric = looksLikeNumber(text)
  const emergency = isEmergency(text)
  const onlyMatch = !numeric && matches.length === 1 ? matches[0] : undefined
  const canDial = numeric ? dialString(text) !== '' : onlyMatch !== undefined

  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (numeric && canDial) {
      const known = matches.find((person) => person.extension === dialString(text))
      onDial(text, known?.name ?? null)
    } else if (onlyMatch) onDial(onlyMatch.extension, onlyMatch.name)
  }

  const typed = (event: ChangeEvent<HTMLInputElement>) => {
    const { value, selectionStart } = event.currentTarget
    // Grouping moves characters, so it waits until the caret stands at the end.
    onText(selectionStart === value.length ? formatTyped(value) : value)
  }

  const pasted = (event: ClipboardEvent<HTMLInputElement>) => {
    const clip = event.clipboardData.getData('text').trim()
    if (!looksLikeNumber(clip)) return
    event.preventDefault()
    onText(formatTyped(clip))
  }

  return (
    <form className={classes.dial} onSubmit={submit} aria-label={t('dial.title')} data-testid="dial-form">
      <TextInput
        ref={field}
        classNames={{ input: classes.dialField ?? '' }}
        aria-label={t('dial.field')}
        placeholder={t('dial.placeholder')}
        size="lg"
        autoComplete="off"
        spellCheck={false}
        enterKeyHint="go"
        value={text}
        onChange={typed}
        onPaste={pasted}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onText('')
        }}
        leftSection={<IconSearch size={19} />}
        rightSection={
          text !== '' && (
            <ActionIcon
              variant="subtle"
              color="gray"
              size={40}
              aria-label={t('dial.delete')}
              data-testid="dial-delete"
              onClick={() => onText(formatTyped(numeric ? text.replace(/[\d+*#][^\d+*#]*$/, '') : text.slice(0, -1)))}
            >
              <IconBackspace size={20} />
            </ActionIcon>
          )
        }
        rightSectionWidth={48}
        data-testid="dial-input"
      />
      <VisuallyHidden role="status">
        {text !== '' && matches.length > 0 ? t('dial.resultCount', { count: matches.length }) : ''}
      </VisuallyHidden>
      <div className={classes.between}>
        {text !== '' && matches.length > 0 && (
          <ul className={`quiet-list ${classes.matches ?? ''}`} aria-label={t('dial.results')} data-testid="dial-results">
            {matches.slice(0, 4).map((person) => (
              <li key={person.user_id}>
                <UnstyledButton
                  className={classes.match}
                  onClick={() => onDial(person.extension, person.name)}
                  data-testid="dial-result"
                  title={t('dial.callTo', { name: person.name })}
                >
                  <PersonAvatar name={person.name} size={36} line={person.line_state} />
                  <span className={classes.matchName}>{person.name}</span>
                  <span className={`${classes.number ?? ''} numeric`}>{person.extension}</span>
                </UnstyledButton>
              </li>
            ))}
          </ul>
        )}
        {text !== '' && !numeric && matches.length === 0 && (
          <p className={classes.hint} role="status">
            {t('dial.nothing', { text })}
          </p>
        )}
        {text === '' && recent.length > 0 && (
          <>
            <h2 className={classes.recentTitle}>{t('dial.recent')}</h2>
            <ul className={`quiet-list ${classes.matches ?? ''}`}>
              {recent.map((party) => (
                <li key={party.number}>
                  <UnstyledButton
                    className={classes.match}
                    onClick={() => onDial(party.number, party.name)}
                    data-testid="dial-recent"
                    title={t('dial.callTo', { name: party.name ?? formatNumber(party.number) })}
                  >
                    <PersonAvatar name={party.name} size={36} />
                    <span className={`${classes.matchName ?? ''} numeric`}>{party.name ?? formatNumber(party.number)}</span>
                    <IconPhone size={18} aria-hidden className={classes.recentIcon} />
                  </UnstyledButton>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
      {(numeric || text === '') && (
        <Keypad
          purpose="dial"
          onKey={(key) => {
            onKey(key)
            onText(formatTyped((dialString(text) || text) + key))
          }}
          onPlus={() => onText('+')}
        />
      )}
      <Button
        type="submit"
        size="lg"
        radius="xl"
        fullWidth
        disabled={!canDial}
        className={(emergency ? classes.emergency : classes.answer) ?? ''}
        leftSection={emergency ? <IconUrgent size={22} /> : <IconPhone size={22} />}
        data-testid="call-button"
      >
        {emergency
          ? t('dial.emergency', { number: dialString(text) })
          : onlyMatch
            ? t('dial.callTo', { name: onlyMatch.name })
            : t('dial.call')}
      </Button>
    </form>
  )
}
