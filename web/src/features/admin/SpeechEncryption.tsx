import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import type { Srtp } from './requests'

const VALUES = ['accept', 'prefer', 'require'] as const

interface Props {
  /** What it is said of: they differ in what happens without keys. */
  of: 'telephone' | 'line'
  value: Srtp
  onChange: (value: Srtp) => void
  error: string | undefined
}

/** Whether speech is encrypted (SRTP) on the way to a telephone or a provider. */
export function SpeechEncryption({ of, value, onChange, error }: Props) {
  const { t } = useTranslation()
  return (
    <NativeSelect
      label={t('admin.srtp.label')}
      description={t(`admin.srtp.hint.${of}`)}
      data={VALUES.map((one) => ({ value: one, label: t(`admin.srtp.values.${one}`) }))}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value as Srtp)}
      error={error}
      data-testid="field-srtp"
    />
  )
}
