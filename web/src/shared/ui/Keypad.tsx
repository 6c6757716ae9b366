import { UnstyledButton } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import classes from './ui.module.css'

const KEYS = [
  ['1', ''],
  ['2', 'ABC'],
  ['3', 'DEF'],
  ['4', 'GHI'],
  ['5', 'JKL'],
  ['6', 'MNO'],
  ['7', 'PQRS'],
  ['8', 'TUV'],
  ['9', 'WXYZ'],
  ['*', ''],
  ['0', '+'],
  ['#', ''],
] as const

const NAMES: Readonly<Record<string, string>> = { '*': 'star', '#': 'hash' }

interface Props {
  onKey: (key: string) => void
  /** Prefix of the test ids: `dial` or `dtmf`. */
  purpose: 'dial' | 'dtmf'
}

/** Twelve keys. */
export function Keypad({ onKey, purpose }: Props) {
  const { t } = useTranslation()
  return (
    <div className={classes.keypad} role="group" aria-label={t('dial.keypad')} data-purpose={purpose}>
      {KEYS.map(([key, letters]) => (
        <UnstyledButton
          key={key}
          className={classes.key}
          aria-label={t('dial.key', { key })}
          data-testid={`${purpose}-key-${NAMES[key] ?? key}`}
          onClick={() => onKey(key)}
        >
          <span className={classes.digit}>{key}</span>
          <span className={classes.letters} aria-hidden>
            {letters}
          </span>
        </UnstyledButton>
      ))}
    </div>
  )
}
