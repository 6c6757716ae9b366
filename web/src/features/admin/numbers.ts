import type { Trunk } from './requests'

/** A number without what people write between its digits. */
export const bareNumber = (text: string): string => text.replace(/[\s()/.-]/g, '')

/** The direct number of an extension: the head number of a block whose extensions have so many digits, and it. */
export function proposedNumber(trunks: readonly Trunk[], extension: string): string {
  if (!/^\d+$/.test(extension)) return ''
  const block = trunks.flatMap((trunk) => trunk.numbers).find((one) => one.extension_digits === extension.length)
  return block ? block.head + extension : ''
}

/** Ports as they are written into telephones: `UDP 5060, TCP 5060, TLS 5061`. */
export function portsText(ports: Readonly<Record<string, number>>): string {
  const known = ['udp', 'tcp', 'tls'].filter((transport) => transport in ports)
  return known.map((transport) => `${transport.toUpperCase()} ${ports[transport] ?? ''}`).join(', ')
}
