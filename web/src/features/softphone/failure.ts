/** Why a call did not come about, as people understand it. Each has its sentence under `call.failure`. */
export type Failure =
  | 'unknownNumber'
  | 'unreachable'
  | 'busy'
  | 'declined'
  | 'noAnswer'
  | 'cancelled'
  | 'providerUnreachable'
  | 'forbidden'
  | 'credentials'
  | 'media'
  | 'microphone'
  | 'connection'
  | 'server'
  | 'missed'

const BY_STATUS: Readonly<Record<number, Failure>> = {
  401: 'credentials',
  403: 'forbidden',
  404: 'unknownNumber',
  407: 'credentials',
  408: 'noAnswer',
  410: 'unknownNumber',
  415: 'media',
  480: 'unreachable',
  484: 'unknownNumber',
  486: 'busy',
  487: 'cancelled',
  488: 'media',
  502: 'providerUnreachable',
  503: 'providerUnreachable',
  504: 'providerUnreachable',
  600: 'busy',
  603: 'declined',
  604: 'unknownNumber',
  606: 'media',
}

/** The failure that a final SIP status of an outgoing call means (RFC 3261 §21). */
export function failureOfStatus(status: number): Failure {
  return BY_STATUS[status] ?? (status >= 400 && status < 500 ? 'unreachable' : 'server')
}

/** True when the `Reason` of a CANCEL says that another device took the call (RFC 3326). */
export function completedElsewhere(reason: string | undefined): boolean {
  return reason !== undefined && /(;\s*cause\s*=\s*200\b)|(completed elsewhere)/i.test(reason)
}
