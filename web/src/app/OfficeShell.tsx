import { Alert } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconDots, IconSearch, IconSettings } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, NavLink, Navigate, Route, Routes } from 'react-router'

import { SECTION_ICONS, sectionsOf } from '@/features/admin/sections'
import { SettingsPage } from '@/features/settings/SettingsPage'
import { Logo } from '@/shared/ui/Logo'
import { PersonAvatar } from '@/shared/ui/PersonAvatar'
import { useStore } from '@/shared/useStore'

import { AdminPages } from './AdminPages'
import { useSignedIn } from './services'
import classes from './shell.module.css'

const NARROW = '(max-width: 760px)'
/** So many sections have room in the navigation of a small screen; all of them are under "more". */
const ROOM = 3

/** The shell of those who administer and do not telephone here: no phone, no calls, all the room for lists. */
export function OfficeShell() {
  const { t } = useTranslation()
  const narrow = useMediaQuery(NARROW, window.matchMedia(NARROW).matches)
  const { events } = useSignedIn()
  const waiting = useStore(events) === 'waiting'
  return (
    <div className={`${classes.shell ?? ''} ${classes.office ?? ''}`} data-testid="office">
      <a className="skip-link" href="#content">
        {t('app.skip')}
      </a>
      {!narrow && <Side />}
      <div className={classes.middle}>
        {narrow && (
          <header className={classes.top}>
            <Logo size={28} />
            <Link to="/admin/search" className={classes.find ?? ''} aria-label={t('admin.search.label')} data-testid="nav-search">
              <IconSearch />
            </Link>
            <Role />
          </header>
        )}
        {waiting && (
          <Alert className={classes.banner ?? ''} color="apricot" data-testid="banner" data-kind="events" role="status">
            {t('registration.eventsLost')}
          </Alert>
        )}
        <main id="content" className={classes.content} tabIndex={0}>
          <Routes>
            <Route path="/admin/*" element={<AdminPages />} />
            <Route path="/settings" element={<SettingsPage />} />
            <Route path="*" element={<Navigate to="/admin" replace />} />
          </Routes>
        </main>
        {narrow && <Below />}
      </div>
    </div>
  )
}

function useSections() {
  return sectionsOf(useSignedIn().account)
}

function Role() {
  const { t } = useTranslation()
  const { role } = useSignedIn().account
  return (
    <span className={classes.role} data-testid="role" data-role={role}>
      {t(`admin.role.${role}`)}
    </span>
  )
}

function Item({ to, text, icon }: { to: string; text: string; icon: ReactNode }) {
  return (
    <NavLink to={to} className={classes.link ?? ''} title={text} data-testid={`nav-${to.split('/').at(-1) ?? ''}`}>
      {icon}
      <span className={classes.linkText}>{text}</span>
    </NavLink>
  )
}

function Side() {
  const { t } = useTranslation()
  const { organisation } = useSignedIn().account
  return (
    <header className={classes.side}>
      <div className={classes.brand}>
        <Logo size={34} />
      </div>
      <nav aria-label={t('nav.label')} className={classes.links}>
        <Item to="/admin/search" text={t('admin.search.short')} icon={<IconSearch />} />
        {useSections().map((section) => (
          <Item key={section} to={`/admin/${section}`} text={t(`admin.${section}.short`)} icon={SECTION_ICONS[section]} />
        ))}
        <Item to="/settings" text={t('nav.settings')} icon={<IconSettings />} />
      </nav>
      <div className={classes.self}>
        <PersonAvatar name={organisation.name} size={40} />
        <div className={classes.selfText}>
          <strong>{organisation.name}</strong>
          <Role />
        </div>
      </div>
    </header>
  )
}

function Below() {
  const { t } = useTranslation()
  return (
    <nav aria-label={t('nav.label')} className={classes.below}>
      {useSections()
        .slice(0, ROOM)
        .map((section) => (
          <Item key={section} to={`/admin/${section}`} text={t(`admin.${section}.short`)} icon={SECTION_ICONS[section]} />
        ))}
      <Item to="/admin/more" text={t('admin.moreShort')} icon={<IconDots />} />
      <Item to="/settings" text={t('admin.settingsShort')} icon={<IconSettings />} />
    </nav>
  )
}
