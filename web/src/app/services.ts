import { createContext, useContext } from 'react'

import type { Softphone } from '@/features/softphone/softphone'
import type { Tones } from '@/features/softphone/tones'
import type { PreferenceStore } from '@/features/settings/preferences'
import type { Account } from '@/shared/api/types'
import type { StreamState } from '@/shared/events/types'
import type { Store } from '@/shared/store'

/** What lives as long as the page. */
export interface PageServices {
  preferences: PreferenceStore
  tones: Tones
}

/** What lives as long as somebody is signed in. */
export interface SignedInServices {
  account: Account
  softphone: Softphone
  events: Store<StreamState>
  signOut: () => void
}

export const PageContext = createContext<PageServices | null>(null)
export const SignedInContext = createContext<SignedInServices | null>(null)

export function usePage(): PageServices {
  const services = useContext(PageContext)
  if (!services) throw new Error('outside of PageContext')
  return services
}

export function useSignedIn(): SignedInServices {
  const services = useContext(SignedInContext)
  if (!services) throw new Error('nobody is signed in here')
  return services
}
