import { NumberInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { FormDialog, useAttempt } from '../FormDialog'
import type { Refusal } from '../refusal'
import { put } from '../requests'
import { AttendantForm } from './AttendantForm'
import { slotsOf, slotsText } from './barring'
import { BarringForm } from './BarringForm'
import { CalendarForm } from './CalendarForm'
import { userOptions, type Estate } from './estate'
import { ManyField, NumberField, SwitchField } from './fields'
import { shownOf, useSettingsForm, type Form } from './form'
import { GroupForm, PickupForm, QueueForm } from './GroupForms'
import { MenuForm } from './MenuForm'
import { PagingForm } from './PagingForm'
import { BLANK, nameOf, settingsOf, type KnownKind, type Service, type SettingsOf } from './model'

/** Kinds that have a form; feature codes have a page of their own. */
export type EditedKind = Exclude<KnownKind, 'codes'>

interface Body<K extends EditedKind> {
  form: Form<SettingsOf[K]>
  estate: Estate
}

const FORMS: { readonly [K in EditedKind]: (props: Body<K>) => React.ReactNode } = {
  group: GroupForm,
  queue: QueueForm,
  pickup_group: PickupForm,
  menu: MenuForm,
  attendant: AttendantForm,
  calendar: CalendarForm,
  paging: PagingForm,
  parking: ParkingForm,
  barring: BarringForm,
  hot_desking: HotDeskingForm,
  recording: RecordingForm,
}

/** Fields that show what the server says about them; the rest is told at the top. */
const SHOWN: { readonly [K in EditedKind]: readonly string[] } = {
  group: ['extension', 'name', 'members', 'strategy', 'ring_seconds', 'timeout_seconds', 'wrap_up_seconds', 'call_waiting', 'overflow', 'display'],
  queue: ['group', 'answer', 'announcement_1', 'announcement_2', 'first_after', 'repeat_after', 'exits', 'max_waiting', 'max_wait', 'when_empty', 'music'],
  pickup_group: ['members'],
  menu: ['extension', 'name', 'greeting', 'choices', 'timeout', 'digit_timeout', 'attempts', 'on_failure', 'calendar', 'closed'],
  attendant: ['extension', 'to', 'night_1', 'night_2', 'calendar', 'on_holidays', 'announcement', 'menu', 'recall_seconds'],
  calendar: ['calendar.name', 'calendar.region', 'calendar.special'],
  paging: ['extension', 'name', 'members', 'multicast', 'longest_seconds'],
  parking: ['slots'],
  barring: ['everybody', 'users', 'limits'],
  hot_desking: ['logout_at', 'logout_after_hours'],
  recording: ['members', 'keep_days'],
}

interface Props<K extends EditedKind> {
  kind: K
  /** What is changed; null for a new one. */
  service: Service | null
  customerId: string
  estate: Estate
  onClose: () => void
}

/** Makes or changes a service. */
export function ServiceDialog<K extends EditedKind>({ kind, service, customerId, estate, onClose }: Props<K>) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [id] = useState(() => service?.id ?? crypto.randomUUID())
  const initial = service ? settingsOf(kind, service) : BLANK[kind](id)
  const form = useSettingsForm<SettingsOf[K]>(initial, attempt.refusal?.fields)
  const Fields = FORMS[kind] as (props: Body<K>) => React.ReactNode
  const body = { customer_id: customerId, kind, settings: cleaned(kind, form.values) }
  const send = async () => {
    if (await attempt.run(() => put(`/services/${id}`, service?.version ?? null, body))) onClose()
  }
  const name = service ? nameOf(service) || t(`admin.services.kind.${kind}`) : ''
  return (
    <FormDialog
      title={service ? t('admin.services.change', { name }) : t(`admin.services.create.${kind}`)}
      submit={service ? t('admin.save') : t('admin.create')}
      attempt={attempt}
      shown={shownFields(kind, attempt.refusal)}
      onSubmit={() => void send()}
      onClose={onClose}
      wide
    >
      <Fields form={form} estate={estate} />
    </FormDialog>
  )
}

function shownFields(kind: EditedKind, refusal: Refusal | null): string[] {
  return shownOf(refusal?.fields ?? {}, SHOWN[kind].map((name) => `settings.${name}`))
}

/** What is sent: a menu for closed hours belongs to a calendar. */
function cleaned<K extends EditedKind>(kind: K, values: SettingsOf[K]): SettingsOf[K] {
  if (kind !== 'menu') return values
  const menu = values as SettingsOf['menu']
  return (menu.calendar === null ? { ...menu, closed: null } : menu) as SettingsOf[K]
}

function ParkingForm({ form }: { form: Form<SettingsOf['parking']> }) {
  const { t } = useTranslation()
  const [text, setText] = useState(() => slotsText(form.values.slots))
  const slots = slotsOf(text)
  return (
    <TextInput
      label={t('admin.parking.slots')}
      description={t('admin.parking.hint')}
      value={text}
      onChange={(event) => {
        const written = event.currentTarget.value
        setText(written)
        form.change({ slots: slotsOf(written) ?? [written] })
      }}
      error={slots === null ? t('admin.parking.wrong') : form.error('slots')}
      data-autofocus
      data-testid="field-slots"
    />
  )
}

/** When guests are logged out of a telephone by themselves. */
function HotDeskingForm({ form }: { form: Form<SettingsOf['hot_desking']> }) {
  const { t } = useTranslation()
  const { logout_at: at, logout_after_hours: hours } = form.values
  return (
    <>
      <TextInput
        type="time"
        label={t('admin.hotDesking.at')}
        description={t('admin.hotDesking.hint')}
        value={at ?? ''}
        onChange={(event) => form.change({ logout_at: event.currentTarget.value || null })}
        error={form.error('logout_at')}
        data-testid="field-logout_at"
      />
      <NumberInput
        label={t('admin.hotDesking.after')}
        min={0}
        max={744}
        value={hours ?? ''}
        onChange={(value) => form.change({ logout_after_hours: typeof value === 'number' ? value : null })}
        error={form.error('logout_after_hours')}
        data-testid="field-logout_after_hours"
      />
    </>
  )
}

/** Who may record the own calls, and how long they are kept. */
function RecordingForm({ form, estate }: Body<'recording'>) {
  const { t } = useTranslation()
  return (
    <>
      <SwitchField form={form} name="everybody" label={t('admin.recording.everybody')} />
      {!form.values.everybody && (
        <ManyField form={form} name="members" label={t('admin.recording.members')} options={userOptions(estate.users)} />
      )}
      <SwitchField
        form={form}
        name="announcement"
        label={t('admin.recording.announcement')}
        description={t('admin.recording.announcementHint')}
      />
      <NumberField form={form} name="keep_days" label={t('admin.recording.keep')} min={1} />
    </>
  )
}
