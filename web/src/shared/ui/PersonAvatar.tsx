import { Avatar } from '@mantine/core'
import { IconUser } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

import type { LineState } from '../api/types'
import classes from './ui.module.css'

interface Props {
  name: string | null
  size?: number
  line?: LineState | undefined
}

const TINTS = 6

/** Same name, same tint. */
function tintOf(name: string): number {
  let sum = 0
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973
  return sum % TINTS
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word))
  const first = words[0]?.charAt(0) ?? ''
  const last = words.length > 1 ? (words.at(-1)?.charAt(0) ?? '') : ''
  return (first + last).toLocaleUpperCase()
}

/** A person by initials, with the state of the line as a dot that has a text too. */
export function PersonAvatar({ name, size = 42, line }: Props) {
  const { t } = useTranslation()
  const letters = name === null ? '' : initials(name)
  return (
    <span className={classes.person} style={{ width: size, height: size }}>
      <Avatar
        size={size}
        radius="50%"
        aria-hidden
        classNames={{ placeholder: classes.tint ?? '' }}
        styles={{ placeholder: { fontSize: size * 0.38 } }}
        data-tint={letters === '' ? 'none' : tintOf(name ?? '')}
      >
        {letters === '' ? <IconUser size={size * 0.5} stroke={1.6} /> : letters}
      </Avatar>
      {line && <span className={classes.line} data-line={line} role="img" aria-label={t(`line.${line}`)} />}
    </span>
  )
}
