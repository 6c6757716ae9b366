import { visited } from '@/shared/api/visited'

/** What the server says behind `#single-sign-on=` when a browser comes back from an identity provider. */
export const SIGN_ON_RESULTS = ['unknown', 'unreachable', 'refused', 'expired', 'mail-missing', 'no-account', 'linked-otherwise'] as const
export type SignOnResult = (typeof SIGN_ON_RESULTS)[number]

const RESULT = /^#single-sign-on=([a-z-]+)$/
const STORED = 'stimme.single-sign-on'

/** The address where a customer's people begin. */
export const signOnAddress = (domain: string): string => `/api/v1/session/single-sign-on/${encodeURIComponent(domain.trim().toLowerCase())}`

/** What a host name may look like; a mail address is not one, its domain is. */
export function domainIn(text: string): string {
  return text.trim().toLowerCase().replace(/^.*@/, '')
}

/** Reads how single sign-on went out of the address; words that are not ours count as refused. */
export function resultIn(hash: string): SignOnResult | 'done' | null {
  const word = RESULT.exec(hash)?.[1]
  if (word === undefined || word === 'done') return word ?? null
  return SIGN_ON_RESULTS.find((one) => one === word) ?? 'refused'
}

/** The result that the page was opened with; it is told once and is not in the address any more. */
export function takeResult(): SignOnResult | null {
  const result = resultIn(window.location.hash)
  if (result === null) return null
  window.history.replaceState(null, '', window.location.pathname + window.location.search)
  if (result !== 'done') return result
  visited.set(true)
  return null
}

/** The company's domain, as it was last written on this device. */
export const companyDomain = {
  get: (): string => localStorage.getItem(STORED) ?? '',
  set: (domain: string): void => localStorage.setItem(STORED, domain),
}
