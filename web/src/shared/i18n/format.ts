/** Dates, times and lengths for people; everything by Intl, nothing by hand. */

export function clockTime(iso: string, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' }).format(new Date(iso))
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}

/** "Today", "yesterday", a weekday within the last week, else the date; in the language's own words. */
export function dayName(iso: string, now: Date, language: string): string {
  const date = new Date(iso)
  const days = Math.round((startOfDay(date) - startOfDay(now)) / 86_400_000)
  if (days === 0 || days === -1) {
    const text = new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(days, 'day')
    return text.charAt(0).toLocaleUpperCase(language) + text.slice(1)
  }
  if (days < 0 && days > -7) return new Intl.DateTimeFormat(language, { weekday: 'long' }).format(date)
  const sameYear = date.getFullYear() === now.getFullYear()
  return new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(date)
}

/** A key that is equal for all times of one local day. */
export function dayKey(iso: string): string {
  return String(startOfDay(new Date(iso)))
}

/** Running time of a call: 0:05, 12:34, 1:02:03. */
export function timer(milliseconds: number): string {
  const total = Math.max(0, Math.floor(milliseconds / 1000))
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor(total / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`
}

/** Length of a finished call in words: "45 s", "3 min 20 s"; short forms of the language. */
export function spokenDuration(seconds: number, language: string): string {
  const part = (value: number, unit: 'hour' | 'minute' | 'second') =>
    new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(value)
  const whole = Math.round(seconds)
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor(whole / 60) % 60
  if (hours > 0) return `${part(hours, 'hour')} ${part(minutes, 'minute')}`
  if (minutes > 0) return `${part(minutes, 'minute')} ${part(whole % 60, 'second')}`
  return part(whole, 'second')
}
