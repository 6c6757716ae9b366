import { Alert, Button, Loader, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconCheck } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'

import { useSignedIn } from '@/app/services'
import type { components } from '@/shared/api/schema'
import { formatNumber } from '@/shared/number'
import { Page } from '@/shared/ui/Page'

import { DevicesDialog } from '../DevicesDialog'
import { RefusalAlert, useAttempt } from '../FormDialog'
import { NumbersDialog, TrunkDialog } from '../LineDialogs'
import { TRUNK_TONES } from '../LinesPage'
import { Pill } from '../Listing'
import { address, assignLicence, read, readAll, type CallRecord, type Customer, type Device, type PageOf, type Site, type Trunk, type User } from '../requests'
import { SiteDialog } from '../SitesPage'
import { UserDialog } from '../UserDialog'
import classes from './setup.module.css'
import { done, next, possible, STEPS, type Facts, type Step } from './steps'

/** So often what may change by itself is read again: a registration, a telephone, a call. */
const LOOK_MS = 2000

type LiveCall = components['schemas']['LiveCall']

function useFacts(customerId: string): { customer: Customer; facts: Facts } | 'failed' | null {
  const query = useQuery({
    queryKey: ['admin', 'setup', customerId],
    refetchInterval: LOOK_MS,
    queryFn: async ({ signal }) => {
      const own = { customer_id: customerId }
      const [customer, trunks, sites, users, devices, records] = await Promise.all([
        read<Customer>(`/customers/${customerId}`, signal),
        readAll<Trunk>('/trunks', own, signal),
        read<{ items: Site[] }>(address('/sites', own), signal),
        read<PageOf<User>>(address('/users', { ...own, limit: '5' }), signal),
        read<PageOf<Device>>(address('/devices', { ...own, limit: '50' }), signal),
        read<PageOf<CallRecord>>(address('/call-records', { ...own, limit: '20' }), signal),
      ])
      const live = await read<{ items: LiveCall[] }>('/calls', signal)
      const people = new Set(users.items.map((user) => user.id))
      const speaking = live.items.some(
        (call) => call.state === 'answered' && [call.caller, call.callee].some((party) => people.has(party.user_id ?? '')),
      )
      const facts: Facts = {
        standing: customer.standing,
        trunks,
        sites: sites.items,
        users: users.items,
        devices: devices.items,
        records: records.items,
        speaking,
      }
      return { customer, facts }
    },
  })
  return query.data ?? (query.isError ? 'failed' : null)
}

/** Takes a new customer from nothing to the first call, one step after the other. */
export function SetupPage({ customerId }: { customerId: string }) {
  const { t } = useTranslation()
  const known = useFacts(customerId)
  const [open, setOpen] = useState<Step | null>(null)
  if (known === null || known === 'failed') {
    return (
      <Page title={t('admin.setup.title')}>
        {known === null ? <Skeleton height={320} radius="lg" /> : <Alert color="apricot">{t('admin.failed')}</Alert>}
      </Page>
    )
  }
  const { facts, customer } = known
  const there = done(facts)
  const now = next(facts)
  const close = () => setOpen(null)
  const [trunk] = facts.trunks
  const [user] = facts.users
  return (
    <Page title={t('admin.setup.title')}>
      <p className={classes.intro}>{t(now === null ? 'admin.setup.finished' : 'admin.setup.intro')}</p>
      <ol className={classes.steps} data-testid="setup" data-next={now ?? 'none'}>
        {STEPS.map((step, place) => (
          <li key={step} className={classes.step} data-state={there[step] ? 'done' : step === now ? 'now' : 'later'} data-testid={`step-${step}`}>
            <span className={classes.mark} aria-hidden>
              {there[step] ? <IconCheck size={18} /> : place + 1}
            </span>
            <div className={classes.what}>
              <h2>
                {t(`admin.setup.step.${step}`)}
                {there[step] && <span className={classes.unseen}>{t('admin.setup.done')}</span>}
              </h2>
              <Told step={step} facts={facts} />
              {!there[step] && possible(step, facts) && <Todo step={step} customer={customer} facts={facts} onOpen={() => setOpen(step)} />}
            </div>
          </li>
        ))}
      </ol>
      {open === 'trunk' && <TrunkDialog trunk={trunk ?? null} customerId={customerId} onClose={close} />}
      {open === 'numbers' && trunk && <NumbersDialog trunk={trunk} block={null} onClose={close} />}
      {open === 'site' && <SiteDialog site={null} trunks={facts.trunks} customerId={customerId} onClose={close} />}
      {open === 'user' && <UserDialog user={null} customerId={customerId} onClose={close} />}
      {open === 'telephone' && user && <DevicesDialog user={user} onClose={close} />}
    </Page>
  )
}

