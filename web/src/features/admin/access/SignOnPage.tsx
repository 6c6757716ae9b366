import { Alert, Button, CopyButton, Group, PasswordInput, Skeleton, Switch, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconKey, IconPencil, IconTrash, IconUnlink } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { signOnAddress } from '@/features/session/singleSignOn'
import { request } from '@/shared/api/client'
import { Page } from '@/shared/ui/Page'

import { Action } from '../Action'
import classes from '../admin.module.css'
import { ConfirmDialog, FormDialog, useAttempt } from '../FormDialog'
import { Listing, RowText } from '../Listing'
import { moment } from '../moment'
import { put, read, readOptional, remove, type Customer, type SignOn, type SignOnLink } from '../requests'

const CALLBACK = '/api/v1/session/callback'
type Open = 'change' | 'delete' | SignOnLink | null

/** Where a customer's people sign in for everything else, and here, too. */
export function SignOnPage({ customerId }: { customerId: string }) {
  const { t } = useTranslation()
  const path = `/single-sign-on/${customerId}`
  const setting = useQuery({
    queryKey: ['admin', path],
    queryFn: ({ signal }) => readOptional<SignOn>(path, signal),
  })
  const customer = useQuery({
    queryKey: ['admin', '/customers', customerId],
    queryFn: ({ signal }) => read<Customer>(`/customers/${customerId}`, signal),
  })
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const { data } = setting
  return (
    <Page
      title={t('admin.sign-on.title')}
      aside={
        data && (
          <Group>
            <Button variant="default" leftSection={<IconTrash size={18} />} onClick={() => setOpen('delete')} data-testid="admin-delete">
              {t('admin.sign-on.end')}
            </Button>
            <Button leftSection={<IconPencil size={18} />} onClick={() => setOpen('change')} data-testid="admin-change">
              {t('admin.sign-on.change')}
            </Button>
          </Group>
        )
      }
    >
      {setting.isPending && <Skeleton height={180} radius="lg" />}
      {setting.isError && <Alert color="apricot">{t('admin.failed')}</Alert>}
      {data === null && (
        <>
          <p className={classes.paragraph}>{t('admin.sign-on.hint')}</p>
          <p className={classes.paragraph}>{t('admin.sign-on.register')}</p>
          <Fact name={t('admin.sign-on.callback')} value={window.location.origin + CALLBACK} testId="sign-on-callback" />
          <Button mt="md" leftSection={<IconKey size={18} />} onClick={() => setOpen('change')} data-testid="admin-create">
            {t('admin.sign-on.begin')}
          </Button>
        </>
      )}
      {data && (
        <>
          <dl className={classes.facts} data-testid="sign-on">
            <Line name={t('admin.sign-on.name')} value={data.name} />
            <Line name={t('admin.sign-on.issuer')} value={data.issuer} />
            <Line name={t('admin.sign-on.clientId')} value={data.client_id} />
            <Line name={t('admin.sign-on.callback')} value={data.redirect_uri} copied />
            <Line name={t('admin.sign-on.way')} value={t(data.required ? 'admin.sign-on.onlyThere' : 'admin.sign-on.passwordsToo')} />
            {customer.data && (
              <Line name={t('admin.sign-on.address')} value={window.location.origin + signOnAddress(customer.data.domain)} copied />
            )}
          </dl>
          <Links path={path} onUnlink={setOpen} />
        </>
      )}
      {open === 'change' && <SignOnDialog path={path} before={data ?? null} onClose={close} />}
      {open === 'delete' && data && (
        <ConfirmDialog
          title={t('admin.sign-on.endWhich', { name: data.name })}
          text={t('admin.sign-on.endText')}
          confirm={t('admin.sign-on.end')}
          action={() => remove(path, data.version)}
          onClose={close}
        />
      )}
      {open !== null && typeof open === 'object' && (
        <ConfirmDialog
          title={t('admin.sign-on.unlink', { login: open.login })}
          text={t('admin.sign-on.unlinkText')}
          confirm={t('admin.sign-on.unlinkConfirm')}
          action={() => request<undefined>('DELETE', `${path}/links/${open.account_id}`)}
          onClose={close}
        />
      )}
    </Page>
  )
}

function Line({ name, value, copied = false }: { name: string; value: string; copied?: boolean }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
      <dd>{copied && <Copy name={name} value={value} />}</dd>
    </>
  )
}

function Fact({ name, value, testId }: { name: string; value: string; testId: string }) {
  return (
    <dl className={classes.facts} data-testid={testId}>
      <Line name={name} value={value} copied />
    </dl>
  )
}

