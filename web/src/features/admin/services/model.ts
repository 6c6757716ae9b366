/** What a customer's services hold, as `/services` keeps them (docs/api.md), and what a new one begins with. */
import type { components } from '@/shared/api/schema'

type Schemas = components['schemas']

export type Service = Schemas['ServiceItem']
export type ServiceKind = Service['kind']

export interface GroupSettings {
  id: string
  extension: string
  name: string
  members: string[]
  strategy: 'parallel' | 'longest_idle' | 'round_robin'
  ring_seconds: number
  timeout_seconds: number
  wrap_up_seconds: number
  call_waiting: 'never' | 'when_all_busy' | 'always'
  overflow: string | null
  display: string
}

export interface QueueSettings {
  group: GroupSettings
  answer: 'connected' | 'alerting'
  announcement_1: string
  announcement_2: string
  first_after: number
  repeat_after: number
  say_position: boolean
  say_wait: boolean
  exits: Readonly<Record<string, string>>
  max_waiting: number
  max_wait: number
  when_empty: 'wait' | 'overflow'
  music: string
}

export interface PickupSettings {
  members: string[]
}

export type Choice =
  | { kind: 'connect'; to: string }
  | { kind: 'menu'; menu: string }
  | { kind: 'back' | 'repeat' | 'by_name' | 'hang_up' }

export interface MenuSettings {
  id: string
  extension: string | null
  name: string
  greeting: string[]
  choices: Readonly<Record<string, Choice>>
  dial_extensions: boolean
  timeout: number
  digit_timeout: number
  attempts: number
  on_failure: string | null
  calendar: string | null
  closed: string | null
}

export interface AttendantSettings {
  extension: string
  to: string
  calendar: string | null
  night_1: string | null
  night_2: string | null
  on_holidays: 'day' | 'night_1' | 'night_2'
  hold_until_pressed: boolean
  announcement: string[]
  menu: string | null
  recall_seconds: number
}

export interface Hours {
  start: string
  end: string
}

export interface SpecialDays {
  first: string
  last: string
  name: string
  hours: Hours[]
}

/** Hours by weekday; `"0"` is Monday. */
export type Week = Readonly<Record<string, Hours[]>>

export interface Calendar {
  name: string
  week: Week
  region: string | null
  special: SpecialDays[]
  zone: string
}

export interface CalendarSettings {
  id: string
  calendar: Calendar
}

/** Who hears an announcement; multicast also reaches telephones that are set to listen to it. */
export interface PagingSettings {
  id: string
  extension: string
  name: string
  members: string[]
  multicast: { address: string; port: number; codec: 'G722' | 'PCMA' | 'PCMU' } | null
  longest_seconds: number
}

export interface ParkingSettings {
  slots: string[]
}

export interface CodesSettings {
  changes: Readonly<Record<string, string[]>>
}

export interface BarringOf {
  reach: 'internal' | 'local' | 'national' | 'international' | 'premium'
  exceptions: Readonly<Record<string, boolean>>
}

export interface BarringSettings {
  everybody: BarringOf
  users: Readonly<Record<string, BarringOf>>
  limits: { user_calls: number; user_minutes: number; customer_calls: number; customer_minutes: number }
  channels: Readonly<Record<string, number>>
}

export interface HotDeskingSettings {
  logout_at: string | null
  logout_after_hours: number | null
  zone: string
}

export interface RecordingSettings {
  everybody: boolean
  members: string[]
  announcement: boolean
  keep_days: number
}

export interface SettingsOf {
  group: GroupSettings
  queue: QueueSettings
  pickup_group: PickupSettings
  menu: MenuSettings
  attendant: AttendantSettings
  calendar: CalendarSettings
  parking: ParkingSettings
  paging: PagingSettings
  codes: CodesSettings
  barring: BarringSettings
  hot_desking: HotDeskingSettings
  recording: RecordingSettings
}

/** Kinds that this client knows; the API may have more. */
export type KnownKind = keyof SettingsOf

