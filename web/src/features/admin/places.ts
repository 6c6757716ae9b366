import type { SearchHit } from './requests'

const PAGE_OF_SERVICE: Readonly<Record<string, string>> = {
  group: 'groups',
  queue: 'groups',
  pickup_group: 'groups',
  menu: 'reception',
  attendant: 'reception',
  calendar: 'reception',
}

const PAGE_OF: Readonly<Record<Exclude<SearchHit['kind'], 'reseller' | 'customer' | 'service'>, string>> = {
  user: 'users',
  number: 'lines',
  device: 'devices',
  trunk: 'lines',
  site: 'sites',
}

/** Where something that was found is looked after: a page of the own house (`own`), or of its customer. */
export function placeOf(hit: SearchHit, own: boolean): string {
  if (hit.kind === 'reseller') return `/admin/resellers?query=${encodeURIComponent(hit.name)}`
  const house = own ? '/admin' : `/admin/customers/${hit.customer_id ?? ''}`
  if (hit.kind === 'customer') return `${house}/users`
  const page = hit.kind === 'service' ? (PAGE_OF_SERVICE[hit.detail] ?? 'rules') : PAGE_OF[hit.kind]
  const searched: readonly SearchHit['kind'][] = ['user', 'device']
  const text = hit.kind === 'device' ? hit.detail : hit.name
  return `${house}/${page}${searched.includes(hit.kind) ? `?query=${encodeURIComponent(text)}` : ''}`
}
