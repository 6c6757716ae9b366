import type { CallRecord, Trunk } from './requests'

export interface RecordFilter {
  text: string
  direction: CallRecord['direction'] | 'all'
  result: 'all' | 'answered' | 'unanswered'
}

/** Whether a record passes; digits of the text are compared without what people write between them. */
export function passes(record: CallRecord, filter: RecordFilter): boolean {
  if (filter.direction !== 'all' && record.direction !== filter.direction) return false
  if (filter.result !== 'all' && (record.result === 'answered') !== (filter.result === 'answered')) return false
  const wanted = filter.text.trim().toLocaleLowerCase()
  if (wanted === '') return true
  const digits = /^[+\d\s()/-]+$/.test(wanted) ? wanted.replace(/[\s()/-]/g, '') : wanted
  return [record.caller, record.callee].some(
    ({ name, number }) => name?.toLocaleLowerCase().includes(wanted) || (number ?? '').includes(digits),
  )
}

/** The months up to this one, newest first, as `2026-11`. */
export function lastMonths(now: Date, count: number): string[] {
  return Array.from({ length: count }, (_, back) => {
    const month = new Date(Date.UTC(now.getFullYear(), now.getMonth() - back, 1))
    return month.toISOString().slice(0, 7)
  })
}

export interface Difference {
  field: string
  before: string | null
  after: string | null
}

const written = (value: unknown): string | null =>
  value === undefined || value === null ? null : typeof value === 'string' ? value : JSON.stringify(value)

/** What a change of the audit log changed, field by field. */
export function differences(
  before: Readonly<Record<string, unknown>> | null,
  after: Readonly<Record<string, unknown>> | null,
): Difference[] {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort()
  return fields
    .map((field) => ({ field, before: written(before?.[field]), after: written(after?.[field]) }))
    .filter((one) => one.before !== one.after)
}

/** The month after a day's, as `2026-11`. */
export function nextMonth(now: Date): string {
  return new Date(Date.UTC(now.getFullYear(), now.getMonth() + 1, 1)).toISOString().slice(0, 7)
}

/** An amount as people write it (`1.234,50`, `24.90`) as decimal text. */
export function decimal(text: string): string {
  const bare = text.replace(/[\s€]/g, '')
  return bare.includes(',') ? bare.replace(/\./g, '').replace(',', '.') : bare
}

/** Whether nobody can telephone over a trunk. */
export const sick = (trunk: Pick<Trunk, 'state'>): boolean => trunk.state === 'failed' || trunk.state === 'unreachable'
