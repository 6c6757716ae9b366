import type { BarringOf } from './model'

/** How far calls may go; each contains the ones before. */
export const REACHES = ['internal', 'local', 'national', 'international', 'premium'] as const satisfies readonly BarringOf['reach'][]

/** A record without one of its entries. */
export function withOthers<V>(entries: Readonly<Record<string, V>>, without: string): Record<string, V> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => name !== without))
}

/** Park slots as people write them (`701-705, 710`), one by one; null for what is no list of slots. */
export function slotsOf(text: string): string[] | null {
  const slots: string[] = []
  for (const piece of text.split(/[\s,;]+/).filter((one) => one !== '')) {
    const [first, last = first, more] = piece.split(/[-–]/)
    if (first === undefined || last === undefined || more !== undefined) return null
    if (!/^\d{1,6}$/.test(first) || !/^\d{1,6}$/.test(last) || first.length !== last.length) return null
    const [from, to] = [Number(first), Number(last)]
    if (to < from || to - from >= MOST_SLOTS) return null
    for (let slot = from; slot <= to; slot += 1) slots.push(String(slot).padStart(first.length, '0'))
  }
  return [...new Set(slots)]
}

const MOST_SLOTS = 100

/** Slots as people write them: neighbours as a range. */
export function slotsText(slots: readonly string[]): string {
  const ranges: [string, string][] = []
  for (const slot of slots) {
    const last = ranges.at(-1)
    if (last?.[1].length === slot.length && Number(slot) === Number(last[1]) + 1) last[1] = slot
    else ranges.push([slot, slot])
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first}–${last}`)).join(', ')
}
