import { Button, Skeleton, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconHash, IconPencil } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { components } from '@/shared/api/schema'

import { Action } from '../Action'
import classes from '../admin.module.css'
import { FormDialog, useAttempt } from '../FormDialog'
import { Pill, RowText } from '../Listing'
import { put, read } from '../requests'
import { withOthers } from './barring'
import { ofKind, type Estate } from './estate'
import { settingsOf } from './model'

type FeatureCode = components['schemas']['FeatureCodeItem']

/** Codes as they are written into one field. */
const codesIn = (text: string) => text.split(/[\s,;]+/).filter((code) => code !== '')

/** What can be dialled for what; a customer may have other codes than the standard ones. */
export function FeatureCodes({ estate, customerId }: { estate: Estate; customerId: string }) {
  const { t, i18n } = useTranslation()
  const features = useQuery({
    queryKey: ['admin', '/feature-codes'],
    queryFn: ({ signal }) => read<{ items: FeatureCode[] }>('/feature-codes', signal),
    staleTime: Infinity,
  })
  const [all, setAll] = useState(false)
  const [changed, setChanged] = useState<FeatureCode | null>(null)
  const [service] = ofKind(estate.services, 'codes')
  const changes = service ? settingsOf('codes', service).changes : {}
  const title = t('admin.services.kind.codes')
  const items = features.data?.items ?? []
  const shown = all ? items : items.filter((feature) => feature.id in changes)
  return (
    <section className={classes.services} aria-label={title} data-testid="services-codes">
      <header className={classes.servicesHead}>
        <h2>{title}</h2>
        <Button variant="light" radius="xl" onClick={() => setAll(!all)} aria-expanded={all} data-testid="codes-all">
          {t(all ? 'admin.codes.changedOnly' : 'admin.codes.all')}
        </Button>
      </header>
      {features.isPending && <Skeleton height={68} radius="lg" />}
      {features.isSuccess && shown.length === 0 && <p className={classes.servicesHint}>{t('admin.codes.standard')}</p>}
      {shown.length > 0 && (
        <ul className={`quiet-list ${classes.rows ?? ''}`}>
          {shown.map((feature) => (
            <li key={feature.id} className={classes.row} data-testid="code-row" data-feature={feature.id}>
              <IconHash aria-hidden />
              <RowText
                title={feature.name[i18n.language] ?? feature.id}
                badge={feature.id in changes && <Pill tone="accent">{t('admin.codes.changed')}</Pill>}
              >
                <span className="numeric">{(changes[feature.id] ?? feature.codes).join('  ') || t('admin.codes.none')}</span>
              </RowText>
              <Action
                label={t('admin.services.change', { name: feature.name[i18n.language] ?? feature.id })}
                onClick={() => setChanged(feature)}
                testId="admin-change"
              >
                <IconPencil size={20} />
              </Action>
            </li>
          ))}
        </ul>
      )}
      {changed && <CodesDialog feature={changed} estate={estate} customerId={customerId} onClose={() => setChanged(null)} />}
    </section>
  )
}

interface DialogProps {
  feature: FeatureCode
  estate: Estate
  customerId: string
  onClose: () => void
}

function CodesDialog({ feature, estate, customerId, onClose }: DialogProps) {
  const { t, i18n } = useTranslation()
  const attempt = useAttempt()
  const [service] = ofKind(estate.services, 'codes')
  const [id] = useState(() => service?.id ?? crypto.randomUUID())
  const changes = service ? settingsOf('codes', service).changes : {}
  const [text, setText] = useState((changes[feature.id] ?? feature.codes).join(' '))
  const codes = codesIn(text)
  const standard = codes.join(' ') === feature.codes.join(' ')
  const others = withOthers(changes, feature.id)
  const settings = { changes: standard ? others : { ...others, [feature.id]: codes } }
  const send = async () => {
    const body = { customer_id: customerId, kind: 'codes', settings }
    if (await attempt.run(() => put(`/services/${id}`, service?.version ?? null, body))) onClose()
  }
  return (
    <FormDialog
      title={feature.name[i18n.language] ?? feature.id}
      submit={t('admin.save')}
      attempt={attempt}
      shown={['settings']}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <TextInput
        label={t('admin.codes.codes')}
        description={t('admin.codes.hint')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={attempt.refusal?.fields.settings}
        data-autofocus
        data-testid="field-codes"
      />
      <Button variant="subtle" disabled={standard} onClick={() => setText(feature.codes.join(' '))}>
        {t('admin.codes.back', { codes: feature.codes.join('  ') })}
      </Button>
    </FormDialog>
  )
}
