import { useDirectory } from '@/shared/api/queries'
import type { Colleague } from '@/shared/api/types'

interface Party {
  number: string
  name: string | null
}

export function nameOf(party: Party, people: readonly Colleague[]): string | null {
  const own = party.name?.trim()
  // Some phones send their number as their name.
  if (own && own !== party.number) return own
  if (party.number === '') return null
  return people.find((person) => person.extension === party.number || person.number === party.number)?.name ?? null
}

/** Gives the other party's name: the one that came with the call, else the directory's. */
export function useNameOf(): (party: Party) => string | null {
  const directory = useDirectory()
  return (party) => nameOf(party, directory.data ?? [])
}
