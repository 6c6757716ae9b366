import { Alert, Button, Group, Modal, Stack } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { refusalOf, unshown, type Refusal } from './refusal'

const NARROW = '(max-width: 760px)'

export interface Attempt {
  busy: boolean
  refusal: Refusal | null
  run: (action: () => Promise<unknown>) => Promise<boolean>
  /** There is nothing to send yet. */
  blocked?: boolean
}

/** Something asked of the server that may be refused; lists are read anew when it was done, or was stale. */
export function useAttempt(): Attempt {
  const client = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const run = async (action: () => Promise<unknown>) => {
    setBusy(true)
    setRefusal(null)
    try {
      await action()
      void client.invalidateQueries({ queryKey: ['admin'] })
      return true
    } catch (error) {
      const refused = refusalOf(error)
      if (refused.kind === 'stale') void client.invalidateQueries({ queryKey: ['admin'] })
      setRefusal(refused)
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, refusal, run }
}

/** Why it did not work, in words; what belongs to a field of the form stands there instead. */
export function RefusalAlert({ refusal, shown = [] }: { refusal: Refusal | null; shown?: readonly string[] }) {
  const { t } = useTranslation()
  if (!refusal) return null
  const others = unshown(refusal, shown)
  if (refusal.kind === 'fields' && others.length === 0) return null
  const kind = refusal.kind === 'fields' ? 'refused' : refusal.kind
  return (
    <Alert color="apricot" title={t(`admin.refusal.${kind}`)} role="alert" data-testid="admin-refusal" data-kind={kind}>
      {others.length > 0 ? others.join(' ') : (refusal.detail ?? t(`admin.refusal.${kind}Help`))}
    </Alert>
  )
}

interface FormProps {
  title: string
  submit: string
  attempt: Attempt
  shown: readonly string[]
  onSubmit: () => void
  onClose: () => void
  children: ReactNode
  /** For forms with much in them: more room, and all of a small screen. */
  wide?: boolean
}

/** A form in a dialog. After a conflict nothing can be sent any more: what is shown is not what is there. */
export function FormDialog({ title, submit, attempt, shown, onSubmit, onClose, children, wide = false }: FormProps) {
  const { t } = useTranslation()
  const narrow = useMediaQuery(NARROW, window.matchMedia(NARROW).matches)
  const stale = attempt.refusal?.kind === 'stale'
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      closeButtonProps={{ 'aria-label': t('admin.close') }}
      centered
      size={wide ? 'xl' : 'md'}
      fullScreen={wide && narrow}
    >
      <form
        data-testid="admin-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          onSubmit()
        }}
      >
        <Stack>
          <RefusalAlert refusal={attempt.refusal} shown={shown} />
          {children}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} data-testid="admin-cancel">
              {stale ? t('admin.close') : t('admin.cancel')}
            </Button>
            <Button type="submit" loading={attempt.busy} disabled={stale || attempt.blocked === true} data-testid="admin-submit">
              {submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

interface ConfirmProps {
  title: string
  text: string
  confirm: string
  action: () => Promise<unknown>
  onClose: () => void
}

/** The question before something that cannot be taken back. */
export function ConfirmDialog({ title, text, confirm, action, onClose }: ConfirmProps) {
  const { t } = useTranslation()
  const attempt = useAttempt()
  const go = async () => {
    if (await attempt.run(action)) onClose()
  }
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('admin.close') }} centered>
      <Stack data-testid="admin-confirm-dialog">
        <RefusalAlert refusal={attempt.refusal} />
        <span>{text}</span>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('admin.cancel')}
          </Button>
          <Button
            color="red.9"
            loading={attempt.busy}
            disabled={attempt.refusal?.kind === 'stale'}
            onClick={() => void go()}
            data-testid="admin-confirm"
          >
            {confirm}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
