import { Button } from '@mantine/core'
import { IconPhone, IconPhoneOff } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

import type { Call } from '@/features/softphone/machine'
import { formatNumber } from '@/shared/number'
import { PersonAvatar } from '@/shared/ui/PersonAvatar'

import classes from './calls.module.css'

interface Props {
  call: Call
  name: string | null
  /** Answering ends the call that is going on. */
  inCall: boolean
  onAnswer: () => void
  onDecline: () => void
}

/**
 * Somebody calls. It does not take the focus: who is typing must not answer by a stray space bar; it comes first in the tab
 * order and is read out by a live region.
 */
export function IncomingCard({ call, name, inCall, onAnswer, onDecline }: Props) {
  const { t } = useTranslation()
  const number = formatNumber(call.number)
  const shown = name ?? (number === '' ? t('call.unknown') : number)
  return (
    <div
      className={classes.incoming}
      role="dialog"
      aria-labelledby="incoming-name"
      aria-describedby="incoming-what"
      data-testid="incoming-dialog"
      data-call={call.id}
    >
      <div className={classes.caller}>
        <span className={classes.halo} data-calling>
          <PersonAvatar name={name} size={64} />
        </span>
        <div className={classes.callerText}>
          <span id="incoming-what" className={classes.what}>
            {t('call.incoming')}
          </span>
          <strong id="incoming-name" className={classes.callerName} data-testid="incoming-name">
            {shown}
          </strong>
          {name !== null && number !== '' && (
            <span className={`${classes.number ?? ''} numeric`} data-testid="incoming-number">
              {number}
            </span>
          )}
        </div>
      </div>
      <div className={classes.choice}>
        <Button
          className={classes.decline ?? ''}
          size="md"
          radius="xl"
          leftSection={<IconPhoneOff size={20} />}
          onClick={onDecline}
          data-testid="decline"
          aria-keyshortcuts="Alt+Shift+H"
        >
          {t('call.decline')}
        </Button>
        <Button
          className={classes.answer ?? ''}
          size="md"
          radius="xl"
          leftSection={<IconPhone size={20} />}
          onClick={onAnswer}
          data-testid="answer"
          aria-keyshortcuts="Alt+Shift+A"
        >
          {inCall ? t('call.answerAndEnd') : t('call.answer')}
        </Button>
      </div>
    </div>
  )
}
