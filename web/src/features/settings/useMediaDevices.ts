import { useCallback, useEffect, useState } from 'react'

export interface MediaDevices {
  microphones: MediaDeviceInfo[]
  speakers: MediaDeviceInfo[]
  /** The browser tells names (and real ids) only once the microphone has been allowed. */
  named: boolean
  /** Asks for the microphone and lists again. */
  allow: () => void
}

/** Microphones and loudspeakers, kept current while devices come and go. */
export function useMediaDevices(): MediaDevices {
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([])

  const list = useCallback(async () => {
    // Outside of a secure context there is no such thing.
    const media = navigator.mediaDevices as MediaDevicesApi | undefined
    if (media) setDevices(await media.enumerateDevices())
  }, [])

  useEffect(() => {
    const media = navigator.mediaDevices as MediaDevicesApi | undefined
    const changed = () => void list()
    changed()
    media?.addEventListener('devicechange', changed)
    return () => media?.removeEventListener('devicechange', changed)
  }, [list])

  const allow = useCallback(() => {
    void navigator.mediaDevices.getUserMedia({ audio: true }).then(
      (stream) => {
        for (const track of stream.getTracks()) track.stop()
        void list()
      },
      () => undefined, // refused: the list stays as it is and still says how to allow it
    )
  }, [list])

  const real = devices.filter((device) => device.deviceId !== '' && device.deviceId !== 'default')
  return {
    microphones: real.filter((device) => device.kind === 'audioinput'),
    speakers: real.filter((device) => device.kind === 'audiooutput'),
    named: devices.some((device) => device.label !== ''),
    allow,
  }
}

type MediaDevicesApi = Navigator['mediaDevices']
