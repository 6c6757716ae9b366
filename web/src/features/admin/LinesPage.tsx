import { Button } from '@mantine/core'
import { IconPencil, IconPlugConnected, IconPlus, IconStethoscope, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { formatNumber } from '@/shared/number'
import { Page } from '@/shared/ui/Page'

import { Action } from './Action'
import classes from './admin.module.css'
import { ConfirmDialog } from './FormDialog'
import { NumbersDialog, TrunkDialog, type Block } from './LineDialogs'
import { Listing, Pill, RowText, SearchField, useSearch } from './Listing'
import { remove, type Trunk } from './requests'
import { TrunkTestDialog } from './TrunkTestDialog'
import { useList } from './useList'

export const TRUNK_TONES = { registered: 'good', reachable: 'good', failed: 'bad', unreachable: 'bad', unknown: 'plain' } as const

type Open =
  | { what: 'change'; trunk: Trunk | null }
  | { what: 'delete' | 'test'; trunk: Trunk }
  | { what: 'numbers'; trunk: Trunk; block: Block | null }
  | { what: 'deleteNumbers'; block: Block }
  | null

/** Trunks and the numbers that come over them, and how they are. */
export function LinesPage({ customerId }: { customerId: string }) {
  const { t } = useTranslation()
  const search = useSearch()
  const list = useList<Trunk>('/trunks', { customer_id: customerId, query: search.wanted })
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  return (
    <Page
      title={t('admin.lines.title')}
      aside={
        <div className={classes.tools}>
          <SearchField label={t('admin.lines.search')} text={search.text} onText={search.setText} />
          <Button
            radius="xl"
            size="md"
            leftSection={<IconPlus size={18} />}
            onClick={() => setOpen({ what: 'change', trunk: null })}
            data-testid="admin-create"
          >
            {t('admin.lines.create')}
          </Button>
        </div>
      }
    >
      <Listing
        list={list}
        name={t('admin.lines.title')}
        id={(trunk) => trunk.id}
        empty={search.wanted === '' ? t('admin.lines.empty') : t('admin.nothing')}
        row={(trunk) => <TrunkRow trunk={trunk} onOpen={setOpen} />}
      />
      {open?.what === 'change' && <TrunkDialog trunk={open.trunk} customerId={customerId} onClose={close} />}
      {open?.what === 'numbers' && <NumbersDialog trunk={open.trunk} block={open.block} onClose={close} />}
      {open?.what === 'test' && <TrunkTestDialog trunk={open.trunk} onClose={close} />}
      {open?.what === 'delete' && (
        <ConfirmDialog
          title={t('admin.lines.delete', { name: open.trunk.name })}
          text={t('admin.lines.deleteText')}
          confirm={t('admin.delete')}
          action={() => remove(`/trunks/${open.trunk.id}`, open.trunk.version)}
          onClose={close}
        />
      )}
      {open?.what === 'deleteNumbers' && (
        <ConfirmDialog
          title={t('admin.lines.deleteNumbers', { number: formatNumber(open.block.head) })}
          text={t('admin.lines.deleteNumbersText')}
          confirm={t('admin.delete')}
          action={() => remove(`/numbers/${open.block.id}`, open.block.version)}
          onClose={close}
        />
      )}
    </Page>
  )
}

function TrunkRow({ trunk, onOpen }: { trunk: Trunk; onOpen: (open: Open) => void }) {
  const { t } = useTranslation()
  const { name } = trunk
  return (
    <>
      <IconPlugConnected aria-hidden />
      <RowText title={name} badge={<Pill tone={TRUNK_TONES[trunk.state]}>{t(`admin.lines.state.${trunk.state}`)}</Pill>}>
        <span>
          {trunk.host}:{trunk.port} · {trunk.transport.toLocaleUpperCase()}
        </span>
        {trunk.detail !== '' && trunk.state !== 'registered' && <span>{trunk.detail}</span>}
        <span className={classes.blocks}>
          {trunk.numbers.length === 0 && <span>{t('admin.lines.noNumbers')}</span>}
          {trunk.numbers.map((block) => (
            <Numbers key={block.id} block={block} trunk={trunk} onOpen={onOpen} />
          ))}
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconPlus size={14} />}
            onClick={() => onOpen({ what: 'numbers', trunk, block: null })}
            data-testid="numbers-create"
          >
            {t('admin.lines.addNumbersShort')}
          </Button>
        </span>
      </RowText>
      <span className={classes.actions}>
        <Action label={t('admin.trunkTest.title', { name })} onClick={() => onOpen({ what: 'test', trunk })} testId="trunk-open">
          <IconStethoscope size={20} />
        </Action>
        <Action label={t('admin.lines.change', { name })} onClick={() => onOpen({ what: 'change', trunk })} testId="admin-change">
          <IconPencil size={20} />
        </Action>
        <Action label={t('admin.lines.delete', { name })} onClick={() => onOpen({ what: 'delete', trunk })} testId="admin-delete">
          <IconTrash size={20} />
        </Action>
      </span>
    </>
  )
}

function Numbers({ block, trunk, onOpen }: { block: Block; trunk: Trunk; onOpen: (open: Open) => void }) {
  const { t } = useTranslation()
  const number = formatNumber(block.head)
  return (
    <span className={classes.block} data-testid="number-block">
      <span className="numeric">
        {number}
        {block.extension_digits > 0 && ` ${t('admin.lines.digits', { count: block.extension_digits })}`}
      </span>
      <Action label={t('admin.lines.changeNumbers', { number })} onClick={() => onOpen({ what: 'numbers', trunk, block })} testId="numbers-change">
        <IconPencil size={16} />
      </Action>
      <Action label={t('admin.lines.deleteNumbers', { number })} onClick={() => onOpen({ what: 'deleteNumbers', block })} testId="numbers-delete">
        <IconTrash size={16} />
      </Action>
    </span>
  )
}
