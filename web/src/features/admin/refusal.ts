import { ApiError, UnreachableError } from '@/shared/api/client'
import { reasonOf, spoken } from '@/shared/api/sentences'

/** Why the server did not do what it was asked for, sorted by what a person can do about it. */
export interface Refusal {
  kind: 'stale' | 'fields' | 'refused' | 'unreachable' | 'fault'
  /** Messages by the field of the request's body. */
  fields: Readonly<Record<string, string>>
  /** Why, in the language of the page, when it helps. */
  detail: string | null
}

export function refusalOf(error: unknown): Refusal {
  if (error instanceof UnreachableError) return { kind: 'unreachable', fields: {}, detail: null }
  if (!(error instanceof ApiError) || error.status >= 500) return { kind: 'fault', fields: {}, detail: null }
  if (error.status === 412 || error.status === 428) return { kind: 'stale', fields: {}, detail: null }
  const fields: Record<string, string> = {}
  for (const { field, ...said } of error.problem.errors ?? []) fields[field] = spoken(said)
  const kind = Object.keys(fields).length > 0 ? 'fields' : 'refused'
  return { kind, fields, detail: reasonOf(error) }
}

/** The settings of a service as a whole: what is wrong between its fields. */
const WHOLE = 'settings'

/** Messages of fields that the form does not show; they must not get lost. */
export function unshown(refusal: Refusal, shown: readonly string[]): string[] {
  return Object.entries(refusal.fields)
    .filter(([field]) => !shown.includes(field))
    .map(([field, message]) => (field === WHOLE ? message : `${field}: ${message}`))
}
