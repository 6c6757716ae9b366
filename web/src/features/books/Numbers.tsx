import { Button } from '@mantine/core'
import { IconPhone } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

import { formatNumber } from '@/shared/number'

import type { Entry } from './books'

export type Call = (number: string, name: string) => void

/** The numbers of an entry; where one telephones, each calls. */
export function Numbers({ name, numbers, onCall }: { name: string; numbers: Entry['numbers']; onCall: Call | null }) {
  const { t } = useTranslation()
  return numbers.map(({ number, kind }) => {
    const text = `${t(`books.kind.${kind}`)}: ${formatNumber(number)}`
    return onCall === null ? (
      <span key={number} className="numeric">
        {text}
      </span>
    ) : (
      <Button
        key={number}
        variant="subtle"
        size="compact-sm"
        className="numeric"
        leftSection={<IconPhone size={15} />}
        onClick={() => onCall(number, name)}
        aria-label={t('books.call', { name, number: text })}
        data-testid="entry-call"
      >
        {text}
      </Button>
    )
  })
}
