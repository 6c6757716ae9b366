/** What the softphone does outside of the page's own picture: sounds, notification, title, keyboard. */
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

import { currentCall, endedCall, incomingCall, type SoftphoneState } from '@/features/softphone/machine'
import type { Tone } from '@/features/softphone/tones'
import { useStore } from '@/shared/useStore'

import { usePage, useSignedIn } from './services'

const SHOW_ENDED_MS = 4000
const SHOW_FAILED_MS = 15_000

/** The tone that belongs to a state; a caller in the middle of a call is seen, not heard over the talk. */
export function toneOf(state: SoftphoneState): Tone | null {
  const call = currentCall(state)
  if (call?.state === 'ringing') return 'ringback'
  if (call) return null
  if (incomingCall(state)) return 'ringtone'
  return endedCall(state)?.end?.reason === 'busy' ? 'busy' : null
}

export function useCallSounds(): void {
  const { softphone } = useSignedIn()
  const { preferences, tones } = usePage()
  const tone = toneOf(useStore(softphone.state))
  const { ringtoneVolume, speaker } = useStore(preferences)
  useEffect(() => {
    if (tone === null) return
    tones.play(tone, tone === 'ringtone' ? ringtoneVolume : 1)
    return () => tones.stop()
  }, [tones, tone, ringtoneVolume])
  useEffect(() => {
    if (speaker !== null) void tones.useSpeaker(speaker)
  }, [tones, speaker])
}

export function useDesktopNotification(callId: string | null, caller: string | null): void {
  const { t } = useTranslation()
  useEffect(() => {
    if (callId === null || caller === null) return
    if (!('Notification' in globalThis) || Notification.permission !== 'granted') return
    if (document.visibilityState === 'visible' && document.hasFocus()) return
    const notification = new Notification(t('notification.title', { name: caller }), {
      tag: callId,
      icon: '/icon-192.png',
      requireInteraction: true,
    })
    notification.onclick = () => {
      window.focus()
      notification.close()
    }
    return () => notification.close()
  }, [callId, caller, t])
}

export function useTitle(caller: string | null, missed: number): void {
  const { t } = useTranslation()
  const title = caller !== null ? `☎ ${t('call.incomingFrom', { name: caller })}` : missed > 0 ? `(${missed}) stimme` : 'stimme'
  useEffect(() => {
    document.title = title
    return () => {
      document.title = 'stimme'
    }
  }, [title])
}

/** Alt+Shift and a letter: works while typing and clashes with no browser's own keys. */
export function useShortcuts(): void {
  const { softphone } = useSignedIn()
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return
      switch (event.code) {
        case 'KeyA':
          softphone.answer()
          break
        case 'KeyH':
          if (incomingCall(softphone.state.get())) softphone.decline()
          else softphone.hangUp()
          break
        case 'KeyM':
          softphone.toggleMute()
          break
        case 'KeyD':
          document.querySelector<HTMLInputElement>('[data-testid="dial-input"]')?.focus()
          break
        default:
          return
      }
      event.preventDefault()
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [softphone])
}

/** An ended call goes out of sight by itself; one that failed stays long enough to read why. */
export function useDismissal(): void {
  const { softphone } = useSignedIn()
  const call = endedCall(useStore(softphone.state))
  const reason = call?.end?.reason
  const calm = reason === 'local' || reason === 'remote' || reason === 'elsewhere' || reason === 'cancelled'
  useEffect(() => {
    if (!call) return
    const timer = window.setTimeout(() => softphone.dismiss(), calm ? SHOW_ENDED_MS : SHOW_FAILED_MS)
    return () => window.clearTimeout(timer)
  }, [softphone, call, calm])
}
