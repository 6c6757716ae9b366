/** What to ask the browser for; an unplugged chosen device falls back to the default one. */
export function microphoneConstraints(device: string | null, processing: boolean): MediaTrackConstraints {
  return {
    ...(device === null ? {} : { deviceId: { ideal: device } }),
    echoCancellation: processing,
    noiseSuppression: processing,
    autoGainControl: processing,
  }
}

/** A stream with one silent audio track: an emergency call must not fail for want of a microphone. */
export function silentStream(): MediaStream {
  const context = new AudioContext()
  return context.createMediaStreamDestination().stream
}

/** The microphone, or null when it does not come within `patience` milliseconds (or not at all). */
export async function microphoneWithin(
  constraints: MediaTrackConstraints,
  patience: number,
  onLate: (stream: MediaStream) => void,
): Promise<MediaStream | null> {
  let waiting = true
  const asked = navigator.mediaDevices.getUserMedia({ audio: constraints }).then(
    (stream) => {
      if (!waiting) onLate(stream)
      return stream
    },
    () => null,
  )
  const patienceOver = new Promise<null>((resolve) => window.setTimeout(() => resolve(null), patience))
  const stream = await Promise.race([asked, patienceOver])
  waiting = false
  return stream
}
