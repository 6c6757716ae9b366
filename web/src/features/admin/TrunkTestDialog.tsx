import { Alert, Button, Group, Loader, Modal, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { IconAlertTriangle, IconCheck, IconInfoCircle, IconMinus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { request } from '@/shared/api/client'

import classes from './admin.module.css'
import { RefusalAlert, useAttempt } from './FormDialog'
import { moment } from './moment'
import { read, type Trunk, type TrunkHealth, type TrunkTest } from './requests'

const ICONS = { passed: <IconCheck aria-hidden />, failed: <IconAlertTriangle aria-hidden />, noted: <IconInfoCircle aria-hidden />, skipped: <IconMinus aria-hidden /> }

/** How a trunk is, and what calling oneself over it finds: every step in words. */
export function TrunkTestDialog({ trunk, onClose }: { trunk: Trunk; onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const attempt = useAttempt()
  const health = useQuery({
    queryKey: ['admin', '/trunks', trunk.id, 'health'],
    queryFn: ({ signal }) => read<TrunkHealth>(`/trunks/${trunk.id}/health`, signal),
  })
  const [found, setFound] = useState<TrunkTest | null>(null)
  const report = found ?? health.data?.last_test ?? null
  const provider = health.data?.provider ?? null
  const test = () => attempt.run(async () => setFound(await request<TrunkTest>('POST', `/trunks/${trunk.id}/test`)))
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('admin.trunkTest.title', { name: trunk.name })}
      closeButtonProps={{ 'aria-label': t('admin.close') }}
      size="lg"
      centered
    >
      <Stack data-testid="trunk-test" data-passed={report?.passed ?? 'unknown'}>
        <RefusalAlert refusal={attempt.refusal} />
        {provider && (
          <p className={classes.servicesHint}>
            {t(`admin.trunkTest.provider.${provider.state}`)}
            {provider.round_trip_ms !== null && ` · ${t('admin.trunkTest.roundTrip', { milliseconds: Math.round(provider.round_trip_ms) })}`}
          </p>
        )}
        {report && (
          <Alert color={report.passed ? 'petrol' : 'apricot'} title={t(report.passed ? 'admin.trunkTest.passed' : 'admin.trunkTest.failed')}>
            {moment(report.at, i18n.language)}
          </Alert>
        )}
        {report && (
          <ul className={`quiet-list ${classes.rows ?? ''}`}>
            {report.steps.map((step) => (
              <li key={step.id} className={classes.row} data-testid="trunk-step" data-result={step.result}>
                {ICONS[step.result]}
                <span className={classes.main}>
                  <span className={classes.unseen}>{t(`admin.trunkTest.result.${step.result}`)}</span>
                  {step.words}
                </span>
              </li>
            ))}
          </ul>
        )}
        {!report && !attempt.busy && <p className={classes.servicesHint}>{t('admin.trunkTest.about')}</p>}
        {attempt.busy && (
          <Group role="status">
            <Loader size={18} />
            {t('admin.trunkTest.running')}
          </Group>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-testid="admin-cancel">
            {t('admin.close')}
          </Button>
          <Button onClick={() => void test()} loading={attempt.busy} data-testid="trunk-test-run">
            {t('admin.trunkTest.run')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
