import { Button, FileInput, Group, Table } from '@mantine/core'
import { IconDownload, IconFileTypeCsv } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { request } from '@/shared/api/client'
import { spoken } from '@/shared/api/sentences'

import classes from './admin.module.css'
import { FormDialog, useAttempt } from './FormDialog'
import { EXAMPLE, sorted, sums, textOf } from './imports'
import { Pill } from './Listing'
import type { ImportResult } from './requests'

const TONES = { create: 'good', change: 'accent', keep: 'plain', refuse: 'bad' } as const

/** Many users at once: a file is chosen, what would happen is shown, then it happens, or nothing of it. */
export function ImportDialog({ customerId, onClose }: { customerId: string; onClose: () => void }) {
  const { t } = useTranslation()
  const preview = useAttempt()
  const apply = useAttempt()
  const [file, setFile] = useState<File | null>(null)
  const [csv, setCsv] = useState('')
  const [result, setResult] = useState<ImportResult | null>(null)
  const send = (text: string, really: boolean) =>
    request<ImportResult>('POST', `/customers/${customerId}/user-import`, { csv: text, apply: really })
  const look = async (chosen: File | null) => {
    setFile(chosen)
    setResult(null)
    if (!chosen) return
    const text = textOf(await chosen.arrayBuffer())
    setCsv(text)
    await preview.run(async () => setResult(await send(text, false)))
  }
  const go = async () => {
    const done = await apply.run(async () => {
      const answer = await send(csv, true)
      if (!answer.applied) setResult(answer)
      else onClose()
    })
    // What was shown may have become wrong meanwhile: it is looked at anew.
    if (!done && file) await look(file)
  }
  const counted = result && sums(result)
  const changes = counted ? counted.create + counted.change : 0
  return (
    <FormDialog
      title={t('admin.import.title')}
      submit={changes > 0 ? t('admin.import.apply', { count: changes }) : t('admin.import.button')}
      attempt={{ ...apply, refusal: apply.refusal ?? preview.refusal, blocked: changes === 0 || (counted?.refuse ?? 0) > 0 }}
      shown={['csv']}
      onSubmit={() => void go()}
      onClose={onClose}
      wide
    >
      <FileInput
        label={t('admin.import.file')}
        description={t('admin.import.hint')}
        placeholder={t('admin.import.choose')}
        accept=".csv,.txt,text/csv,text/plain"
        leftSection={<IconFileTypeCsv size={18} />}
        value={file}
        onChange={(chosen) => void look(chosen)}
        error={preview.refusal?.fields.csv}
        clearable
        clearButtonProps={{ 'aria-label': t('admin.services.removeAll') }}
        data-testid="import-file"
      />
      <Group>
        <Button
          component="a"
          variant="subtle"
          size="compact-md"
          leftSection={<IconDownload size={16} />}
          href={`data:text/csv;charset=utf-8,${encodeURIComponent(EXAMPLE)}`}
          download="users.csv"
        >
          {t('admin.import.example')}
        </Button>
      </Group>
      {result && counted && (
        <section aria-label={t('admin.import.would')} aria-live="polite" data-testid="import-preview" data-refused={counted.refuse}>
          <p className={classes.sums}>
            {counted.refuse > 0 && <strong>{t('admin.import.refused', { count: counted.refuse })}</strong>}
            {counted.refuse === 0 && changes === 0 && t('admin.import.nothing')}
            {counted.refuse === 0 &&
              changes > 0 &&
              (['create', 'change', 'keep'] as const)
                .filter((action) => counted[action] > 0)
                .map((action) => t(`admin.import.sum.${action}`, { count: counted[action] }))
                .join(' · ')}
          </p>
          <Table.ScrollContainer minWidth={0} maxHeight={360}>
            <Table verticalSpacing="xs">
              <Table.Tbody>
                {sorted(result).map((one) => (
                  <Table.Tr key={one.line} data-testid="import-line" data-action={one.action}>
                    <Table.Td>{t('admin.import.line', { line: one.line })}</Table.Td>
                    <Table.Td className="numeric">{one.extension}</Table.Td>
                    <Table.Td>
                      <Pill tone={TONES[one.action]}>{t(`admin.import.action.${one.action}`)}</Pill>
                    </Table.Td>
                    <Table.Td>{one.message !== null && `${one.field === null ? '' : `${one.field}: `}${spoken({ ...one, message: one.message })}`}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </section>
      )}
    </FormDialog>
  )
}
