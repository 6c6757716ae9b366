import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'

import { JsSipTelephony, sipSocketUrl } from '@/features/softphone/jssip'
import type { Telephony, TelephonyListener } from '@/features/softphone/port'
import { Softphone } from '@/features/softphone/softphone'
import { api } from '@/shared/api/client'
import { keys, type CallListData } from '@/shared/api/queries'
import type { Account, Colleague } from '@/shared/api/types'
import { reduceEvent } from '@/shared/events/reducer'
import { EventStream, eventsUrl } from '@/shared/events/stream'
import type { ServerEvent, StreamState } from '@/shared/events/types'
import { Store } from '@/shared/store'

import { OfficeShell } from './OfficeShell'
import { SignedInContext, usePage } from './services'
import { Shell } from './Shell'
import { silentTelephony } from './silentTelephony'

interface Props {
  account: Account
  onSignOut: () => void
  onExpired: () => void
}

/** Everything that runs while somebody is signed in: the softphone and the event stream. */
export function SignedIn({ account, onSignOut, onExpired }: Props) {
  const { preferences } = usePage()
  const entitled = account.user?.features.includes('softphone') ?? false
  const access = useQuery({
    queryKey: ['softphone', account.id],
    queryFn: () => api.softphone(),
    enabled: entitled,
    staleTime: Infinity,
  })
  const events = useEvents(onExpired)
  // A package that goes away during a call leaves the telephone as it is: the call is not cut off.
  const awaited = entitled && access.data === undefined

  const softphone = useMemo(() => {
    const telephony = (listener: TelephonyListener): Telephony =>
      access.data
        ? new JsSipTelephony({
            access: access.data,
            url: sipSocketUrl(access.data.wss, window.location),
            listener,
            clock: Date.now,
            voiceProcessing: () => preferences.get().voiceProcessing,
          })
        : silentTelephony(listener, awaited)
    return new Softphone({ telephony, clock: Date.now, microphone: () => preferences.get().microphone })
  }, [access.data, awaited, preferences])

  useEffect(() => {
    softphone.start()
    const leave = () => softphone.stop()
    const back = (event: PageTransitionEvent) => {
      if (event.persisted) softphone.start()
    }
    window.addEventListener('pagehide', leave)
    window.addEventListener('pageshow', back)
    return () => {
      window.removeEventListener('pageshow', back)
      window.removeEventListener('pagehide', leave)
      softphone.stop()
    }
  }, [softphone])

  const services = useMemo(
    () => ({ account, softphone, events, signOut: onSignOut }),
    [account, softphone, events, onSignOut],
  )
  return (
    <SignedInContext value={services}>
      {account.user === null && account.role !== 'user' ? <OfficeShell /> : <Shell />}
    </SignedInContext>
  )
}

/** The lists of administrators that an event makes old. */
const ADMIN_LISTS: Partial<Record<ServerEvent['type'], string>> = {
  'registration.changed': '/devices',
  'line.changed': '/users',
  'trunk.changed': '/trunks',
}

/** Keeps the query cache current from the server's events. */
function useEvents(onExpired: () => void): Store<StreamState> {
  const client = useQueryClient()
  const [state] = useState(() => new Store<StreamState>('connecting'))
  const [expired] = useState(() => ({ tell: onExpired }))
  useEffect(() => {
    const reload = () => {
      void client.invalidateQueries({ queryKey: keys.calls })
      void client.invalidateQueries({ queryKey: keys.directory })
      void client.invalidateQueries({ queryKey: ['admin'] })
    }
    const stream = new EventStream(eventsUrl(window.location), {
      onState: (value) => state.set(value),
      onLost: reload,
      onSignedOut: () => expired.tell(),
      onEvent: (event) => {
        // Only lists that are in view are read again.
        if (event.type === 'features.changed') void client.invalidateQueries({ queryKey: keys.account })
        const stale = ADMIN_LISTS[event.type]
        if (stale !== undefined) void client.invalidateQueries({ queryKey: ['admin', stale] })
        const data = {
          calls: client.getQueryData<CallListData>(keys.calls),
          directory: client.getQueryData<Colleague[]>(keys.directory),
        }
        const reduction = reduceEvent(data, event)
        if (reduction.data.calls !== data.calls) client.setQueryData(keys.calls, reduction.data.calls)
        if (reduction.data.directory !== data.directory) client.setQueryData(keys.directory, reduction.data.directory)
        if (reduction.reload) reload()
      },
    })
    stream.connect()
    const now = () => stream.connect()
    window.addEventListener('online', now)
    return () => {
      window.removeEventListener('online', now)
      stream.close()
    }
  }, [client, state, expired])
  return state
}
