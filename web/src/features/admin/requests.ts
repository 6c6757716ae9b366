/** What administrators read and change. A changed thing goes out with the version it was read in (`If-Match`). */
import { ApiError, request } from '@/shared/api/client'
import type { components } from '@/shared/api/schema'

type Schemas = components['schemas']

export type User = Schemas['UserItem']
export type UserBody = Schemas['UserBody']
export type Package = User['package']
export type Device = Schemas['DeviceItem']
export type DeviceBody = Schemas['DeviceBody']
export type DevicePut = Schemas['DevicePut']
export type SipAccess = Schemas['SipAccess']
export type Trunk = Schemas['TrunkItem']
export type TrunkBody = Schemas['TrunkBody']
export type Srtp = Trunk['srtp']
export type ImportResult = Schemas['UserImportResult']
export type SearchHit = Schemas['SearchHit']
export type NewInvitation = Schemas['NewInvitation']
export type TrunkHealth = Schemas['TrunkHealth']
export type TrunkTest = Schemas['TrunkTestReport']
export type Health = Schemas['HealthReport']
export type BillingAddress = Schemas['AddressItem']
export type MonthSummary = Schemas['SummaryItem']
export type Prompt = Schemas['PromptItem']
export type Recording = Schemas['RecordingItem']
export type Site = Schemas['SiteItem']
export type UserSettings = Schemas['UserSettings']
export type CallRecord = Schemas['CallRecordItem']
export type Customer = Schemas['CustomerItem']
export type LicenceEvent = Schemas['LicenceEventItem']
export type Reseller = Schemas['ResellerItem']
export type Price = Schemas['PriceItem']
export type Closing = Schemas['ClosingItem']
export type Invoice = Schemas['InvoiceItem']
export type MonthReport = Schemas['MonthReport']
export type AccountItem = Schemas['AccountItem']
export type Invitation = Schemas['InvitationItem']
export type SignOn = Schemas['SignOnItem']
export type SignOnLink = Schemas['LinkItem']
export type CallRecording = Schemas['CallRecordingItem']
export type Gateway = Schemas['GatewayItem']
export type MailServer = Schemas['MailServerItem']
export type Letter = Schemas['LetterItem']
export type VatRate = Schemas['VatRateBody-Output']
export type AuditEntry = Schemas['AuditItem']

export interface PageOf<T> {
  items: T[]
  next: string | null
}

export type Parameters = Readonly<Record<string, string | null>>

/** An address with its query; parameters that are null or empty are left out. */
export function address(path: string, parameters: Parameters): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== null && value !== '') query.set(name, value)
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

/** The version that a change is based on; `null` for something that must not be there yet. */
export function conditions(version: number | null): Record<string, string> {
  return version === null ? { 'If-None-Match': '*' } : { 'If-Match': `"${version}"` }
}

export function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>('GET', path, undefined, signal)
}

/** What may not be there yet: null then. */
export async function readOptional<T>(path: string, signal?: AbortSignal): Promise<T | null> {
  try {
    return await read<T>(path, signal)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null
    throw error
  }
}

/** Creates or changes; the client chooses the id, so that a lost answer does no harm. */
export function put<T>(path: string, version: number | null, body: unknown): Promise<T> {
  return request<T>('PUT', path, body, undefined, conditions(version))
}

export function remove(path: string, version: number): Promise<undefined> {
  return request<undefined>('DELETE', path, undefined, undefined, conditions(version))
}

/** The node's health; one that is down says so with 503 and the same report. */
export async function readHealth(signal: AbortSignal): Promise<Health> {
  try {
    return await read<Health>('/health', signal)
  } catch (error) {
    if (error instanceof ApiError && error.status === 503) return error.problem as unknown as Health
    throw error
  }
}

/** Assigns a base licence to a customer, or ends it (null). */
export function assignLicence(customerId: string, base: 'base' | 'demo' | null): Promise<Customer> {
  return request<Customer>('PUT', `/customers/${customerId}/licence`, { base })
}

/** Everything of a list that is short enough to be wanted whole. */
export async function readAll<T>(path: string, parameters: Parameters, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = []
  let after: string | null = null
  do {
    const page: PageOf<T> = await read(address(path, { ...parameters, limit: '1000', after }), signal)
    items.push(...page.items)
    after = page.next
  } while (after !== null)
  return items
}
