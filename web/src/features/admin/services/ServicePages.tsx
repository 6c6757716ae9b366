import { Alert, Button, Skeleton } from '@mantine/core'
import { IconCalendarWeek, IconDesk, IconHeadset, IconListNumbers, IconLock, IconMicrophone, IconParking, IconPhoneIncoming, IconSpeakerphone, IconUsersGroup, IconUserUp } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { Page } from '@/shared/ui/Page'

import classes from '../admin.module.css'
import { Pill, RowText } from '../Listing'
import { slotsText } from './barring'
import { FeatureCodes } from './FeatureCodes'
import { labelOf, namedOptions, ofKind, useDestinations, useEstate, type Estate } from './estate'
import { settingsOf, type GroupSettings, type Service } from './model'
import { ServiceList } from './ServiceList'
import { weekInShort } from './week'
import { WeekPicture } from './WeekEditor'

interface PageProps {
  customerId: string
}

interface Whole {
  estate: Estate
  customerId: string
}

/** A page over everything that a customer has; waits for it. */
function EstatePage({ title, customerId, children }: { title: string; customerId: string; children: (whole: Whole) => ReactNode }) {
  const { t } = useTranslation()
  const { estate, failed, retry } = useEstate(customerId)
  return (
    <Page title={title}>
      {failed && (
        <Alert color="apricot" title={t('admin.failed')}>
          <Button onClick={retry}>{t('app.retry')}</Button>
        </Alert>
      )}
      {!failed && !estate && <Skeleton height={180} radius="lg" />}
      {estate && children({ estate, customerId })}
    </Page>
  )
}

/** Groups, queues, and who picks up whose calls. */
export function GroupsPage({ customerId }: PageProps) {
  const { t } = useTranslation()
  return (
    <EstatePage title={t('admin.groups.title')} customerId={customerId}>
      {(whole) => (
        <>
          <ServiceList
            {...whole}
            kind="group"
            title={t('admin.groups.groups')}
            hint={t('admin.groups.groupsHint')}
            services={ofKind(whole.estate.services, 'group')}
            row={(service) => <GroupRow icon={<IconUsersGroup aria-hidden />} group={settingsOf('group', service)} estate={whole.estate} />}
          />
          <ServiceList
            {...whole}
            kind="queue"
            title={t('admin.groups.queues')}
            hint={t('admin.groups.queuesHint')}
            services={ofKind(whole.estate.services, 'queue')}
            row={(service) => <GroupRow icon={<IconHeadset aria-hidden />} group={settingsOf('queue', service).group} estate={whole.estate} />}
          />
          <ServiceList
            {...whole}
            kind="pickup_group"
            title={t('admin.groups.pickup')}
            hint={t('admin.groups.pickupHint')}
            services={ofKind(whole.estate.services, 'pickup_group')}
            row={(service) => (
              <>
                <IconUserUp aria-hidden />
                <RowText title={people(settingsOf('pickup_group', service).members, whole.estate)} />
              </>
            )}
          />
          <ServiceList
            {...whole}
            kind="paging"
            title={t('admin.groups.paging')}
            hint={t('admin.groups.pagingHint')}
            services={ofKind(whole.estate.services, 'paging')}
            row={(service) => {
              const page = settingsOf('paging', service)
              return (
                <>
                  <IconSpeakerphone aria-hidden />
                  <RowText title={page.name} badge={page.multicast && <Pill>{t('admin.paging.short')}</Pill>}>
                    <span className="numeric">{page.extension}</span>
                    <span>{people(page.members, whole.estate)}</span>
                  </RowText>
                </>
              )
            }}
          />
        </>
      )}
    </EstatePage>
  )
}

const people = (ids: readonly string[], estate: Estate) =>
  ids.map((id) => estate.users.find((user) => user.id === id)?.name ?? '?').join(', ')

function GroupRow({ icon, group, estate }: { icon: ReactNode; group: GroupSettings; estate: Estate }) {
  const { t } = useTranslation()
  const destinations = useDestinations(estate)
  return (
    <>
      {icon}
      <RowText title={group.name} badge={<Pill tone="accent">{t(`admin.group.strategies.${group.strategy}`)}</Pill>}>
        <span className="numeric">{group.extension}</span>
        <span>{group.members.length === 0 ? t('admin.group.nobody') : people(group.members, estate)}</span>
        {group.overflow !== null && <span>{t('admin.group.then', { to: labelOf(group.overflow, destinations) })}</span>}
      </RowText>
    </>
  )
}

/** What callers meet first: the attendant, menus, opening hours. */
export function ReceptionPage({ customerId }: PageProps) {
  const { t } = useTranslation()
  return (
    <EstatePage title={t('admin.reception.title')} customerId={customerId}>
      {(whole) => (
        <>
          <ServiceList
            {...whole}
            kind="attendant"
            single
            title={t('admin.services.kind.attendant')}
            hint={t('admin.reception.attendantHint')}
            services={ofKind(whole.estate.services, 'attendant')}
            row={(service) => <AttendantRow service={service} estate={whole.estate} />}
          />
          <ServiceList
            {...whole}
            kind="menu"
            title={t('admin.reception.menus')}
            hint={t('admin.reception.menusHint')}
            services={ofKind(whole.estate.services, 'menu')}
            row={(service) => <MenuRow service={service} estate={whole.estate} />}
          />
          <ServiceList
            {...whole}
            kind="calendar"
            title={t('admin.reception.calendars')}
            hint={t('admin.reception.calendarsHint')}
            services={ofKind(whole.estate.services, 'calendar')}
            row={(service) => <CalendarRow service={service} />}
          />
        </>
      )}
    </EstatePage>
  )
}

