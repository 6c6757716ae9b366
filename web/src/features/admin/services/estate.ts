/** What else a customer has: whom and what its services may name. */
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { address, read, readAll, type Recording, type Trunk, type User } from '../requests'
import { keyOf, nameOf, type Service, type ServiceKind } from './model'

export interface Estate {
  users: User[]
  services: Service[]
  trunks: Trunk[]
  /** Names of the customer's own announcements (`own.…`). */
  announcements: string[]
  /** Names of the customer's own music, beside that of the house. */
  music: string[]
}

/** A number that can be dialled, with what it is called. */
export interface Destination {
  number: string
  label: string
}

export interface DestinationGroup {
  group: string
  items: Destination[]
}

const servicesKey = (customerId: string) => ['admin', '/services', customerId]

/** The services of a customer. */
export function useServices(customerId: string) {
  return useQuery({
    queryKey: servicesKey(customerId),
    queryFn: ({ signal }) => read<{ items: Service[] }>(address('/services', { customer_id: customerId }), signal),
    select: (page) => page.items,
  })
}

export function useUsers(customerId: string) {
  return useQuery({
    queryKey: ['admin', '/users', customerId, 'whole'],
    queryFn: ({ signal }) => readAll<User>('/users', { customer_id: customerId }, signal),
  })
}

export function useTrunks(customerId: string) {
  return useQuery({
    queryKey: ['admin', '/trunks', customerId, 'whole'],
    queryFn: ({ signal }) => readAll<Trunk>('/trunks', { customer_id: customerId }, signal),
  })
}

export function useRecordings(customerId: string) {
  return useQuery({
    queryKey: ['admin', '/recordings', customerId],
    queryFn: ({ signal }) => read<{ items: Recording[] }>(`/customers/${customerId}/recordings`, signal),
    select: (page) => page.items,
  })
}

/** The customer's own announcements, each once whatever its languages. */
export function announcementsOf(recordings: readonly Recording[]): string[] {
  return [...new Set(recordings.map((one) => one.name).filter((name) => name.startsWith(OWN)))]
}

/** The music that waiting callers of a queue can hear: the house's, and each piece of one's own. */
export function musicOf(recordings: readonly Recording[]): string[] {
  return [HOLD, ...recordings.filter((one) => one.folder === 'music' && one.name !== HOLD).map((one) => one.name)]
}

/** The music of the house, which a customer can replace. */
export const HOLD = 'hold'

/** What names of own announcements begin with. */
export const OWN = 'own.'

/** Everything at once; null until all of it is there. */
export function useEstate(customerId: string) {
  const services = useServices(customerId)
  const users = useUsers(customerId)
  const trunks = useTrunks(customerId)
  const recordings = useRecordings(customerId)
  const queries = [services, users, trunks, recordings]
  const estate: Estate | null =
    services.data && users.data && trunks.data && recordings.data
      ? { services: services.data, users: users.data, trunks: trunks.data, announcements: announcementsOf(recordings.data), music: musicOf(recordings.data) }
      : null
  return {
    estate,
    failed: estate === null && queries.some((query) => query.isError),
    retry: () => queries.forEach((query) => void query.refetch()),
  }
}

export const ofKind = (services: readonly Service[], kind: ServiceKind) =>
  services.filter((service) => service.kind === kind)

/** People of a customer by name, as options of a field. */
export function userOptions(users: readonly User[]) {
  return users.map((user) => ({ value: user.id, label: `${user.name} (${user.extension})` }))
}

/** Menus or calendars, as options of a field. */
export function namedOptions(services: readonly Service[], kind: ServiceKind) {
  return ofKind(services, kind).map((service) => ({ value: keyOf(service), label: nameOf(service) || keyOf(service) }))
}

/** Where calls can go, sorted as people think of it. */
export function useDestinations(estate: Estate): DestinationGroup[] {
  const { t } = useTranslation()
  const people = estate.users.map((user) => ({ number: user.extension, label: `${user.extension} ${user.name}` }))
  const kinds = (['group', 'queue', 'menu', 'attendant'] as const).map((kind) => ({
    group: t(`admin.services.kind.${kind}`),
    items: ofKind(estate.services, kind).flatMap((service) =>
      service.extension === null
        ? []
        : [{ number: service.extension, label: `${service.extension} ${nameOf(service) || t(`admin.services.kind.${kind}`)}` }],
    ),
  }))
  return [{ group: t('admin.users.title'), items: people }, ...kinds].filter(({ items }) => items.length > 0)
}

/** What somebody wrote or chose as the number that it means: a label stands for its number. */
export function numberMeant(text: string, groups: readonly DestinationGroup[]): string {
  const chosen = groups.flatMap(({ items }) => items).find(({ label }) => label === text.trim())
  return chosen?.number ?? text.replace(/[\s()/-]/g, '')
}

/** A number as people know it: with the name of whoever answers there. */
export function labelOf(number: string, groups: readonly DestinationGroup[]): string {
  return groups.flatMap(({ items }) => items).find((one) => one.number === number)?.label ?? number
}
