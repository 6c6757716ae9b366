import { Button, Stack } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import classes from '../admin.module.css'
import { Action } from '../Action'
import type { DestinationGroup } from './estate'
import { DestinationInput } from './fields'

export const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '*', '#'] as const

interface Props<V> {
  /** By telephone key. */
  values: Readonly<Record<string, V>>
  onValues: (values: Record<string, V>) => void
  fresh: () => V
  row: (key: string, value: V, change: (value: V) => void) => ReactNode
}

interface DestinationsProps {
  values: Readonly<Record<string, string>>
  onValues: (values: Record<string, string>) => void
  fresh: () => string
  destinations: readonly DestinationGroup[]
  error: (key: string) => string | undefined
}

/** What keys of a telephone do, one row a key, in the order of the keypad. */
export function KeyTable<V>({ values, onValues, fresh, row }: Props<V>) {
  const { t } = useTranslation()
  const used = KEYS.filter((key) => key in values)
  const free = KEYS.filter((key) => !(key in values))
  const without = (key: string) => Object.fromEntries(Object.entries(values).filter(([other]) => other !== key))
  const [next] = free
  return (
    <Stack gap="sm">
      {used.map((key) => (
        <div key={key} className={classes.keyRow} data-testid="key-row" data-key={key}>
          <kbd className={classes.key}>{key}</kbd>
          <div className={classes.keyFields}>
            {row(key, values[key] as V, (value) => onValues({ ...values, [key]: value }))}
          </div>
          <Action label={t('admin.keys.remove', { key })} onClick={() => onValues(without(key))} testId="key-remove">
            <IconX size={20} />
          </Action>
        </div>
      ))}
      {next !== undefined && (
        <div className={classes.freeKeys} role="group" aria-label={t('admin.keys.add')}>
          <span>{t('admin.keys.add')}</span>
          {free.map((key) => (
            <Button
              key={key}
              size="compact-md"
              variant="default"
              aria-label={t('admin.keys.addKey', { key })}
              onClick={() => onValues({ ...values, [key]: fresh() })}
              data-testid={`key-add-${key}`}
            >
              {key}
            </Button>
          ))}
        </div>
      )}
    </Stack>
  )
}

/** Keys that lead to destinations. */
export function KeyRows({ values, onValues, fresh, destinations, error }: DestinationsProps) {
  const { t } = useTranslation()
  return (
    <KeyTable
      values={values}
      onValues={onValues}
      fresh={fresh}
      row={(key, value, change) => (
        <DestinationInput
          label={t('admin.keys.leadsTo', { key })}
          hideLabel
          value={value}
          groups={destinations}
          onValue={(to) => change(to ?? '')}
          error={error(key)}
          testId="key-destination"
        />
      )}
    />
  )
}
