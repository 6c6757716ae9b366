import { TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

interface Props {
  value: string
  onChange: (login: string) => void
  testId: string
}

/** Who signs in: the name that browsers and password managers fill in. */
export function LoginField({ value, onChange, testId }: Props) {
  const { t } = useTranslation()
  return (
    <TextInput
      label={t('session.login')}
      name="username"
      autoComplete="username"
      autoCapitalize="none"
      spellCheck={false}
      size="md"
      autoFocus
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data-testid={testId}
    />
  )
}
