import { IconPlugConnected } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

import { formatNumber } from '@/shared/number'
import { Page } from '@/shared/ui/Page'

import { Listing, Pill, RowText, SearchField, useSearch } from './Listing'
import type { Trunk } from './requests'
import { useList } from './useList'

const TONES = { registered: 'good', reachable: 'good', failed: 'bad', unreachable: 'bad', unknown: 'plain' } as const

/** Trunks and the numbers that come over them, and how they are. */
export function LinesPage({ customerId }: { customerId: string }) {
  const { t } = useTranslation()
  const search = useSearch()
  const list = useList<Trunk>('/trunks', { customer_id: customerId, query: search.wanted })
  return (
    <Page
      title={t('admin.lines.title')}
      aside={<SearchField label={t('admin.lines.search')} text={search.text} onText={search.setText} />}
    >
      <Listing
        list={list}
        name={t('admin.lines.title')}
        id={(trunk) => trunk.id}
        empty={search.wanted === '' ? t('admin.lines.empty') : t('admin.nothing')}
        row={(trunk) => (
          <>
            <IconPlugConnected aria-hidden />
            <RowText title={trunk.name} badge={<Pill tone={TONES[trunk.state]}>{t(`admin.lines.state.${trunk.state}`)}</Pill>}>
              <span>
                {trunk.host}:{trunk.port} · {trunk.transport.toLocaleUpperCase()}
              </span>
              {trunk.detail !== '' && trunk.state !== 'registered' && <span>{trunk.detail}</span>}
              {trunk.numbers.length === 0 && <span>{t('admin.lines.noNumbers')}</span>}
              {trunk.numbers.map((block) => (
                <span key={block.id} className="numeric" data-testid="number-block">
                  {formatNumber(block.head)}
                  {block.extension_digits > 0 &&
                    ` ${t('admin.lines.digits', { count: block.extension_digits })}`}
                </span>
              ))}
            </RowText>
          </>
        )}
      />
    </Page>
  )
}
