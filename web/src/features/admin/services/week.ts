/** The arithmetic of a week of opening hours: its picture, its short form in words, its changes. */
import type { Hours, Week } from './model'

export const DAYS = ['0', '1', '2', '3', '4', '5', '6'] as const
const DAY_MINUTES = 24 * 60
const STEP_MINUTES = 15

/** A stretch of a day's line, in percent of it. */
export interface Bar {
  left: number
  width: number
}

export function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

export function timeOf(minutes: number): string {
  const inDay = ((minutes % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES
  return `${String(Math.floor(inDay / 60)).padStart(2, '0')}:${String(inDay % 60).padStart(2, '0')}`
}

/** The end of hours counted from the begin of their day; one that is not after the begin is on the next day. */
function endOf(hours: Hours): number {
  const end = minutesOf(hours.end)
  return end <= minutesOf(hours.start) ? end + DAY_MINUTES : end
}

/** What of a day's line is open: the hours of the day, and what reaches over midnight from the day before. */
export function bars(week: Week, day: string): Bar[] {
  const before = week[String((Number(day) + 6) % 7)] ?? []
  const spans = [
    ...before.map((hours) => [0, endOf(hours) - DAY_MINUTES] as const),
    ...(week[day] ?? []).map((hours) => [minutesOf(hours.start), Math.min(endOf(hours), DAY_MINUTES)] as const),
  ]
  const percent = (minutes: number) => (minutes / DAY_MINUTES) * 100
  return spans.filter(([from, to]) => to > from).map(([from, to]) => ({ left: percent(from), width: percent(to - from) }))
}

/** The minute of the day at a place of its line (0 to 1), in steps of a quarter of an hour. */
export function minuteAt(place: number): number {
  const steps = DAY_MINUTES / STEP_MINUTES
  return Math.round(Math.min(1, Math.max(0, place)) * steps) * STEP_MINUTES
}

/** Hours with those added that were drawn from one minute to another; what touches becomes one. */
export function drawn(hours: readonly Hours[], one: number, other: number): Hours[] {
  const spans = [...hours.map((each) => [minutesOf(each.start), endOf(each)] as const), [Math.min(one, other), Math.max(one, other)] as const]
    .filter(([from, to]) => to > from)
    .sort(([first], [second]) => first - second)
  const joined: [number, number][] = []
  for (const [from, to] of spans) {
    const last = joined.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  return joined.map(([from, to]) => ({ start: timeOf(from), end: timeOf(to) }))
}

/** A week in which days have the hours of one of them; closed days are not in it. */
export function copied(week: Week, from: string, days: readonly string[]): Week {
  const hours = week[from] ?? []
  return days.reduce((changed, day) => withDay(changed, day, hours), week)
}

export function withDay(week: Week, day: string, hours: readonly Hours[]): Week {
  const others = Object.entries(week).filter(([other]) => other !== day)
  return Object.fromEntries(hours.length === 0 ? others : [...others, [day, [...hours]]])
}

/** The name of a weekday, 0 is Monday. */
export function dayName(day: string, language: string, style: 'short' | 'long'): string {
  // 1 January 2024 was a Monday.
  const date = new Date(Date.UTC(2024, 0, 1 + Number(day)))
  return new Intl.DateTimeFormat(language, { weekday: style, timeZone: 'UTC' }).format(date)
}

const spoken = (hours: readonly Hours[]) => hours.map(({ start, end }) => `${start}–${end === '00:00' ? '24:00' : end}`).join(', ')

/** A week in short: neighbouring days with the same hours are told together; closed days are left out. */
export function weekInShort(week: Week, language: string): string[] {
  const parts: { first: string; last: string; hours: string }[] = []
  for (const day of DAYS) {
    const hours = spoken(week[day] ?? [])
    const before = parts.at(-1)
    if (before?.hours === hours && Number(before.last) === Number(day) - 1) before.last = day
    else if (hours !== '') parts.push({ first: day, last: day, hours })
  }
  const name = (day: string) => dayName(day, language, 'short')
  return parts.map(({ first, last, hours }) => `${first === last ? name(first) : `${name(first)}–${name(last)}`} ${hours}`)
}
