import { useState } from 'react'

import { useSignedIn } from '@/app/services'
import { currentCall } from '@/features/softphone/machine'
import { useDirectory } from '@/shared/api/queries'
import { useStore } from '@/shared/useStore'

import { ColleagueList } from './ColleagueList'
import { searchDirectory } from './search'

export function ColleaguesPage() {
  const { account, softphone } = useSignedIn()
  const directory = useDirectory()
  const state = useStore(softphone.state)
  const [search, setSearch] = useState('')
  return (
    <ColleagueList
      people={searchDirectory(directory.data ?? [], search)}
      state={directory.isPending ? 'loading' : directory.isError && !directory.data ? 'failed' : 'ready'}
      search={search}
      ownUserId={account.user?.id ?? null}
      inCall={currentCall(state) !== null}
      onSearch={setSearch}
      onCall={(person) => softphone.dial(person.extension, person.name)}
      onRetry={() => void directory.refetch()}
    />
  )
}