function Copy({ name, value }: { name: string; value: string }) {
  const { t } = useTranslation()
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Button variant="subtle" size="compact-md" onClick={copy} aria-label={t('admin.copyWhat', { what: name })}>
          {copied ? t('admin.copied') : t('admin.copy')}
        </Button>
      )}
    </CopyButton>
  )
}

/** Who has signed in there already. */
function Links({ path, onUnlink }: { path: string; onUnlink: (link: SignOnLink) => void }) {
  const { t, i18n } = useTranslation()
  const links = useQuery({
    queryKey: ['admin', path, 'links'],
    queryFn: ({ signal }) => read<{ items: SignOnLink[] }>(`${path}/links`, signal),
  })
  const list = {
    items: links.data?.items ?? [],
    state: links.isPending ? ('loading' as const) : links.isError ? ('failed' as const) : ('ready' as const),
    hasMore: false,
    loadingMore: false,
    more: () => undefined,
    retry: () => void links.refetch(),
  }
  return (
    <>
      <h2 className={classes.heading}>{t('admin.sign-on.links')}</h2>
      <Listing
        list={list}
        name={t('admin.sign-on.links')}
        id={(link) => link.account_id}
        empty={t('admin.sign-on.noLinks')}
        row={(link) => (
          <>
            <IconKey aria-hidden />
            <RowText title={link.login}>
              <span>{link.subject}</span>
              <span>{t('admin.sign-on.used', { date: moment(link.used_at, i18n.language) })}</span>
            </RowText>
            <span className={classes.actions}>
              <Action label={t('admin.sign-on.unlink', { login: link.login })} onClick={() => onUnlink(link)} testId="link-unlink">
                <IconUnlink size={20} />
              </Action>
            </span>
          </>
        )}
      />
    </>
  )
}

function SignOnDialog({ path, before, onClose }: { path: string; before: SignOn | null; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [values, setValues] = useState({
    name: before?.name ?? '',
    issuer: before?.issuer ?? 'https://',
    client_id: before?.client_id ?? '',
    client_secret: '',
    trust_mail: before?.trust_mail ?? false,
    required: before?.required ?? false,
  })
  const change = (part: Partial<typeof values>) => setValues((all) => ({ ...all, ...part }))
  const errors = attempt.refusal?.fields ?? {}
  // Without a secret the one that is there stays; it is never shown.
  const body = { ...values, issuer: values.issuer.trim(), client_secret: values.client_secret || null }
  const send = async () => {
    if (await attempt.run(() => put(path, before?.version ?? null, body))) onClose()
  }
  return (
    <FormDialog
      title={t('admin.sign-on.title')}
      submit={t('admin.save')}
      attempt={attempt}
      shown={['name', 'issuer', 'client_id', 'client_secret', 'trust_mail', 'required']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        label={t('admin.sign-on.name')}
        description={t('admin.sign-on.nameHint')}
        value={values.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
        error={errors.name}
        data-autofocus
        data-testid="field-name"
      />
      <TextInput
        type="url"
        label={t('admin.sign-on.issuer')}
        description={t('admin.sign-on.issuerHint')}
        value={values.issuer}
        onChange={(event) => change({ issuer: event.currentTarget.value })}
        error={errors.issuer}
        data-testid="field-issuer"
      />
      <TextInput
        label={t('admin.sign-on.clientId')}
        value={values.client_id}
        onChange={(event) => change({ client_id: event.currentTarget.value })}
        error={errors.client_id}
        autoComplete="off"
        data-testid="field-client"
      />
      <PasswordInput
        label={t('admin.sign-on.secret')}
        description={before ? t('admin.sign-on.secretStays') : t('admin.sign-on.secretHint')}
        value={values.client_secret}
        onChange={(event) => change({ client_secret: event.currentTarget.value })}
        error={errors.client_secret}
        autoComplete="off"
        data-testid="field-secret"
      />
      <Switch
        label={t('admin.sign-on.trustMail')}
        description={t('admin.sign-on.trustMailHint')}
        checked={values.trust_mail}
        onChange={(event) => change({ trust_mail: event.currentTarget.checked })}
        data-testid="field-trust"
      />
      {before && (
        <Switch
          label={t('admin.sign-on.required')}
          description={t('admin.sign-on.requiredHint')}
          checked={values.required}
          onChange={(event) => change({ required: event.currentTarget.checked })}
          error={errors.required}
          data-testid="field-required"
        />
      )}
    </FormDialog>
  )
}
