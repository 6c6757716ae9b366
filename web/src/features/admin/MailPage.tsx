import { Alert, Button, Group, NativeSelect, NumberInput, PasswordInput, SimpleGrid, Skeleton, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconMail, IconMailOff, IconPencil, IconSend } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { request } from '@/shared/api/client'
import { Page } from '@/shared/ui/Page'

import classes from './admin.module.css'
import { FormDialog, useAttempt } from './FormDialog'
import { Listing, Pill, RowText } from './Listing'
import { moment } from './moment'
import { put, readOptional, type Letter, type MailServer } from './requests'
import { useWhole } from './useList'

const PATH = '/mail-server'
const STATE_TONES = { waiting: 'accent', sent: 'good', failed: 'bad' } as const

/** How invitations, new passwords and invoices go out, and what became of them. */
export function MailPage() {
  const { t, i18n } = useTranslation()
  const server = useQuery({
    queryKey: ['admin', PATH],
    queryFn: ({ signal }) => readOptional<MailServer>(PATH, signal),
  })
  const letters = useWhole<Letter>('/letters')
  const [open, setOpen] = useState<'change' | 'test' | null>(null)
  const close = () => setOpen(null)
  const { data } = server
  return (
    <Page
      title={t('admin.mail.title')}
      aside={
        <Group>
          {data && (
            <Button variant="default" leftSection={<IconSend size={18} />} onClick={() => setOpen('test')} data-testid="mail-test">
              {t('admin.mail.test')}
            </Button>
          )}
          <Button leftSection={<IconPencil size={18} />} disabled={data === undefined} onClick={() => setOpen('change')} data-testid="admin-change">
            {data === null ? t('admin.mail.begin') : t('admin.mail.change')}
          </Button>
        </Group>
      }
    >
      {server.isPending && <Skeleton height={140} radius="lg" />}
      {server.isError && <Alert color="apricot">{t('admin.failed')}</Alert>}
      {data === null && <Alert color="petrol">{t('admin.mail.none')}</Alert>}
      {data && (
        <dl className={classes.facts} data-testid="mail-server">
          <dt>{t('admin.mail.server')}</dt>
          <dd>{`${data.host}:${data.port}`}</dd>
          <dd>{t(`admin.mail.securities.${data.security}`)}</dd>
          <dt>{t('admin.mail.sender')}</dt>
          <dd>{data.sender}</dd>
          <dd />
          <dt>{t('admin.mail.webAddress')}</dt>
          <dd>{data.web_address}</dd>
          <dd />
        </dl>
      )}
      <h2 className={classes.heading}>{t('admin.mail.letters')}</h2>
      <Listing
        list={letters}
        name={t('admin.mail.letters')}
        id={(letter) => letter.id}
        empty={t('admin.mail.noLetters')}
        row={(letter) => (
          <>
            {letter.state === 'failed' ? <IconMailOff aria-hidden /> : <IconMail aria-hidden />}
            <RowText title={letter.recipient} badge={<Pill tone={STATE_TONES[letter.state]}>{t(`admin.mail.state.${letter.state}`)}</Pill>}>
              <span>{t(`admin.mail.template.${letter.template}`)}</span>
              {letter.invoice !== null && <span className="numeric">{letter.invoice}</span>}
              <time dateTime={letter.created_at}>{moment(letter.created_at, i18n.language)}</time>
              {letter.state === 'waiting' && letter.attempts > 0 && (
                <span>{t('admin.mail.again', { date: moment(letter.due_at, i18n.language) })}</span>
              )}
              {letter.error !== null && <span>{letter.error}</span>}
            </RowText>
          </>
        )}
      />
      {open === 'change' && <ServerDialog before={data ?? null} onClose={close} />}
      {open === 'test' && <TestDialog onClose={close} />}
    </Page>
  )
}

const SECURITIES = ['tls', 'starttls', 'none'] as const
const PORTS: Readonly<Record<MailServer['security'], number>> = { tls: 465, starttls: 587, none: 25 }

function ServerDialog({ before, onClose }: { before: MailServer | null; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [values, setValues] = useState({
    host: before?.host ?? '',
    port: before?.port ?? PORTS.tls,
    security: before?.security ?? 'tls',
    username: before?.username ?? '',
    password: '',
    sender: before?.sender ?? '',
    web_address: before?.web_address ?? window.location.origin,
  })
  const change = (part: Partial<typeof values>) => setValues((all) => ({ ...all, ...part }))
  const errors = attempt.refusal?.fields ?? {}
  // Without a password the one that is there stays; it is never shown.
  const body = { ...values, password: values.password || null }
  const send = async () => {
    if (await attempt.run(() => put(PATH, before?.version ?? null, body))) onClose()
  }
  return (
    <FormDialog
      title={t('admin.mail.server')}
      submit={t('admin.save')}
      attempt={attempt}
      shown={Object.keys(values)}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        label={t('admin.mail.host')}
        value={values.host}
        onChange={(event) => change({ host: event.currentTarget.value })}
        error={errors.host}
        data-autofocus
        data-testid="field-host"
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NativeSelect
          label={t('admin.mail.security')}
          data={SECURITIES.map((value) => ({ value, label: t(`admin.mail.securities.${value}`) }))}
          value={values.security}
          onChange={(event) => {
            const security = event.currentTarget.value as MailServer['security']
            change({ security, port: PORTS[security] })
          }}
          error={errors.security}
          data-testid="field-security"
        />
        <NumberInput
          label={t('admin.mail.port')}
          min={1}
          max={65535}
          allowDecimal={false}
          value={values.port}
          onChange={(port) => change({ port: Number(port) })}
          error={errors.port}
          data-testid="field-port"
        />
        <TextInput
          label={t('admin.mail.username')}
          autoComplete="off"
          value={values.username}
          onChange={(event) => change({ username: event.currentTarget.value })}
          error={errors.username}
          data-testid="field-username"
        />
        <PasswordInput
          label={t('admin.mail.password')}
          {...(before ? { description: t('admin.mail.passwordStays') } : {})}
          autoComplete="new-password"
          value={values.password}
          onChange={(event) => change({ password: event.currentTarget.value })}
          error={errors.password}
          data-testid="field-password"
        />
      </SimpleGrid>
      <TextInput
        type="email"
        label={t('admin.mail.sender')}
        value={values.sender}
        onChange={(event) => change({ sender: event.currentTarget.value })}
        error={errors.sender}
        data-testid="field-sender"
      />
      <TextInput
        type="url"
        label={t('admin.mail.webAddress')}
        description={t('admin.mail.webAddressHint')}
        value={values.web_address}
        onChange={(event) => change({ web_address: event.currentTarget.value })}
        error={errors.web_address}
        data-testid="field-web"
      />
    </FormDialog>
  )
}

function TestDialog({ onClose }: { onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const attempt = useAttempt()
  const [recipient, setRecipient] = useState('')
  const body = { recipient: recipient.trim(), language: i18n.language }
  const send = async () => {
    if (await attempt.run(() => request<undefined>('POST', `${PATH}/test`, body))) onClose()
  }
  return (
    <FormDialog
      title={t('admin.mail.test')}
      submit={t('admin.mail.send')}
      attempt={attempt}
      shown={['recipient']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        type="email"
        label={t('admin.mail.recipient')}
        description={t('admin.mail.testHint')}
        value={recipient}
        onChange={(event) => setRecipient(event.currentTarget.value)}
        error={attempt.refusal?.fields.recipient}
        data-autofocus
        data-testid="field-recipient"
      />
    </FormDialog>
  )
}
