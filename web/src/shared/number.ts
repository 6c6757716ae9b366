import { AsYouType, parsePhoneNumberFromString } from 'libphonenumber-js/min'

/** Numbers without a country code are read as German ones: the trunk's country. */
const HOME = 'DE'
const EMERGENCY: ReadonlySet<string> = new Set(['110', '112'])

export function isEmergency(text: string): boolean {
  return EMERGENCY.has(dialString(text))
}

/**
 * What is dialled when this text is: digits, `*`, `#` and a leading `+`; everything people write around them is left
 * out: "tel:" and "sip:" addresses, spaces, brackets, dashes, the "(0)" after a country code.
 */
export function dialString(text: string): string {
  let number = text.trim().replace(/^(tel|callto|sips?):(\/\/)?/i, '')
  number = number.split(/[@;?]/)[0] ?? ''
  const international = /^\s*\(?\+/.test(number)
  if (international) number = number.replace(/\(0\)/, '')
  const digits = number.replace(/[^\d*#]/g, '')
  return international && digits !== '' ? `+${digits}` : digits
}

/** True when the text can only be meant as a number (or part of one), not as a name to look for. */
export function looksLikeNumber(text: string): boolean {
  return /^\s*(tel:|callto:|sips?:)?[+(\d*#][\d\s()/.\-*#]*(@.*)?$/i.test(text)
}

/** The text as shown while it is typed: national and international numbers get their usual groups. */
export function formatTyped(text: string): string {
  if (!looksLikeNumber(text)) return text
  const number = dialString(text)
  if (number === '') return text // a "+" or "(" on its own: the digits come next
  if (number.length < 5 || /[*#]/.test(number)) return number
  return new AsYouType(HOME).input(number)
}

/** A complete number as people read it: "+49 30 23125010"; extensions and codes stay as they are. */
export function formatNumber(number: string): string {
  if (number.length < 6 || /[^\d+]/.test(number)) return number
  const parsed = parsePhoneNumberFromString(number, HOME)
  return parsed?.isPossible() ? parsed.formatInternational() : number
}
