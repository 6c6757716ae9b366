/** Day and time, as short as the language writes them. */
export function moment(iso: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso))
}

/** A day alone; days have no time zone. */
export function day(date: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${date.slice(0, 10)}T00:00:00Z`))
}

/** `2026-11` as people say it. */
export function monthName(month: string, language: string): string {
  const text = new Intl.DateTimeFormat(language, { month: 'long', year: 'numeric', timeZone: 'UTC' })
  return text.format(new Date(`${month}-01T00:00:00Z`))
}

/** Amounts come as decimal text; they are shown, never added up here. */
export function euros(amount: string | number, language: string): string {
  return new Intl.NumberFormat(language, { style: 'currency', currency: 'EUR' }).format(Number(amount))
}
