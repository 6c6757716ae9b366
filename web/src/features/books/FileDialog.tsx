import { FileInput, Switch, Table } from '@mantine/core'
import { IconFileImport } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import classes from '@/features/admin/admin.module.css'
import { FormDialog, useAttempt } from '@/features/admin/FormDialog'
import { address } from '@/features/admin/requests'
import { request } from '@/shared/api/client'
import { formatNumber } from '@/shared/number'

import { formatOf, type ImportResult } from './books'

/** Many entries at once: a file is chosen, what is in it is shown, then it is taken. */
export function FileDialog({ bookId, onClose }: { bookId: string; onClose: () => void }) {
  const { t } = useTranslation()
  const preview = useAttempt()
  const apply = useAttempt()
  const [file, setFile] = useState<File | null>(null)
  const [replace, setReplace] = useState(false)
  const [result, setResult] = useState<ImportResult | null>(null)
  const send = (chosen: File, really: boolean, instead: boolean) => {
    const parameters = { format: formatOf(chosen.name), apply: String(really), replace: String(instead) }
    return request<ImportResult>('POST', address(`/phone-books/${bookId}/import`, parameters), chosen)
  }
  const look = async (chosen: File | null, instead: boolean) => {
    setFile(chosen)
    setReplace(instead)
    setResult(null)
    if (chosen) await preview.run(async () => setResult(await send(chosen, false, instead)))
  }
  const go = async () => {
    if (file && (await apply.run(() => send(file, true, replace)))) onClose()
  }
  const count = result?.new ?? 0
  return (
    <FormDialog
      title={t('books.import.title')}
      submit={count > 0 ? t('books.import.apply', { count }) : t('books.import.button')}
      attempt={{ ...apply, refusal: apply.refusal ?? preview.refusal, blocked: count === 0 }}
      shown={[]}
      onSubmit={() => void go()}
      onClose={onClose}
      wide
    >
      <FileInput
        label={t('books.import.file')}
        description={t('books.import.hint')}
        placeholder={t('admin.import.choose')}
        accept=".csv,.txt,.vcf,.vcard,.ldif,text/csv,text/vcard"
        leftSection={<IconFileImport size={18} />}
        value={file}
        onChange={(chosen) => void look(chosen, replace)}
        data-testid="import-file"
      />
      <Switch
        label={t('books.import.replace')}
        checked={replace}
        onChange={(event) => void look(file, event.currentTarget.checked)}
        data-testid="import-replace"
      />
      {result && (
        <section aria-label={t('books.import.would')} aria-live="polite" data-testid="import-preview" data-new={result.new}>
          <p className={classes.sums}>
            <span>{t('books.import.new', { count: result.new })}</span>
            <span>{t('books.import.known', { count: result.known })}</span>
            {result.problem_count > 0 && <strong>{t('books.import.problems', { count: result.problem_count })}</strong>}
          </p>
          <Table>
            <Table.Tbody>
              {result.sample.map((entry, place) => (
                <Table.Tr key={place}>
                  <Table.Td>{entry.name}</Table.Td>
                  <Table.Td>{entry.company}</Table.Td>
                  <Table.Td className="numeric">{entry.numbers.map(({ number }) => formatNumber(number)).join(', ')}</Table.Td>
                </Table.Tr>
              ))}
              {result.problems.map((problem) => (
                <Table.Tr key={`problem ${problem.line} ${problem.reason}`}>
                  <Table.Td colSpan={3}>{t('books.import.line', { line: problem.line, reason: problem.reason })}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </section>
      )}
    </FormDialog>
  )
}
