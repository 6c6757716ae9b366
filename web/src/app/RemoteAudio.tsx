import { useEffect, useRef } from 'react'

import { useStore } from '@/shared/useStore'

import { usePage, useSignedIn } from './services'

/** The one element that lets the other party be heard. */
export function RemoteAudio() {
  const { softphone } = useSignedIn()
  const { preferences } = usePage()
  const stream = useStore(softphone.remoteStream)
  const { speaker } = useStore(preferences)
  const element = useRef<HTMLAudioElement>(null)

  useEffect(() => {
    const audio = element.current
    if (!audio) return
    audio.srcObject = stream
    // Refused before the first click on the page; calls begin with a click, so it can only be the stream going away again.
    if (stream) audio.play().catch(() => undefined)
  }, [stream])

  useEffect(() => {
    const audio = element.current
    if (!audio || !('setSinkId' in audio)) return
    // An unplugged device leaves the sound on the default one.
    audio.setSinkId(speaker ?? '').catch(() => undefined)
  }, [speaker])

  return <audio ref={element} autoPlay data-testid="remote-audio" />
}
