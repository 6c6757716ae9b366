import { Checkbox, Stack, Switch } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { useSignedIn } from '@/app/services'

import { givable, type Right } from './rights'

interface Props {
  /** Null for all rights of the role. */
  value: readonly Right[] | null
  onChange: (rights: Right[] | null) => void
  error: string | undefined
}

/** What staff may: everything of its role, or some of it. Nobody gives what he does not have. */
export function RightsField({ value, onChange, error }: Props) {
  const { t } = useTranslation()
  const own = useSignedIn().account.rights
  const shown = givable(own)
  return (
    <Stack gap="sm">
      {own === null && (
        <Switch
          label={t('admin.accounts.allRights')}
          description={t('admin.accounts.rightsHint')}
          checked={value === null}
          onChange={(event) => onChange(event.currentTarget.checked ? null : [])}
          data-testid="rights-all"
        />
      )}
      {value !== null && (
        <Checkbox.Group
          label={t('admin.accounts.rights')}
          value={[...value]}
          onChange={(chosen) => onChange(shown.filter((right) => chosen.includes(right)))}
          error={error}
          data-testid="rights"
        >
          <Stack gap="sm" mt="xs">
            {shown.map((right) => (
              <Checkbox
                key={right}
                value={right}
                label={t(`admin.accounts.right.${right}`)}
                description={t(`admin.accounts.rightHint.${right}`)}
                data-testid={`right-${right}`}
              />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
    </Stack>
  )
}
