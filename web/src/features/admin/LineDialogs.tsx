import { NativeSelect, NumberInput, PasswordInput, SimpleGrid, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { FormDialog, useAttempt } from './FormDialog'
import { bareNumber } from './numbers'
import { put, type Trunk, type TrunkBody } from './requests'
import { SpeechEncryption } from './SpeechEncryption'

export type Block = Trunk['numbers'][number]

const STANDARD_PORT = { udp: 5060, tcp: 5060, tls: 5061 } as const

/** How the provider of the numbers is reached; its password is never shown. */
export function TrunkDialog({ trunk, customerId, onClose }: { trunk: Trunk | null; customerId: string; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [id] = useState(() => trunk?.id ?? crypto.randomUUID())
  const [values, setValues] = useState({
    name: trunk?.name ?? '',
    kind: trunk?.kind ?? 'register',
    host: trunk?.host ?? '',
    port: trunk?.port ?? STANDARD_PORT.udp,
    transport: trunk?.transport ?? 'udp',
    srtp: trunk?.srtp ?? 'accept',
    username: trunk?.username ?? '',
    password: '',
    realm: trunk?.realm ?? '',
  })
  const change = (part: Partial<typeof values>) => setValues((before) => ({ ...before, ...part }))
  const errors = attempt.refusal?.fields ?? {}
  const body: TrunkBody = {
    ...values,
    customer_id: customerId,
    password: values.password === '' ? null : values.password,
    realm: values.realm.trim() || null,
    expires: trunk?.expires ?? 600,
  }
  const send = async () => {
    if (await attempt.run(() => put(`/trunks/${id}`, trunk?.version ?? null, body))) onClose()
  }
  return (
    <FormDialog
      title={trunk ? t('admin.lines.change', { name: trunk.name }) : t('admin.lines.create')}
      submit={trunk ? t('admin.save') : t('admin.create')}
      attempt={attempt}
      shown={['name', 'kind', 'host', 'port', 'transport', 'srtp', 'username', 'password', 'realm']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        label={t('admin.lines.name')}
        value={values.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
        error={errors.name}
        data-autofocus
        data-testid="field-name"
      />
      <TextInput
        label={t('admin.lines.host')}
        value={values.host}
        autoCapitalize="none"
        onChange={(event) => change({ host: event.currentTarget.value.trim() })}
        error={errors.host}
        data-testid="field-host"
      />
      <SimpleGrid cols={2}>
        <NativeSelect
          label={t('admin.lines.transport')}
          data={(['udp', 'tcp', 'tls'] as const).map((value) => ({ value, label: value.toLocaleUpperCase() }))}
          value={values.transport}
          onChange={(event) => {
            const transport = event.currentTarget.value as keyof typeof STANDARD_PORT
            // A port that nobody chose follows the transport.
            const port = values.port === STANDARD_PORT[values.transport] ? STANDARD_PORT[transport] : values.port
            change({ transport, port })
          }}
          error={errors.transport}
          data-testid="field-transport"
        />
        <NumberInput
          label={t('admin.lines.port')}
          min={1}
          max={65535}
          allowDecimal={false}
          hideControls
          value={values.port}
          onChange={(port) => change({ port: Number(port) })}
          error={errors.port}
          data-testid="field-port"
        />
      </SimpleGrid>
      <SpeechEncryption of="line" value={values.srtp} onChange={(srtp) => change({ srtp })} error={errors.srtp} />
      <NativeSelect
        label={t('admin.lines.kind')}
        data={(['register', 'static'] as const).map((value) => ({ value, label: t(`admin.lines.kinds.${value}`) }))}
        value={values.kind}
        onChange={(event) => change({ kind: event.currentTarget.value as Trunk['kind'] })}
        error={errors.kind}
        data-testid="field-kind"
      />
      {values.kind === 'register' && (
        <>
          <TextInput
            label={t('admin.lines.username')}
            autoComplete="off"
            autoCapitalize="none"
            value={values.username}
            onChange={(event) => change({ username: event.currentTarget.value })}
            error={errors.username}
            data-testid="field-username"
          />
          <PasswordInput
            label={t('admin.lines.password')}
            {...(trunk ? { description: t('admin.lines.passwordKept') } : {})}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-label': t('admin.lines.showPassword') }}
            value={values.password}
            onChange={(event) => change({ password: event.currentTarget.value })}
            error={errors.password}
            data-testid="field-password"
          />
          <TextInput
            label={t('admin.lines.realm')}
            description={t('admin.lines.realmHint')}
            value={values.realm}
            onChange={(event) => change({ realm: event.currentTarget.value })}
            error={errors.realm}
            data-testid="field-realm"
          />
        </>
      )}
    </FormDialog>
  )
}

/** A head number and how many digits follow it. */
export function NumbersDialog({ trunk, block, onClose }: { trunk: Trunk; block: Block | null; onClose: () => void }) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const [id] = useState(() => block?.id ?? crypto.randomUUID())
  const [head, setHead] = useState(block?.head ?? '')
  const [digits, setDigits] = useState(block?.extension_digits ?? 2)
  const errors = attempt.refusal?.fields ?? {}
  const send = async () => {
    const body = { trunk_id: trunk.id, head: bareNumber(head), extension_digits: digits }
    if (await attempt.run(() => put(`/numbers/${id}`, block?.version ?? null, body))) onClose()
  }
  return (
    <FormDialog
      title={block ? t('admin.lines.changeNumbers', { number: block.head }) : t('admin.lines.addNumbers', { name: trunk.name })}
      submit={block ? t('admin.save') : t('admin.create')}
      attempt={attempt}
      shown={['head', 'extension_digits']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        label={t('admin.lines.head')}
        description={t('admin.lines.headHint')}
        inputMode="tel"
        value={head}
        onChange={(event) => setHead(event.currentTarget.value)}
        error={errors.head}
        data-autofocus
        data-testid="field-head"
      />
      <NumberInput
        label={t('admin.lines.digitsLabel')}
        description={t('admin.lines.digitsHint')}
        min={0}
        max={6}
        allowDecimal={false}
        value={digits}
        onChange={(value) => setDigits(Number(value))}
        error={errors.extension_digits}
        data-testid="field-digits"
      />
    </FormDialog>
  )
}