/** What is there of a step, or what it is for. */
function Told({ step, facts }: { step: Step; facts: Facts }) {
  const { t } = useTranslation()
  const text = (content: ReactNode) => <p className={classes.told}>{content}</p>
  const [trunk] = facts.trunks
  const block = facts.trunks.flatMap((one) => one.numbers)[0]
  const [site] = facts.sites
  const [user] = facts.users
  if (step === 'trunk' && trunk) {
    return text(
      <>
        {trunk.name} <Pill tone={TRUNK_TONES[trunk.state]}>{t(`admin.lines.state.${trunk.state}`)}</Pill>
        {trunk.state === 'failed' && <span>{trunk.detail}</span>}
      </>,
    )
  }
  if (step === 'numbers' && block) return text(formatNumber(block.head))
  if (step === 'site' && site) return text(`${site.name}, ${site.street}, ${site.postcode} ${site.city}`)
  if (step === 'user' && user) return text(`${user.name} (${user.extension})`)
  if (step === 'licence' && facts.standing !== 'unlicensed') return text(t(`admin.standing.${facts.standing}`))
  return text(t(`admin.setup.about.${step}`))
}

interface TodoProps {
  step: Step
  customer: Customer
  facts: Facts
  onOpen: () => void
}

function Todo({ step, customer, facts, onOpen }: TodoProps) {
  const { t } = useTranslation()
  if (step === 'licence') return <Licence customer={customer} />
  if (step === 'call') {
    const example = facts.users.length > 1 ? (facts.users[1]?.extension ?? null) : null
    return (
      <p className={classes.waiting} role="status">
        <Loader size={18} />
        {example === null ? t('admin.setup.dialOutside') : t('admin.setup.dial', { extension: example })}
      </p>
    )
  }
  const again = (step === 'trunk' && facts.trunks.length > 0) || (step === 'telephone' && facts.devices.length > 0)
  return (
    <div className={classes.todo}>
      <Button variant={again ? 'default' : 'filled'} onClick={onOpen} data-testid={`setup-${step}`}>
        {t(again ? `admin.setup.look` : `admin.setup.do.${step}`)}
      </Button>
      {again && (
        <span className={classes.waiting} role="status">
          <Loader size={18} />
          {t(step === 'trunk' ? 'admin.setup.trunkWaits' : 'admin.setup.telephoneWaits')}
        </span>
      )}
    </div>
  )
}

function Licence({ customer }: { customer: Customer }) {
  const { t } = useTranslation()
  const { account } = useSignedIn()
  const navigate = useNavigate()
  const attempt = useAttempt()
  if (account.role === 'customer') return <p className={classes.told}>{t('admin.setup.askSeller')}</p>
  const bases = account.role === 'provider' ? (['base', 'demo'] as const) : (['base'] as const)
  return (
    <div className={classes.todo}>
      <RefusalAlert refusal={attempt.refusal} />
      {bases.map((base, place) => (
        <Button
          key={base}
          variant={place === 0 ? 'filled' : 'default'}
          loading={attempt.busy}
          onClick={() => void attempt.run(() => assignLicence(customer.id, base))}
          data-testid={`setup-${base}`}
        >
          {t('admin.setup.assign', { licence: t(`admin.kind.${base}`) })}
        </Button>
      ))}
      <Button variant="subtle" onClick={() => void navigate(`/admin/customers/${customer.id}/licences`)}>
        {t('admin.setup.otherLicence')}
      </Button>
    </div>
  )
}