function AttendantRow({ service, estate }: { service: Service; estate: Estate }) {
  const { t } = useTranslation()
  const destinations = useDestinations(estate)
  const { to, night_1: night, calendar, extension } = settingsOf('attendant', service)
  const hours = namedOptions(estate.services, 'calendar').find(({ value }) => value === calendar)
  return (
    <>
      <IconPhoneIncoming aria-hidden />
      <RowText title={t('admin.attendant.leads', { to: labelOf(to, destinations) })}>
        <span className="numeric">{extension}</span>
        {hours && <span>{hours.label}</span>}
        {night !== null && <span>{t('admin.attendant.nightly', { to: labelOf(night, destinations) })}</span>}
      </RowText>
    </>
  )
}

function MenuRow({ service, estate }: { service: Service; estate: Estate }) {
  const { t } = useTranslation()
  const destinations = useDestinations(estate)
  const menus = namedOptions(estate.services, 'menu')
  const { name, extension, choices } = settingsOf('menu', service)
  return (
    <>
      <IconListNumbers aria-hidden />
      <RowText title={name}>
        {extension !== null && <span className="numeric">{extension}</span>}
        {Object.entries(choices).map(([key, choice]) => (
          <span key={key}>
            {key}{' '}
            {choice.kind === 'connect'
              ? labelOf(choice.to, destinations)
              : choice.kind === 'menu'
                ? (menus.find(({ value }) => value === choice.menu)?.label ?? choice.menu)
                : t(`admin.menu.choices.${choice.kind}`)}
          </span>
        ))}
      </RowText>
    </>
  )
}

function CalendarRow({ service }: { service: Service }) {
  const { t, i18n } = useTranslation()
  const { calendar } = settingsOf('calendar', service)
  const short = weekInShort(calendar.week, i18n.language)
  return (
    <>
      <IconCalendarWeek aria-hidden />
      <span className={classes.main}>
        <RowText title={calendar.name}>
          <span>{short.length === 0 ? t('admin.calendar.alwaysClosed') : short.join(' · ')}</span>
          {calendar.special.length > 0 && <span>{t('admin.calendar.specials', { count: calendar.special.length })}</span>}
        </RowText>
        <WeekPicture week={calendar.week} />
      </span>
    </>
  )
}

/** What may be done with the telephones: calls outside, parking, codes. */
export function RulesPage({ customerId }: PageProps) {
  const { t } = useTranslation()
  return (
    <EstatePage title={t('admin.rules.title')} customerId={customerId}>
      {(whole) => (
        <>
          <ServiceList
            {...whole}
            kind="barring"
            single
            title={t('admin.services.kind.barring')}
            hint={t('admin.rules.barringHint')}
            services={ofKind(whole.estate.services, 'barring')}
            row={(service) => <BarringRow service={service} estate={whole.estate} />}
          />
          <ServiceList
            {...whole}
            kind="parking"
            single
            title={t('admin.services.kind.parking')}
            hint={t('admin.rules.parkingHint')}
            services={ofKind(whole.estate.services, 'parking')}
            row={(service) => (
              <>
                <IconParking aria-hidden />
                <RowText title={slotsText(settingsOf('parking', service).slots) || t('admin.parking.none')} />
              </>
            )}
          />
          <ServiceList
            {...whole}
            kind="hot_desking"
            single
            title={t('admin.services.kind.hot_desking')}
            hint={t('admin.rules.hotDeskingHint')}
            services={ofKind(whole.estate.services, 'hot_desking')}
            row={(service) => {
              const { logout_at: at, logout_after_hours: hours } = settingsOf('hot_desking', service)
              return (
                <>
                  <IconDesk aria-hidden />
                  <RowText title={at === null ? t('admin.hotDesking.never') : t('admin.hotDesking.daily', { at: at.slice(0, 5) })}>
                    {hours !== null && <span>{t('admin.hotDesking.hours', { count: hours })}</span>}
                  </RowText>
                </>
              )
            }}
          />
          <ServiceList
            {...whole}
            kind="recording"
            single
            title={t('admin.services.kind.recording')}
            hint={t('admin.rules.recordingHint')}
            services={ofKind(whole.estate.services, 'recording')}
            row={(service) => {
              const { everybody, members, keep_days: days } = settingsOf('recording', service)
              return (
                <>
                  <IconMicrophone aria-hidden />
                  <RowText title={everybody ? t('admin.barring.everybody') : people(members, whole.estate) || t('admin.group.nobody')}>
                    <span>{t('admin.recording.days', { count: days })}</span>
                  </RowText>
                </>
              )
            }}
          />
          <FeatureCodes {...whole} />
        </>
      )}
    </EstatePage>
  )
}

function BarringRow({ service, estate }: { service: Service; estate: Estate }) {
  const { t } = useTranslation()
  const { everybody, users } = settingsOf('barring', service)
  return (
    <>
      <IconLock aria-hidden />
      <RowText title={`${t('admin.barring.everybody')}: ${t(`admin.barring.reaches.${everybody.reach}`)}`}>
        {Object.entries(users).map(([id, { reach }]) => (
          <span key={id}>{`${people([id], estate)}: ${t(`admin.barring.reaches.${reach}`)}`}</span>
        ))}
      </RowText>
    </>
  )
}
