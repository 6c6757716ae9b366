/** Every sound of the client, made by Web Audio: ringtone, ringing tone, busy tone, key tones. */

export type Tone = 'ringtone' | 'ringback' | 'busy'

interface Note {
  /** seconds from the start of the period */
  at: number
  length: number
  frequencies: number[]
  level: number
  /** Notes of the ringtone fade like a struck bar; tones of the network do not. */
  fades: boolean
}

interface Pattern {
  period: number
  /** Periods until the tone ends by itself. */
  times: number
  notes: Note[]
}

const struck = (at: number, frequency: number, level = 0.5): Note => ({
  at,
  length: 0.9,
  frequencies: [frequency, frequency * 2.01],
  level,
  fades: true,
})

// Ringing and busy tone as German networks play them: 425 Hz.
const PATTERNS: Record<Tone, Pattern> = {
  ringtone: {
    period: 3,
    times: Infinity,
    notes: [struck(0, 587.33), struck(0.16, 739.99), struck(0.32, 880), struck(0.64, 1174.66, 0.4), struck(0.96, 880, 0.35)],
  },
  ringback: { period: 5, times: Infinity, notes: [{ at: 0, length: 1, frequencies: [425], level: 0.12, fades: false }] },
  busy: { period: 0.96, times: 4, notes: [{ at: 0, length: 0.48, frequencies: [425], level: 0.12, fades: false }] },
}

const ROWS = [697, 770, 852, 941]
const COLUMNS = [1209, 1336, 1477]
const KEYS = '123456789*0#'

export class Tones {
  private context: AudioContext | null = null
  private playing: { tone: Tone; timer: number; out: GainNode } | null = null

  /** Starts a tone; the same one goes on, another one is replaced. */
  play(tone: Tone, volume = 1): void {
    if (this.playing?.tone === tone) return
    this.stop()
    const context = this.ready()
    const out = context.createGain()
    out.gain.value = volume
    out.connect(context.destination)
    const pattern = PATTERNS[tone]
    let round = 0
    const sound = () => {
      round += 1
      if (round > pattern.times) {
        this.stop()
        return
      }
      for (const note of pattern.notes) this.note(context, out, note)
    }
    this.playing = { tone, timer: window.setInterval(sound, pattern.period * 1000), out }
    sound()
  }

  stop(): void {
    if (!this.playing) return
    window.clearInterval(this.playing.timer)
    this.playing.out.disconnect()
    this.playing = null
  }

  /** The short two-tone sound of a key. */
  key(digit: string): void {
    const index = KEYS.indexOf(digit)
    if (index < 0) return
    const context = this.ready()
    const frequencies = [ROWS[Math.floor(index / 3)] ?? 0, COLUMNS[index % 3] ?? 0]
    this.note(context, context.destination, { at: 0, length: 0.12, frequencies, level: 0.08, fades: false })
  }

  /** Which loudspeaker to use, where the browser lets us choose. */
  async useSpeaker(device: string | null): Promise<void> {
    const context = this.ready() as AudioContext & { setSinkId?: (id: string) => Promise<void> }
    try {
      await context.setSinkId?.(device ?? '')
    } catch (error) {
      // The device was unplugged: the default one rings.
      if (!(error instanceof DOMException)) throw error
    }
  }

  private ready(): AudioContext {
    this.context ??= new AudioContext()
    if (this.context.state === 'suspended') void this.context.resume()
    return this.context
  }

  private note(context: AudioContext, out: AudioNode, note: Note): void {
    const start = context.currentTime + note.at
    const end = start + note.length
    note.frequencies.forEach((frequency, index) => {
      const gain = context.createGain()
      const level = note.fades && index > 0 ? note.level * 0.25 : note.level
      gain.gain.setValueAtTime(0, start)
      gain.gain.linearRampToValueAtTime(level, start + 0.008)
      if (note.fades) gain.gain.exponentialRampToValueAtTime(0.001, end)
      else {
        gain.gain.setValueAtTime(level, end - 0.008)
        gain.gain.linearRampToValueAtTime(0, end)
      }
      const oscillator = context.createOscillator()
      oscillator.frequency.value = frequency
      oscillator.connect(gain).connect(out)
      oscillator.start(start)
      oscillator.stop(end)
    })
  }
}
