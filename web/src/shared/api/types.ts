/** Names for the generated shapes of `/api/v1` that the client uses. */
import type { components } from './schema'

type Schemas = components['schemas']

export type Account = Schemas['Account']
export type CallListEntry = Schemas['CallListItem']
export type CallResult = CallListEntry['result']
export type CallListPage = Schemas['CallList']
export type Colleague = Schemas['DirectoryEntry']
export type LineState = Colleague['line_state']
export type SoftphoneAccess = Omit<Schemas['Softphone'], 'ice_servers'> & { ice_servers: RTCIceServer[] }
