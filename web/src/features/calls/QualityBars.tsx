import { Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import type { Quality } from '@/features/softphone/quality'

import classes from './calls.module.css'

const HEIGHTS = [6, 10, 14]
const LIT = { unknown: 0, poor: 1, fair: 2, good: 3 } as const

/** Connection quality as three bars; the figures are in the tooltip. */
export function QualityBars({ quality }: { quality: Quality }) {
  const { t, i18n } = useTranslation()
  const loss = new Intl.NumberFormat(i18n.language, { style: 'percent', maximumFractionDigits: 1 }).format(quality.loss)
  const text = t(`call.quality.${quality.level}`)
  const detail =
    quality.level === 'unknown'
      ? text
      : `${text}: ${t('call.quality.detail', { delay: Math.round(quality.delay), jitter: Math.round(quality.jitter), loss })}`
  return (
    <Tooltip label={detail} multiline maw={260}>
      <span className={classes.quality} role="img" aria-label={detail} data-testid="call-quality" data-level={quality.level}>
        {HEIGHTS.map((height, index) => (
          <span key={height} style={{ height }} data-lit={index < LIT[quality.level] || undefined} />
        ))}
      </span>
    </Tooltip>
  )
}
