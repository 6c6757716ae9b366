import { ActionIcon, Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'

interface Props {
  label: string
  testId: string
  onClick: () => void
  children: ReactNode
}

/** A button that is only a picture, with its name for everybody who does not know it. */
export function Action({ label, testId, onClick, children }: Props) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" radius="xl" size={40} aria-label={label} onClick={onClick} data-testid={testId}>
        {children}
      </ActionIcon>
    </Tooltip>
  )
}
