import { ActionIcon, Button, UnstyledButton } from '@mantine/core'
import {
  IconDialpad,
  IconMicrophone,
  IconMicrophoneOff,
  IconPhone,
  IconPhoneOff,
  IconSettings,
  IconChevronDown,
  IconX,
} from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import type { Call } from '@/features/softphone/machine'
import type { Quality } from '@/features/softphone/quality'
import { timer } from '@/shared/i18n/format'
import { formatNumber } from '@/shared/number'
import { Keypad } from '@/shared/ui/Keypad'
import { PersonAvatar } from '@/shared/ui/PersonAvatar'

import classes from './calls.module.css'
import { QualityBars } from './QualityBars'
import { useCallSentence } from './useCallSentence'

export interface CallCardProps {
  call: Call
  name: string | null
  /** Milliseconds since the epoch. */
  now: number
  quality: Quality
  /** The controls of microphone and loudspeaker. */
  devices: ReactNode
  onHangUp: () => void
  onMute: () => void
  onDtmf: (digit: string) => void
  onAgain: () => void
  onDismiss: () => void
  onMinimise?: (() => void) | undefined
}

/** The call one is in, or the last one with how it ended. */
export function CallCard(props: CallCardProps) {
  const { call, name, now } = props
  const { t } = useTranslation()
  const sentence = useCallSentence(call)
  const shownNumber = formatNumber(call.number)
  const title = call.emergency ? `${t('call.emergency')} ${call.number}` : (name ?? (shownNumber || t('call.unknown')))
  const over = call.state === 'ended'
  const failed = over && call.end !== null && !['local', 'remote', 'elsewhere', 'cancelled'].includes(call.end.reason)

  return (
    <section
      className={classes.card}
      aria-label={title}
      data-testid="call-card"
      data-state={call.state}
      data-call={call.id}
      data-failure={call.end?.reason}
      data-emergency={call.emergency || undefined}
    >
      {props.onMinimise && !over && (
        <ActionIcon
          className={classes.minimise ?? ''}
          variant="subtle"
          size={44}
          aria-label={t('call.minimise')}
          data-testid="call-minimise"
          onClick={props.onMinimise}
        >
          <IconChevronDown />
        </ActionIcon>
      )}
      <div className={classes.who}>
        <span className={classes.halo} data-active={call.state === 'active' || undefined} data-calling={!over && call.state !== 'active' || undefined}>
          <PersonAvatar name={name} size={96} />
        </span>
        <h2 className={classes.name} data-testid="call-name">
          {title}
        </h2>
        {name !== null && shownNumber !== '' && (
          <span className={`${classes.number ?? ''} numeric`} data-testid="call-number">
            {shownNumber}
          </span>
        )}
        <p
          className={classes.state}
          role={failed ? 'alert' : 'status'}
          data-testid="call-state"
          data-state={call.state}
          data-failed={failed || undefined}
        >
          {sentence}
          {failed && call.end?.sipStatus != null && (
            <span className={classes.code}>{t('call.failureCode', { code: call.end.sipStatus })}</span>
          )}
        </p>
        {call.state === 'active' && call.answeredAt !== null && (
          <div className={classes.meter}>
            <span className="numeric" role="timer" aria-label={t('call.timer')} data-testid="call-timer">
              {timer(now - call.answeredAt)}
            </span>
            <QualityBars quality={props.quality} />
          </div>
        )}
        {over && call.answeredAt !== null && call.endedAt !== null && (
          <span className={`${classes.number ?? ''} numeric`}>{timer(call.endedAt - call.answeredAt)}</span>
        )}
      </div>
      {over ? <AfterCall {...props} /> : <InCall {...props} />}
    </section>
  )
}

function AfterCall({ call, onAgain, onDismiss }: CallCardProps) {
  const { t } = useTranslation()
  return (
    <div className={classes.after}>
      {call.number !== '' && (
        <Button leftSection={<IconPhone size={18} />} onClick={onAgain} data-testid="call-again" size="md">
          {t('call.again')}
        </Button>
      )}
      <Button variant="default" leftSection={<IconX size={18} />} onClick={onDismiss} data-testid="call-dismiss" size="md">
        {t('call.dismiss')}
      </Button>
    </div>
  )
}

function InCall({ call, devices, onHangUp, onMute, onDtmf }: CallCardProps) {
  const { t } = useTranslation()
  const [open, setOpen] = useState<'keypad' | 'devices' | null>(null)
  const active = call.state === 'active'
  const toggle = (what: 'keypad' | 'devices') => setOpen(open === what ? null : what)
  return (
    <>
      {open === 'keypad' && active && (
        <div className={classes.drawer}>
          <output className={`${classes.sent ?? ''} numeric`} data-testid="dtmf-sent">
            {call.digits}
          </output>
          <Keypad purpose="dtmf" onKey={onDtmf} />
        </div>
      )}
      {open === 'devices' && <div className={classes.drawer}>{devices}</div>}
      <div className={classes.controls}>
        <Control
          label={call.muted ? t('call.muted') : t('call.mute')}
          text={call.muted ? t('call.muted') : t('call.mute')}
          pressed={call.muted}
          disabled={!active}
          testId="mute"
          onClick={onMute}
        >
          {call.muted ? <IconMicrophoneOff /> : <IconMicrophone />}
        </Control>
        <Control
          label={open === 'keypad' ? t('call.hideDtmf') : t('call.dtmf')}
          text={t('call.dtmf')}
          pressed={open === 'keypad'}
          disabled={!active}
          testId="dtmf-toggle"
          onClick={() => toggle('keypad')}
        >
          <IconDialpad />
        </Control>
        <Control
          label={t('call.audio')}
          text={t('call.audio')}
          pressed={open === 'devices'}
          disabled={false}
          testId="devices-toggle"
          onClick={() => toggle('devices')}
        >
          <IconSettings />
        </Control>
      </div>
      <Button
        className={classes.hangup ?? ''}
        size="lg"
        radius="xl"
        fullWidth
        leftSection={<IconPhoneOff size={22} />}
        onClick={onHangUp}
        data-testid="hangup"
        aria-keyshortcuts="Alt+Shift+H"
      >
        {active ? t('call.hangup') : t('call.cancel')}
      </Button>
    </>
  )
}

interface ControlProps {
  /** What a press does, for screen readers. */
  label: string
  text: string
  pressed: boolean
  disabled: boolean
  testId: string
  onClick: () => void
  children: ReactNode
}

function Control({ label, text, pressed, disabled, testId, onClick, children }: ControlProps) {
  return (
    <UnstyledButton
      className={classes.control}
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled}
      data-testid={testId}
      onClick={onClick}
    >
      <span className={classes.round}>{children}</span>
      <span className={classes.controlText} aria-hidden>
        {text}
      </span>
    </UnstyledButton>
  )
}
