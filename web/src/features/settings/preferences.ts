import { Store } from '@/shared/store'

/** What a person has set on this device. The language is on the server too; colours are kept by Mantine. */
export interface Preferences {
  /** 0 … 1 */
  ringtoneVolume: number
  /** Device ids of the browser; null: the system's default. */
  microphone: string | null
  speaker: string | null
  /** Noise, echo and level correction of the browser. */
  voiceProcessing: boolean
  /** The question about desktop notifications was put off. */
  notificationsLater: boolean
}

const STORED = 'stimme.preferences'

const defaults: Preferences = {
  ringtoneVolume: 0.6,
  microphone: null,
  speaker: null,
  voiceProcessing: true,
  notificationsLater: false,
}

function load(): Preferences {
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<Preferences>) }
  } catch {
    return defaults
  }
}

export class PreferenceStore extends Store<Preferences> {
  constructor() {
    super(load())
  }

  change(part: Partial<Preferences>): void {
    this.set({ ...this.get(), ...part })
    localStorage.setItem(STORED, JSON.stringify(this.get()))
  }
}
