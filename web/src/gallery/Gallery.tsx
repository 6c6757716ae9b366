import { Group, SegmentedControl, useMantineColorScheme } from '@mantine/core'
import { useState, type ReactNode } from 'react'

import { CallListView } from '@/features/calllist/CallListView'
import { CallCard } from '@/features/calls/CallCard'
import { DialPanel } from '@/features/calls/DialPanel'
import { IncomingCard } from '@/features/calls/IncomingCard'
import { ColleagueList } from '@/features/directory/ColleagueList'
import { SignInForm, type SignInFailure } from '@/features/session/SignInForm'
import type { Call } from '@/features/softphone/machine'
import type { QualityLevel } from '@/features/softphone/quality'
import { RegistrationBadge } from '@/features/softphone/RegistrationBadge'
import { changeLanguage } from '@/shared/i18n/i18n'
import { isLanguage, LANGUAGES, languageCodes } from '@/shared/i18n/languages'
import { Keypad } from '@/shared/ui/Keypad'
import { Logo } from '@/shared/ui/Logo'
import { PersonAvatar } from '@/shared/ui/PersonAvatar'

import classes from './gallery.module.css'
import { calls, entries, people } from './samples'

const nothing = () => undefined
const NOW = Date.UTC(2026, 4, 20, 12, 0)

/** Every component in its states, to be looked at. Not part of a production build. */
export function Gallery() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const [language, setLanguage] = useState(document.documentElement.lang)
  const choose = (code: string) => {
    setLanguage(code)
    if (isLanguage(code)) void changeLanguage(code)
  }
  return (
    <main className={classes.gallery}>
      <Group justify="space-between">
        <Logo size={36} />
        <Group>
          <SegmentedControl
            value={language}
            onChange={choose}
            data={languageCodes.map((code) => ({ value: code, label: LANGUAGES[code] }))}
          />
          <SegmentedControl value={colorScheme} onChange={setColorScheme} data={['light', 'dark', 'auto']} />
        </Group>
      </Group>
      <Shelf name="Registration">
        {(['stopped', 'connecting', 'registering', 'online', 'offline', 'refused', 'none'] as const).map((state) => (
          <RegistrationBadge key={state} state={state} />
        ))}
      </Shelf>
      <Shelf name="People">
        {people.map((person) => (
          <PersonAvatar key={person.user_id} name={person.name} size={56} line={person.line_state} />
        ))}
        <PersonAvatar name={null} size={56} />
      </Shelf>
      <Shelf name="Keypad">
        <Keypad purpose="dial" onKey={nothing} />
      </Shelf>
      <Shelf name="Call">
        {calls.map((call) => (
          <Phone key={call.id}>
            <Card call={call} />
          </Phone>
        ))}
      </Shelf>
      <Shelf name="Dial">
        {['', '+49 40 66969001', 'e', 'Ida', 'Nobody', '112'].map((text) => (
          <Phone key={text}>
            <Dial initial={text} />
          </Phone>
        ))}
      </Shelf>
      <Shelf name="Incoming">
        {[false, true].map((inCall) => (
          <div key={String(inCall)} className={classes.stage}>
            <IncomingCard
              call={{ ...(calls[0] as Call), id: `in-${String(inCall)}`, number: '+494066969001' }}
              name={inCall ? 'Clara Dietrich' : null}
              inCall={inCall}
              onAnswer={nothing}
              onDecline={nothing}
            />
          </div>
        ))}
      </Shelf>
      <Shelf name="Call list">
        {(['ready', 'loading', 'failed'] as const).map((state) => (
          <div key={state} className={classes.wide}>
            <CallListView
              entries={state === 'ready' ? entries : []}
              state={state}
              filter="all"
              now={new Date(NOW)}
              lineOf={(userId) => people.find((person) => person.user_id === userId)?.line_state}
              hasMore={state === 'ready'}
              loadingMore={false}
              onFilter={nothing}
              onMore={nothing}
              onRetry={nothing}
              onCall={nothing}
            />
          </div>
        ))}
      </Shelf>
      <Shelf name="Colleagues">
        {(['ready', 'loading', 'failed'] as const).map((state) => (
          <div key={state} className={classes.wide}>
            <ColleagueList
              people={state === 'ready' ? people : []}
              state={state}
              search=""
              ownUserId="u0"
              inCall={false}
              onSearch={nothing}
              onCall={nothing}
              onRetry={nothing}
            />
          </div>
        ))}
      </Shelf>
      <Shelf name="Sign in">
        {([null, { kind: 'wrong' }, { kind: 'code' }, { kind: 'tooMany', seconds: 1 }, { kind: 'unreachable' }] as (SignInFailure | null)[]).map(
          (failure) => (
            <div key={failure?.kind ?? 'calm'} className={classes.wide}>
              <SignInForm busy={false} failure={failure} note={null} onSubmit={nothing} onCompany={nothing} />
            </div>
          ),
        )}
      </Shelf>
    </main>
  )
}

function Shelf({ name, children }: { name: string; children: ReactNode }) {
  return (
    <section>
      <h2>{name}</h2>
      <div className={classes.shelf}>{children}</div>
    </section>
  )
}

function Phone({ children }: { children: ReactNode }) {
  return <div className={classes.phone}>{children}</div>
}

function Card({ call }: { call: Call }) {
  const level: QualityLevel = call.muted ? 'fair' : 'good'
  return (
    <CallCard
      call={call}
      name={call.name}
      now={NOW}
      quality={{ level, delay: 12, jitter: 3, loss: 0.004, mos: 4.3 }}
      devices={null}
      onHangUp={nothing}
      onMute={nothing}
      onDtmf={nothing}
      onAgain={nothing}
      onDismiss={nothing}
    />
  )
}

function Dial({ initial }: { initial: string }) {
  const [text, setText] = useState(initial)
  const fitting = people.filter((person) => person.name.toLowerCase().includes(text.toLowerCase()))
  return (
    <DialPanel
      text={text}
      matches={text === '' ? [] : fitting}
      recent={[{ number: '12', name: 'Clara Dietrich' }, { number: '+494066969001', name: null }]}
      onText={setText}
      onKey={nothing}
      onDial={nothing}
    />
  )
}
