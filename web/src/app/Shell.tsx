import { ActionIcon, Alert, Button, Tooltip, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconAddressBook, IconBell, IconBook2, IconBuildingCog, IconDialpad, IconHistory, IconSettings, IconX } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Navigate, NavLink, Route, Routes } from 'react-router'

import { CallListPage } from '@/features/calllist/CallListPage'
import { IncomingCard } from '@/features/calls/IncomingCard'
import { Dialler, PhonePanel } from '@/features/calls/PhonePanel'
import { useCallSentence } from '@/features/calls/useCallSentence'
import { ColleaguesPage } from '@/features/directory/ColleaguesPage'
import { useNameOf } from '@/features/directory/useNameOf'
import { askForNotifications, useNotificationPermission } from '@/features/settings/notificationPermission'
import { SettingsPage } from '@/features/settings/SettingsPage'
import { currentCall, endedCall, incomingCall, type Call } from '@/features/softphone/machine'
import { RegistrationBadge } from '@/features/softphone/RegistrationBadge'
import { useCallList } from '@/shared/api/queries'
import { countMissed } from '@/shared/events/reducer'
import { timer } from '@/shared/i18n/format'
import { Logo } from '@/shared/ui/Logo'
import { PersonAvatar } from '@/shared/ui/PersonAvatar'
import { useNow } from '@/shared/useNow'
import { useStore } from '@/shared/useStore'

import { AdminPages } from './AdminPages'
import { PhoneBooks } from './PhoneBooks'
import { RemoteAudio } from './RemoteAudio'
import { usePage, useSignedIn } from './services'
import classes from './shell.module.css'
import { useCallSounds, useDesktopNotification, useDismissal, useShortcuts, useTitle } from './surroundings'

/** At this width the phone is a page of its own and the navigation is below. */
const NARROW = '(max-width: 760px)'

export function Shell() {
  const { t } = useTranslation()
  const { account, softphone } = useSignedIn()
  const narrow = useMediaQuery(NARROW, window.matchMedia(NARROW).matches)
  const state = useStore(softphone.state)
  const nameOf = useNameOf()
  const missed = countMissed(useCallList().data)
  const ringing = incomingCall(state)
  const call = currentCall(state) ?? endedCall(state)
  // On a small screen a call fills it, and shrinks to a line when one wants to see the rest.
  const [small, setSmall] = useState<string | null>(null)
  const covered = narrow && call !== null && (small !== call.id || call.state === 'ended')
  const callerName = ringing && (nameOf(ringing) ?? (ringing.number || t('call.unknown')))

  useTitle(callerName, missed)
  useDesktopNotification(ringing?.id ?? null, callerName)
  useCallSounds()
  useShortcuts()
  useDismissal()

  return (
    <div className={classes.shell}>
      <a className="skip-link" href="#content">
        {t('app.skip')}
      </a>
      <div aria-live="assertive" className={classes.live}>
        {callerName !== null && t('call.incomingFrom', { name: callerName })}
      </div>
      {ringing && (
        <IncomingCard
          call={ringing}
          name={nameOf(ringing)}
          inCall={currentCall(state) !== null}
          onAnswer={() => softphone.answer()}
          onDecline={() => softphone.decline()}
        />
      )}
      {!narrow && <Side missed={missed} />}
      <div className={classes.middle} inert={covered}>
        {narrow && <Top />}
        <Banner />
        <main id="content" className={classes.content} tabIndex={-1}>
          <Routes>
            <Route path="/calls" element={<CallListPage />} />
            <Route path="/colleagues" element={<ColleaguesPage />} />
            <Route path="/phone-books" element={<PhoneBooks />} />
            <Route path="/settings" element={<SettingsPage />} />
            <Route path="/admin/*" element={<AdminPages />} />
            {narrow && <Route path="/phone" element={<PhonePage />} />}
            <Route path="*" element={<Navigate to={narrow ? '/phone' : '/calls'} replace />} />
          </Routes>
        </main>
        {narrow && <Below missed={missed} />}
      </div>
      {!narrow && account.user && (
        <aside className={classes.phone} aria-label={t('dial.title')}>
          <PhonePanel />
        </aside>
      )}
      {narrow && covered && (
        <div className={classes.overlay}>
          <PhonePanel onMinimise={() => setSmall(call.id)} />
        </div>
      )}
      {narrow && call && !covered && <MiniCall call={call} onOpen={() => setSmall(null)} />}
      <RemoteAudio />
    </div>
  )
}

function usePhoneState() {
  const { account, softphone } = useSignedIn()
  const { registration } = useStore(softphone.state)
  return account.user === null ? 'none' : registration
}

interface Item {
  to: string
  text: string
  icon: ReactNode
  count: number
}