const group = (id: string): GroupSettings => ({
  id,
  extension: '',
  name: '',
  members: [],
  strategy: 'parallel',
  ring_seconds: 15,
  timeout_seconds: 60,
  wrap_up_seconds: 0,
  call_waiting: 'never',
  overflow: null,
  display: '',
})

const WORKDAY: Hours[] = [{ start: '08:00', end: '17:00' }]

/** What a new service begins with; `id` is also what others of the customer's services name it by. */
export const BLANK: { readonly [K in KnownKind]: (id: string) => SettingsOf[K] } = {
  group,
  queue: (id) => ({
    group: group(id),
    answer: 'connected',
    announcement_1: 'queue.please_wait',
    announcement_2: 'queue.still_waiting',
    first_after: 2,
    repeat_after: 30,
    say_position: true,
    say_wait: true,
    exits: {},
    max_waiting: 50,
    max_wait: 600,
    when_empty: 'overflow',
    music: 'hold',
  }),
  pickup_group: () => ({ members: [] }),
  menu: (id) => ({
    id,
    extension: null,
    name: '',
    greeting: ['attendant.welcome'],
    choices: {},
    dial_extensions: false,
    timeout: 6,
    digit_timeout: 3,
    attempts: 3,
    on_failure: null,
    calendar: null,
    closed: null,
  }),
  attendant: () => ({
    extension: '0',
    to: '',
    calendar: null,
    night_1: null,
    night_2: null,
    on_holidays: 'night_1',
    hold_until_pressed: false,
    announcement: [],
    menu: null,
    recall_seconds: 30,
  }),
  calendar: (id) => ({
    id,
    calendar: {
      name: '',
      week: { 0: WORKDAY, 1: WORKDAY, 2: WORKDAY, 3: WORKDAY, 4: WORKDAY },
      region: null,
      special: [],
      zone: 'Europe/Berlin',
    },
  }),
  paging: (id) => ({ id, extension: '', name: '', members: [], multicast: null, longest_seconds: 60 }),
  parking: () => ({ slots: [] }),
  codes: () => ({ changes: {} }),
  barring: () => ({
    everybody: { reach: 'international', exceptions: {} },
    users: {},
    limits: { user_calls: 20, user_minutes: 60, customer_calls: 60, customer_minutes: 240 },
    channels: {},
  }),
  hot_desking: () => ({ logout_at: '20:00', logout_after_hours: null, zone: 'Europe/Berlin' }),
  recording: () => ({ everybody: false, members: [], announcement: true, keep_days: 90 }),
}

/**
 * The settings of a stored service. What was left out when it was stored has the value that the telephone system
 * takes for it, which is what a new service begins with.
 */
export function settingsOf<K extends KnownKind>(kind: K, service: Pick<Service, 'id' | 'settings'>): SettingsOf[K] {
  return completed(BLANK[kind](service.id), service.settings) as SettingsOf[K]
}

function completed(standard: object, stored: Readonly<Record<string, unknown>>): object {
  const values: Record<string, unknown> = { ...standard, ...stored }
  for (const [name, value] of Object.entries(standard)) {
    const found = stored[name]
    if (KEPT_WHOLE.has(name) || !isObject(value)) continue
    values[name] = completed(value, isObject(found) ? (found as Record<string, unknown>) : {})
  }
  return values
}

/** Objects whose fields are the customer's: nothing is added to them. */
const KEPT_WHOLE: ReadonlySet<string> = new Set(['week', 'exits', 'choices', 'exceptions', 'users', 'channels', 'changes'])

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What a service is called: the name that its customer gave it, or none for those that need none. */
export function nameOf(service: Pick<Service, 'settings'>): string {
  const { settings } = service
  for (const place of [settings, settings.group, settings.calendar]) {
    if (isObject(place) && 'name' in place && typeof place.name === 'string') return place.name
  }
  return ''
}

/** What other services name a menu or a calendar by. */
export function keyOf(service: Pick<Service, 'id' | 'settings'>): string {
  return typeof service.settings.id === 'string' ? service.settings.id : service.id
}
