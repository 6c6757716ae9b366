import { useRef, useState } from 'react'

import { usePage, useSignedIn } from '@/app/services'
import { AudioDevices } from '@/features/settings/AudioDevices'
import { currentCall, endedCall } from '@/features/softphone/machine'
import { useQuality } from '@/features/softphone/useQuality'
import { useCallList, useDirectory } from '@/shared/api/queries'
import { dialString } from '@/shared/number'
import { useNow } from '@/shared/useNow'
import { useStore } from '@/shared/useStore'

import { searchDirectory } from '../directory/search'
import { useNameOf } from '../directory/useNameOf'
import { CallCard } from './CallCard'
import { DialPanel } from './DialPanel'
import { recentParties } from './recent'

const RECENT = 3

interface Props {
  onMinimise?: (() => void) | undefined
}

/** The phone: a call while there is one, otherwise what one needs to begin one. */
export function PhonePanel({ onMinimise }: Props) {
  const { softphone } = useSignedIn()
  const state = useStore(softphone.state)
  const call = currentCall(state) ?? endedCall(state)
  const now = useNow(call?.state === 'active')
  const quality = useQuality(softphone, call?.state === 'active' ? call.id : null)
  const nameOf = useNameOf()
  const { tones } = usePage()

  if (!call) return <Dialler />
  return (
    <CallCard
      key={call.id}
      call={call}
      name={nameOf(call)}
      now={now}
      quality={quality}
      devices={<AudioDevices compact />}
      onHangUp={() => softphone.hangUp()}
      onMute={() => softphone.toggleMute()}
      onDtmf={(digit) => {
        tones.key(digit)
        softphone.sendDtmf(digit)
      }}
      onAgain={() => softphone.dial(call.number, call.name)}
      onDismiss={() => softphone.dismiss()}
      onMinimise={onMinimise}
    />
  )
}

/** What one needs to begin a call. */
export function Dialler() {
  const { account, softphone } = useSignedIn()
  const { tones } = usePage()
  const directory = useDirectory()
  const calls = useCallList()
  const [text, setText] = useState('')
  const field = useRef<HTMLInputElement | null>(null)
  const others = (directory.data ?? []).filter((person) => person.user_id !== account.user?.id)
  return (
    <DialPanel
      text={text}
      inputRef={field}
      matches={text === '' ? [] : searchDirectory(others, dialString(text) === '' ? text : text.replace(/[\s()/-]/g, ''))}
      onText={setText}
      onKey={(key) => tones.key(key)}
      recent={recentParties(calls.data?.pages[0]?.items ?? [], RECENT)}
      onDial={(number, name) => {
        softphone.dial(number, name)
        setText('')
      }}
    />
  )
}
