import type { Colleague } from '@/shared/api/types'

/** Letters without accents and case: "Müller" is found by "mul" and by "mül". */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase()
}

/**
 * People whose name, extension or number fits the text; beginnings of words come first. The list of the whole
 * organisation is here already, so the answer comes with the key press.
 */
export function searchDirectory(people: readonly Colleague[], text: string): Colleague[] {
  const wanted = plain(text.trim())
  if (wanted === '') return [...people]
  const rank = (person: Colleague): number => {
    const name = plain(person.name)
    if (person.extension === wanted) return 0
    if (person.extension.startsWith(wanted)) return 1
    if (name.split(/[\s-]+/).some((word) => word.startsWith(wanted)) || name.startsWith(wanted)) return 2
    if (name.includes(wanted)) return 3
    return wanted.length > 2 && (person.number ?? '').includes(wanted) ? 4 : -1
  }
  return people
    .map((person) => ({ person, rank: rank(person) }))
    .filter((found) => found.rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.person.name.localeCompare(b.person.name))
    .map((found) => found.person)
}
