import type { ImportResult } from './requests'

type Action = ImportResult['items'][number]['action']

/** A file to begin with. */
export const EXAMPLE = 'extension,name,package,number,language\n10,Anna Arendt,volle,+493023125010,de\n11,Bernd Brandt,klare,,de\n'

/** How many lines a file would create, change, leave, or has wrong. */
export function sums(result: ImportResult): Readonly<Record<Action, number>> {
  const counted: Record<Action, number> = { create: 0, change: 0, keep: 0, refuse: 0 }
  for (const { action } of result.items) counted[action] += 1
  return counted
}

/** What has to be looked at comes first: mistakes, then changes; the order of the file within each. */
export function sorted(result: ImportResult): ImportResult['items'] {
  const order: readonly Action[] = ['refuse', 'create', 'change', 'keep']
  return [...result.items].sort((one, other) => order.indexOf(one.action) - order.indexOf(other.action) || one.line - other.line)
}

/** The text of a file as it was saved: UTF-8, or what spreadsheets of Western Europe write otherwise. */
export function textOf(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
