import i18next from 'i18next'

import type { ApiError, Said } from './client'

/** Codes of rights come joined by commas; people read their names. */
function named(values: Said['values']): Record<string, string | number> {
  const { rights, ...others } = values ?? {}
  if (rights === undefined) return others
  const names = String(rights).split(',').map((right) => text(`admin.accounts.right.${right}`, {}) ?? right)
  return { ...others, rights: names.join(', ') }
}

function text(key: string, values: Record<string, string | number>): string | null {
  const translate = i18next.t as unknown as (key: string, values: object) => string
  return i18next.exists(key) ? translate(key, values) : null
}

/** A sentence of the server in the language of the page. Codes that the page does not know yet stay English. */
export function spoken({ code, values, message }: Said): string {
  return (code == null ? null : text(`refusal.code.${code}`, named(values))) ?? message
}

/** Why the server refuses: the sentence by its code, else what the type of problem means; and every reason it names. */
export function reasonOf({ problem, slug }: ApiError): string | null {
  const { code, values, detail } = problem
  const main =
    (code == null ? null : text(`refusal.code.${code}`, named(values))) ?? (slug === '' ? null : text(`refusal.type.${slug}`, {}))
  const reasons = (problem.reasons ?? []).map(spoken)
  return [main ?? detail ?? null, ...reasons].filter((one) => one !== null).join(' ') || null
}