function useItems(missed: number): Item[] {
  const { t } = useTranslation()
  const { account } = useSignedIn()
  // Who administers and telephones has both; who only administers has a shell of its own.
  const admin = { to: '/admin/more', text: t('admin.short'), icon: <IconBuildingCog />, count: 0 }
  return [
    { to: '/calls', text: t('nav.calls'), icon: <IconHistory />, count: missed },
    { to: '/colleagues', text: t('nav.colleagues'), icon: <IconAddressBook />, count: 0 },
    { to: '/phone-books', text: t('nav.books'), icon: <IconBook2 />, count: 0 },
    ...(account.role === 'user' ? [] : [admin]),
    { to: '/settings', text: t('nav.settings'), icon: <IconSettings />, count: 0 },
  ]
}

function Count({ count }: { count: number }) {
  const { t } = useTranslation()
  if (count === 0) return null
  return (
    <span className={classes.count} data-testid="missed-badge" aria-label={t('nav.missed', { count })}>
      {count > 99 ? '99+' : count}
    </span>
  )
}

function Link({ item }: { item: Item }) {
  return (
    <NavLink to={item.to} className={classes.link ?? ''} data-testid={`nav-${item.to.split('/').at(-1) ?? ''}`}>
      {item.icon}
      <span className={classes.linkText}>{item.text}</span>
      <Count count={item.count} />
    </NavLink>
  )
}

function Side({ missed }: { missed: number }) {
  const { t } = useTranslation()
  const { account } = useSignedIn()
  const items = useItems(missed)
  const phone = usePhoneState()
  const name = account.user?.name ?? account.login
  return (
    <header className={classes.side}>
      <div className={classes.brand}>
        <Logo size={34} />
      </div>
      <nav aria-label={t('nav.label')} className={classes.links}>
        {items.map((item) => (
          <Link key={item.to} item={item} />
        ))}
      </nav>
      <div className={classes.self}>
        <PersonAvatar name={name} size={40} />
        <div className={classes.selfText}>
          <strong>{name}</strong>
          <RegistrationBadge state={phone} />
        </div>
      </div>
    </header>
  )
}

function Top() {
  const phone = usePhoneState()
  return (
    <header className={classes.top}>
      <Logo size={28} />
      <RegistrationBadge state={phone} />
    </header>
  )
}

function Below({ missed }: { missed: number }) {
  const { t } = useTranslation()
  const items = useItems(missed)
  const phone = { to: '/phone', text: t('nav.keypad'), icon: <IconDialpad />, count: 0 }
  return (
    <nav aria-label={t('nav.label')} className={classes.below}>
      {[phone, ...items].map((item) => (
        <Link key={item.to} item={item} />
      ))}
    </nav>
  )
}

/** What stands in the way of calling, or the question about notifications; one thing at a time. */
function Banner() {
  const { t } = useTranslation()
  const { events } = useSignedIn()
  const { preferences } = usePage()
  const phone = usePhoneState()
  const stream = useStore(events)
  const { notificationsLater } = useStore(preferences)
  const permission = useNotificationPermission()

  if (phone === 'offline' || phone === 'refused' || phone === 'none') {
    return (
      <Alert className={classes.banner ?? ''} color="apricot" data-testid="banner" data-kind={phone} role="alert">
        {t(`registration.${phone}Help`)}
      </Alert>
    )
  }
  if (stream === 'waiting') {
    return (
      <Alert className={classes.banner ?? ''} color="apricot" data-testid="banner" data-kind="events" role="status">
        {t('registration.eventsLost')}
      </Alert>
    )
  }
  if (permission === 'default' && !notificationsLater) {
    return (
      <section className={classes.ask} aria-label={t('notification.allow')} data-testid="banner" data-kind="notifications">
        <IconBell size={20} aria-hidden />
        <span>{t('notification.ask')}</span>
        <Button size="compact-md" variant="light" onClick={askForNotifications} aria-label={t('notification.allow')}>
          {t('notification.allowShort')}
        </Button>
        <Tooltip label={t('notification.later')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={36}
            aria-label={t('notification.later')}
            onClick={() => preferences.change({ notificationsLater: true })}
          >
            <IconX size={18} />
          </ActionIcon>
        </Tooltip>
      </section>
    )
  }
  return null
}

/** The phone as a page: the dial field speaks for itself, screen readers get a heading. */
function PhonePage() {
  const { t } = useTranslation()
  return (
    <>
      <VisuallyHidden>
        <h1>{t('dial.title')}</h1>
      </VisuallyHidden>
      <Dialler />
    </>
  )
}

function MiniCall({ call, onOpen }: { call: Call; onOpen: () => void }) {
  const { t } = useTranslation()
  const nameOf = useNameOf()
  const now = useNow(true)
  const sentence = useCallSentence(call)
  return (
    <UnstyledButton className={classes.mini} onClick={onOpen} data-testid="call-expand">
      <VisuallyHidden>{t('call.expand')}: </VisuallyHidden>
      <span className={classes.miniName}>{nameOf(call) ?? call.number}</span>
      <span className="numeric">{call.answeredAt === null ? sentence : timer(now - call.answeredAt)}</span>
    </UnstyledButton>
  )
}
