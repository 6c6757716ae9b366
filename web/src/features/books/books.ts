/** Phone books as the API has them, and what is typed into them. */
import type { components } from '@/shared/api/schema'

type Schemas = components['schemas']

export type Book = Schemas['BookItem']
export type Entry = Schemas['EntryItem']
export type EntryBody = Schemas['EntryBody']
export type FoundEntry = Schemas['FoundEntry']
export type ImportResult = Schemas['ImportResult']
export type NumberKind = Schemas['EntryNumberBody']['kind']

export const NUMBER_KINDS: readonly NumberKind[] = ['work', 'mobile', 'home', 'fax', 'other']

export type Format = 'csv' | 'vcard' | 'ldif'

/** How a file is written, by its name; tables are the rule. */
export function formatOf(name: string): Format {
  const ending = name.toLowerCase().split('.').at(-1)
  if (ending === 'vcf' || ending === 'vcard') return 'vcard'
  return ending === 'ldif' || ending === 'ldi' ? 'ldif' : 'csv'
}

export interface Draft {
  name: string
  company: string
  email: string
  short: string
  numbers: { number: string; kind: NumberKind }[]
}

export function draftOf(entry: Entry | null): Draft {
  if (entry === null) return { name: '', company: '', email: '', short: '', numbers: [{ number: '', kind: 'work' }] }
  const { name, company, email, short, numbers } = entry
  return { name, company, email, short: short ?? '', numbers: numbers.map(({ number, kind }) => ({ number, kind })) }
}

/** What is sent: lines without a number are left out. What lists are ordered by stays while the name does. */
export function bodyOf(draft: Draft, before: Entry | null): EntryBody {
  const name = draft.name.trim()
  return {
    name,
    company: draft.company.trim(),
    email: draft.email.trim(),
    sort: before !== null && before.name === name ? before.sort : '',
    short: draft.short.trim() === '' ? null : draft.short.trim(),
    numbers: draft.numbers.filter(({ number }) => number.trim() !== ''),
  }
}
