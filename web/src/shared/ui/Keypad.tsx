import { UnstyledButton } from '@mantine/core'
import { useRef } from 'react'
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

const HOLD_MS = 500

interface Props {
  onKey: (key: string) => void
  /** With this the 0 gives a plus when it is held. */
  onPlus?: () => void
  /** Prefix of the test ids: `dial` or `dtmf`. */
  purpose: 'dial' | 'dtmf'
}

/** Twelve keys. */
export function Keypad({ onKey, onPlus, purpose }: Props) {
  const { t } = useTranslation()
  const hold = useRef<{ timer: number; done: boolean } | null>(null)

  const press = (key: string) => {
    if (key !== '0' || !onPlus) return
    const held = { timer: 0, done: false }
    held.timer = window.setTimeout(() => {
      held.done = true
      onPlus()
    }, HOLD_MS)
    hold.current = held
  }
  const release = () => window.clearTimeout(hold.current?.timer)
  const click = (key: string) => {
    const held = hold.current?.done
    hold.current = null
    if (!held) onKey(key)
  }

  return (
    <div className={classes.keypad} role="group" aria-label={t('dial.keypad')} data-purpose={purpose}>
      {KEYS.map(([key, letters]) => (
        <UnstyledButton
          key={key}
          className={classes.key}
          data-testid={`${purpose}-key-${NAMES[key] ?? key}`}
          onPointerDown={() => press(key)}
          onPointerUp={release}
          onPointerLeave={release}
          onClick={() => click(key)}
        >
          <span className={classes.digit}>{key}</span>
          <span className={classes.letters} aria-hidden>
            {key === '0' && !onPlus ? '' : letters}
          </span>
        </UnstyledButton>
      ))}
    </div>
  )
}
